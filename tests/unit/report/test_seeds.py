"""Arms that differ by their seed are one arm with several runs."""

from dataclasses import replace

import pytest
from result_rows import row_of

from llmx.core.names import families, family
from llmx.core.record import Score
from llmx.core.spec import ArmSpec, SamplerSpec
from llmx.report.build import build
from llmx.report.difference import difference
from llmx.report.gather import ArmFiles, Gathered, TimedBlock, pool, pool_references, pool_specs
from llmx.report.paired_table import paired_table


def score(name, right, tokens=10):
    return Score(
        id=name,
        cluster="",
        expected="1",
        strict="1" if right else "2",
        flexible="1",
        correct=right,
        correct_flexible=right,
        unparsed=False,
        tokens=tokens,
        finish="eos",
        rounds=5,
        drafted=8,
        accepted=6,
    )


def files(rights, seed=0):
    scores = {f"p{i}": score(f"p{i}", right) for i, right in enumerate(rights)}
    return ArmFiles(scores=scores, seed=f"seed={seed}")


SPEC = ArmSpec(sampler=SamplerSpec(algorithm="speculative"))
HERE = {
    "sd@seed=0": files([1, 1, 0, 0] * 10),
    "sd@seed=1": files([1, 0, 0, 0] * 10, seed=1),
    "fsd@seed=0": files([1, 1, 1, 0] * 10),
    "fsd@seed=1": files([1, 1, 0, 0] * 10, seed=1),
}


def test_names():
    assert family("sd@gamma=3@seed=1@top_p=0.9") == "sd@gamma=3@top_p=0.9"
    assert families(HERE) == {
        "sd": ("sd@seed=0", "sd@seed=1"),
        "fsd": ("fsd@seed=0", "fsd@seed=1"),
    }


def test_pooled_rows_count_every_seed_and_pair_by_item_and_seed():
    timed = {"problems": 1, "tokens": 10, "seconds": 2}
    blocks = [TimedBlock(round=seed, arm=f"sd@seed={seed}", **timed) for seed in (0, 1)]
    found = pool(Gathered(HERE, blocks))
    references = pool_references({name: f"sd@{name.partition('@')[2]}" for name in HERE})
    results = build(found, pool_specs(dict.fromkeys(HERE, SPEC)), "sd", "t", references)
    sd, fsd = (row_of(results, arm) for arm in ("sd", "fsd"))
    assert (sd.arm, fsd.arm, sd.seeds, sd.problems) == ("sd", "fsd", 2, 40)
    assert sd.accuracy.estimate == 30 / 80 and fsd.accuracy.estimate == 50 / 80
    assert sd.draft_share == 0.6 and sd.target_rounds == 5
    gap = fsd.difference
    assert (gap.problems, gap.seeds, gap.gained, gap.lost) == (40, 2, 20, 0)
    assert gap.score.estimate == 0.25
    assert sd.tokens_per_second.estimate == pytest.approx(5)
    assert 0 <= sd.accuracy.low <= sd.accuracy.high <= 1


def test_seeds_are_paired_by_their_names_and_one_without_a_partner_is_left_out():
    """Seed 1 gains nothing and seed 2 half: by position seeds 0 and 1 would meet 1 and 2."""
    rights = {0: [0, 0], 1: [1, 0], 2: [0, 0]}
    other = {1: [1, 0], 2: [1, 0]}
    arms = {
        name: replace(ArmFiles(), seeds=tuple(files(right * 10, n) for n, right in of.items()))
        for name, of in (("sd", rights), ("fsd", other))
    }
    table = paired_table(arms["fsd"], arms["sd"])
    assert table.common == ("seed=1", "seed=2")
    assert table.gaps().mean(0) == pytest.approx([0, 0.5])
    assert difference(arms["fsd"], arms["sd"]).score.estimate == 0.25
    swapped = replace(arms["fsd"], seeds=arms["fsd"].seeds[::-1])
    assert (paired_table(arms["sd"], swapped).gaps() == -table.gaps()).all()


def test_a_seed_that_was_not_scored_has_no_partner():
    both = replace(ArmFiles(), seeds=(files([1, 0]), files([1, 0], 1)))
    part = replace(ArmFiles(), seeds=(ArmFiles(seed="seed=0"), files([1, 1], 1)))
    assert paired_table(both, part).common == ("seed=1",)
    assert paired_table(files([1, 0]), files([1, 0], 1)) is None


def test_two_runs_of_one_seed_are_refused():
    twice = replace(ArmFiles(), seeds=(files([1, 0]), files([1, 0])))
    with pytest.raises(ValueError, match="same seed"):
        paired_table(twice, twice)


def test_one_seed_is_left_alone():
    alone = Gathered({"sd": HERE["sd@seed=0"]})
    assert pool(alone).arms["sd"] is alone.arms["sd"]
