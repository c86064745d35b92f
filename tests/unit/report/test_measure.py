"""Rows against figures worked out by hand."""

import pytest
from invented import arm_specs

from llmx.core.record import Record, Score
from llmx.report.build import build
from llmx.report.gather import ArmFiles, Block, Gathered
from llmx.stats import mcnemar_exact, paired_score_interval, wilson


def score(name, right, tokens=20, rounds=8, accepted=12, finish="eos", unparsed=False):
    return Score(
        id=name,
        cluster="",
        expected="1",
        strict=None if unparsed else "1",
        flexible="1",
        correct=right,
        correct_flexible=True,
        unparsed=unparsed,
        tokens=tokens,
        finish=finish,
        rounds=rounds,
        drafted=40,
        accepted=accepted,
    )


def scored(*rights, **counts):
    return ArmFiles(scores={f"p{i}": score(f"p{i}", r, **counts) for i, r in enumerate(rights)})


def blocks(arm, *seconds, tokens=100):
    return [
        Block(round=i, arm=arm, problems=4, tokens=tokens, seconds=s, rounds=9, batch_size=1)
        for i, s in enumerate(seconds)
    ]


def results(arms, timed=(), reference="sd"):
    return build(Gathered(arms, list(timed)), arm_specs(list(arms)), reference, "t")


def test_quality_columns():
    row = results({"sd": scored(True, True, False, True)}).row("sd")
    assert row.accuracy.estimate == 0.75
    assert row.accuracy.low == wilson(3, 4).low
    assert (row.problems, row.accuracy_flexible, row.unparsed_share) == (4, 1.0, 0.0)


def test_length_columns_are_ratios_of_totals():
    row = results({"sd": scored(True, True, tokens=20, rounds=8, accepted=12)}).row("sd")
    assert (row.target_rounds, row.output_tokens) == (8, 20)
    assert (row.accepted_length, row.draft_share) == (1.5, 0.6)


@pytest.mark.parametrize("arm", ["target", "draft"])
def test_arms_that_verify_nothing_have_no_draft_share(arm):
    row = results({arm: scored(True, accepted=0)}).row(arm)
    assert (row.accepted_length, row.draft_share, row.share_missed) == (None, None, False)


def test_cut_and_unparsed_shares():
    arm = scored(True, False, finish="length", unparsed=True)
    row = results({"sd": arm}).row("sd")
    assert (row.cut_share, row.unparsed_share) == (1.0, 1.0)


def test_the_difference_pairs_by_id_and_not_by_order():
    base = scored(True, True, False, False, True)
    arm = ArmFiles(scores=dict(reversed(scored(True, False, True, False, False).scores.items())))
    gap = results({"sd": base, "fsd_60": arm}).row("fsd_60").difference
    assert (gap.gained, gap.lost, gap.problems) == (1, 2, 5)
    assert gap.p_value == mcnemar_exact(1, 2)
    expected = paired_score_interval(1, 2, 5)
    assert (gap.score.low, gap.score.high) == (expected.low, expected.high)


def test_only_common_problems_are_compared():
    found = results({"sd": scored(True, True, True), "fsd_60": scored(True, False)})
    assert found.row("fsd_60").difference.problems == 2


def test_the_reference_has_no_difference_from_itself():
    found = results({"sd": scored(True), "target": scored(True)})
    assert found.row("sd").difference is None
    assert found.row("target").difference.score.estimate == 0


def test_speed_columns_pair_rounds():
    timed = [*blocks("target", 2.0, 4.0), *blocks("sd", 1.0, 2.0)]
    found = results({"target": scored(True), "sd": scored(True)}, timed)
    row = found.row("sd")
    assert row.tokens_per_second.estimate == pytest.approx(200 / 3)
    assert row.problems_per_second.estimate == pytest.approx(8 / 3)
    assert (row.speedup.low, row.speedup.high) == pytest.approx((2, 2))
    assert found.row("target").speedup is None
    assert (found.baseline, found.batch_size, found.speed_rounds) == ("target", 1, 2)


