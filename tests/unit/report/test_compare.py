"""Comparing two arms: laws of the pairing, flips by hand, every rendering."""

from dataclasses import replace

import pytest
from counts import count
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from llmx.claims.compare import words
from llmx.claims.compare.model import Comparison
from llmx.claims.compare.pair import GivenSide, changed, compare
from llmx.claims.compare.terminal import render
from llmx.claims.compare.write import html, markdown, write
from llmx.core.errors import RunError
from llmx.core.record import Record, Sample, Score
from llmx.core.spec import ArmSpec, EngineSpec, ModelSpec, SamplerSpec, StageSpec
from llmx.report.figures.names import GAINED, LENGTH, LOST, TOKEN_RATE
from llmx.report.gather import ArmFiles, Gathered, TimedBlock
from llmx.report.timing import timing
from llmx.runs.compare import _Run

SPEC = ArmSpec(sampler=SamplerSpec(algorithm="speculative"))


def files(answers: list[tuple[str | None, tuple[int, ...]]]) -> ArmFiles:
    """One seed: (answer as read, token ids) for each problem, whose reference is its number."""
    made = ArmFiles()
    for place, (answer, ids) in enumerate(answers):
        name = f"p{place:03d}"
        text = f"so it is {answer}"
        made.problems[name] = Sample(id=name, question=f"Problem {place}?", answer=str(place))
        made.records[name] = Record(
            id=name,
            prompt_ids=(1, place),
            completion_ids=ids,
            prompt="",
            text=text,
            finish="eos",
            rounds=1,
        )
        made.scores[name] = Score(
            id=name,
            cluster="",
            expected=str(place),
            strict=answer,
            flexible=answer,
            correct=answer == str(place),
            correct_flexible=answer == str(place),
            unparsed=answer is None,
            tokens=len(ids),
            finish="eos",
            rounds=1,
            drafted=0,
            accepted=0,
        )
    return made


def side(answers, run="r", arm="a", spec=SPEC, clock=None) -> GivenSide:
    return GivenSide(run, arm, spec, files(answers), clock or {})


FIRST = [("0", (5, 6)), ("1", (5, 6, 7)), ("9", (5,)), (None, (4, 4))]
SECOND = [("0", (5, 6)), ("8", (5, 6, 8)), ("2", (6,)), (None, (4, 4, 4))]


def value(found: Comparison, quantity: str) -> float:
    """A figure of the second side beside the first."""
    return found.beside(quantity).span.estimate


def one() -> Comparison:
    return compare([(side(FIRST), side(SECOND, arm="b"))]).comparisons[0]


def test_one_seed_of_a_training_is_said_to_be_indicative() -> None:
    """Of arms that were not trained it is not, and of two seeds neither."""
    drawn = [replace(side(FIRST), files=replace(files(a), trained=False)) for a in (FIRST, SECOND)]
    (found,) = compare([(drawn[0], drawn[1])]).comparisons
    assert not found.difference.lone
    assert not any("indicative" in note for note in words.notes(found))
    (found,) = compare([(drawn[0], side(SECOND))]).comparisons
    assert found.difference.lone and "indicative" in markdown(compare([(drawn[0], side(SECOND))]))
    seeds = tuple(replace(files(FIRST), seed=f"seed={n}") for n in range(2))
    pooled = replace(side(FIRST), files=replace(files(FIRST), seeds=seeds))
    (found,) = compare([(pooled, pooled)]).comparisons
    assert not found.difference.lone and found.difference.seeds == 2


def test_a_run_knows_whose_model_is_its_own() -> None:
    """What one run trains for all of its arms is another model in another run."""
    own, shared = (ModelSpec(target=f"stage:{name}") for name in ("tuned", "base"))
    specs = {"a": ArmSpec(model=own), "b": ArmSpec(model=shared), "c": ArmSpec()}
    stages = {
        "tuned": StageSpec(name="tuned", kind="grpo"),
        "base": StageSpec(name="base", kind="train", over="recipe"),
    }
    run = _Run("r", Gathered({name: files(FIRST) for name in specs}), specs, stages)
    assert [run.side(arm, "r").files.trained for arm in specs] == [True, False, False]
    assert [run.side(arm, "s").files.trained for arm in specs] == [True, True, False]


def test_flips_by_hand() -> None:
    lost, gained = one().flips
    assert (lost.id, lost.becomes, lost.answers, lost.differs_at) == (
        "p001",
        "wrong",
        ("1", "8"),
        2,
    )
    assert (gained.id, gained.becomes, gained.answers, gained.differs_at) == (
        "p002",
        "right",
        ("9", "2"),
        0,
    )
    assert lost.question == "Problem 1?"
    assert (lost.expected, lost.texts) == ("1", ("so it is 1", "so it is 8"))


def test_layers_by_hand() -> None:
    at = one().layers
    assert (at.samples, at.same_prompt, at.same_tokens) == (4, 4, 1)
    assert (at.same_answer, at.same_verdict) == (2, 2)


def test_a_text_that_goes_on_differs_where_the_other_ends() -> None:
    found = compare([(side([("0", (5, 6))]), side([("1", (5, 6, 7))], arm="b"))])
    assert found.comparisons[0].flips[0].differs_at == 2


ANSWERS = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=2, max_size=40)


@settings(max_examples=count(40, 500))
@given(ANSWERS)
def test_swapping_the_sides_negates_everything(right: list[tuple[bool, bool]]) -> None:
    def arm(which: int) -> GivenSide:
        rows = [
            (str(place) if pair[which] else "x", (1,) * (2 + which))
            for place, pair in enumerate(right)
        ]
        return side(rows, arm="ab"[which])

    ahead = compare([(arm(0), arm(1))]).comparisons[0]
    back = compare([(arm(1), arm(0))]).comparisons[0]
    assert ahead.difference.span.estimate == -back.difference.span.estimate
    assert ahead.difference.span.low == pytest.approx(-back.difference.span.high, abs=1e-9)
    assert tuple(value(ahead, name) for name in (GAINED, LOST)) == tuple(
        value(back, name) for name in (LOST, GAINED)
    )
    assert ahead.difference.p == back.difference.p
    assert {flip.id for flip in ahead.flips} == {flip.id for flip in back.flips}
    assert len(ahead.flips) == sum(a != b for a, b in right)
    assert value(ahead, LENGTH) == pytest.approx(1 / value(back, LENGTH))


def test_seeds_are_paired_seed_by_seed() -> None:
    def pooled(*runs) -> ArmFiles:
        made = [replace(files(run), seed=f"seed={n}") for n, run in enumerate(runs)]
        return replace(made[0], seeds=tuple(made))

    first = GivenSide("r", "a", SPEC, pooled(FIRST, FIRST), {})
    second = GivenSide("r", "b", SPEC, pooled(FIRST, SECOND), {})
    found = compare([(first, second)]).comparisons[0]
    assert {(flip.id, flip.seed) for flip in found.flips} == {("p001", 1), ("p002", 1)}
    assert found.difference.seeds == 2
    assert found.layers.samples == 8


def test_a_run_of_one_seed_meets_that_seed_of_an_arm_that_has_several() -> None:
    made = [replace(files(run), seed=f"seed={n}") for n, run in enumerate((FIRST, SECOND))]
    several = GivenSide("r", "b", SPEC, replace(made[0], seeds=tuple(made)), {})
    swept = GivenSide("r", "a@seed=1", SPEC, replace(files(FIRST), seed="seed=1"), {})
    plain = GivenSide("s", "a", SPEC.model_copy(update={"seed": 1}), files(FIRST), {})
    for alone in (swept, plain):
        found = compare([(alone, several)]).comparisons[0]
        assert found.difference.seeds == 1 and len(found.flips) == 2
    first = replace(plain, spec=SPEC)
    assert not compare([(first, several)]).comparisons[0].flips
    missing = replace(plain, spec=SPEC.model_copy(update={"seed": 7}))
    with pytest.raises(RunError, match="no seed in common"):
        compare([(missing, several)])