def test_longer_answers_slow_problems_but_not_tokens():
    timed = [*blocks("target", 2.0, 2.0), *blocks("fsd_60", 2.0, 2.0, tokens=200)]
    row = results({"target": scored(True), "fsd_60": scored(True)}, timed).row("fsd_60")
    assert row.speedup.estimate == pytest.approx(2)
    assert row.speedup_problems.estimate == pytest.approx(1)


def test_one_round_gives_no_interval():
    timed = [*blocks("target", 2.0), *blocks("sd", 1.0)]
    row = results({"target": scored(True), "sd": scored(True)}, timed).row("sd")
    assert (row.speedup.estimate, row.speedup.low, row.tokens_per_second.low) == (2, None, None)


def test_only_rounds_that_both_arms_have_are_paired():
    timed = [*blocks("target", 2.0, 2.0, 50.0), *blocks("sd", 1.0, 1.0)]
    found = results({"target": scored(True), "sd": scored(True)}, timed)
    assert found.row("sd").speedup.estimate == pytest.approx(2)


@pytest.mark.parametrize(
    ("accepted", "missed"), [(60, False), (63, False), (64, True), (56, True)], ids=str
)
def test_a_draft_share_three_points_off_is_flagged(accepted, missed):
    arm = scored(True, tokens=100, accepted=accepted)
    assert results({"fsd_60": arm}).row("fsd_60").share_missed is missed


def test_records_without_scores_still_have_lengths():
    record = Record(
        id="a",
        prompt_ids=(1,),
        completion_ids=(1, 2, 3, 4),
        prompt="",
        text="",
        finish="length",
        rounds=2,
        drafted=5,
        accepted=2,
    )
    row = results({"sd": ArmFiles(records={"a": record})}).row("sd")
    assert (row.output_tokens, row.draft_share, row.cut_share) == (4, 0.5, 1)
    assert (row.problems, row.accuracy) == (1, None)


@pytest.mark.parametrize(
    ("names", "expected"),
    [(["sd", "target"], "target"), (["sd"], None), (["draft", "sd"], None)],
    ids=str,
)
def test_the_baseline_is_the_arm_of_the_target_alone(names, expected):
    assert results({name: ArmFiles() for name in names}).baseline == expected


@pytest.mark.parametrize(
    ("clusters", "given"), [(19, False), (20, True), (40, False)], ids=["few", "enough", "singles"]
)
def test_clusters_are_resampled_where_there_are_enough_of_them(clusters, given):
    arms = {}
    for name, step in (("sd", 3), ("fsd_60", 4)):
        scores = scored(*(i % step > 0 for i in range(40))).scores
        arms[name] = ArmFiles(
            scores={
                key: made.model_copy(update={"cluster": f"t{index % clusters}"})
                for index, (key, made) in enumerate(scores.items())
            }
        )
    gap = results(arms).row("fsd_60").difference
    assert gap.clusters == clusters
    assert (gap.clustered is not None) is given


def test_a_sweep_compares_every_point_with_its_own_reference_and_baseline():
    names = ["target@t=0", "target@t=1", "sd@g=3@t=0", "sd@g=3@t=1", "fsd@g=3@t=0", "fsd@g=3@t=1"]
    arms = dict.fromkeys(names)
    from llmx.report.measure import at_point

    assert at_point("target@t=0", "fsd@g=3@t=1", arms) == "target@t=1"
    assert at_point("target", "fsd@g=3@t=0", arms) == "target@t=0"
    assert at_point("sd@g=3@t=0", "fsd@g=3@t=1", arms) == "sd@g=3@t=1"
    assert at_point("target", "sd", {"target": None, "sd": None}) == "target"
    assert at_point(None, "sd", {"sd": None}) is None