def test_two_runs_that_are_named_are_compared_whatever_their_seeds() -> None:
    sides = [
        GivenSide("r", f"a@seed={n}", SPEC, replace(files(run), seed=f"seed={n}"), {})
        for n, run in enumerate((FIRST, SECOND))
    ]
    assert len(compare([(sides[0], sides[1])]).comparisons[0].flips) == 2


def test_only_common_problems_count_and_the_rest_is_said() -> None:
    found = compare([(side(FIRST), side(SECOND[:3], arm="b"))]).comparisons[0]
    assert (found.problems, found.only_first, found.only_second) == (3, 1, 0)
    assert any("only a has answered" in note for note in words.notes(found))


def test_nothing_in_common_is_refused() -> None:
    other = side(SECOND, arm="b")
    renamed = replace(other.files, scores={f"x{k}": v for k, v in other.files.scores.items()})
    with pytest.raises(RunError, match="no scored problem in common"):
        compare([(side(FIRST), replace(other, files=renamed))])


def test_speed_is_compared_within_a_run_alone() -> None:
    seconds = {"a": 2.0, "b": 1.0}
    blocks = [
        TimedBlock(round=r, arm=arm, problems=4, tokens=40, seconds=seconds[arm] + r / 50)
        for r in range(6)
        for arm in "ab"
    ]
    clock = timing(blocks)
    within = compare([(side(FIRST, clock=clock), side(SECOND, arm="b", clock=clock))])
    assert value(within.comparisons[0], TOKEN_RATE) == pytest.approx(2, rel=0.05)
    across = compare([(side(FIRST, clock=clock), side(SECOND, "other", "b", clock=clock))])
    assert across.comparisons[0].figures.of(TOKEN_RATE) == ()
    assert any("Speed is not compared" in note for note in words.notes(across.comparisons[0]))


def test_several_pairs_are_corrected_together() -> None:
    rows = [(str(place), (1,)) for place in range(12)]
    wrong = [("x", (2,)) for _ in rows]
    pairs = [(side(rows), side(wrong, arm="b")), (side(rows), side(rows, arm="c"))]
    worse, same = compare(pairs).comparisons
    assert worse.holm == pytest.approx(2 * worse.difference.p)
    assert same.holm == 1
    assert "Holm" in words.rows(worse)[1][3]


def test_settings_that_differ_are_named_and_no_others() -> None:
    other = SPEC.model_copy(
        update={
            "sampler": SamplerSpec(algorithm="speculative", gamma=7),
            "engine": EngineSpec(dtype="bfloat16"),
            "seed": 3,
        }
    )
    found = {c.key: (c.first, c.second) for c in changed(SPEC, other)}
    assert found == {
        "seed": ("0", "3"),
        "engine.dtype": ('"float32"', '"bfloat16"'),
        "sampler.gamma": ("5", "7"),
    }
    assert changed(SPEC, SPEC) == ()


@pytest.mark.parametrize("width", [80, 120])
def test_the_terminal_shows_at_most_the_flips_that_were_asked(width: int) -> None:
    found = compare([(side(FIRST), side(SECOND, arm="b"))])
    console = Console(width=width, record=True, file=None)
    with console.capture() as shown:
        console.print(render(found, 1))
    assert "b against a" in shown.get() and "p001" in shown.get()
    with console.capture() as none:
        console.print(render(found, 0))
    assert "2 samples flipped" not in none.get() and "p001" not in none.get()


def test_every_form_is_written_and_holds_every_flip(tmp_path) -> None:
    found = compare([(side(FIRST), side(SECOND, arm="b"))] * 2)
    paths = write(found, tmp_path)
    for path in paths.values():
        text = path.read_text(encoding="utf-8")
        assert "p001" in text and "p002" in text
    assert (tmp_path / "compare.svg").read_text().count('class="mark"') == 2
    assert "compare.svg" in markdown(found)


def test_the_page_escapes_what_models_write() -> None:
    first = side([("0", (1,))])
    text = "<script>alert(1)</script>"
    first.files.records["p000"] = first.files.records["p000"].model_copy(update={"text": text})
    page = html(compare([(first, side([("x", (2,))], arm="b"))]))
    assert text not in page and "&lt;script&gt;" in page
