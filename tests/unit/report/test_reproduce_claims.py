"""A published figure beside ours: which words are said, and when."""

import pytest
from documents import figures_beside
from hypothesis import given
from hypothesis import strategies as st
from result_rows import gap as gap_of_row
from result_rows import results
from result_rows import row as one_row

from llmx.claims.paper import Claim, Ours
from llmx.claims.reproduce.beside import Beside, _arm_at, beside
from llmx.claims.reproduce.claims import bounds, published
from llmx.claims.reproduce.stored import Stored
from llmx.claims.reproduce.words import said_figure
from llmx.core.figure import Span
from llmx.report.verdict.model import Number, Verdict

OURS = Ours(recipe="r", quantity="accuracy", arm="fsd")


def claim(value, relation="eq", unit="points", tolerance=None, ours=OURS) -> Claim:
    return Claim(
        paper="p",
        table="t",
        setting="s",
        metric="m",
        unit=unit,
        relation=relation,
        value=value,
        tolerance=tolerance,
        source="table",
        evidence="paper",
        ours=ours,
    )


def ours(low, high, scale="paper", unit="points", problems=100) -> Beside:
    span = Span(estimate=(low + high) / 2, low=low, high=high)
    quantity = "accuracy" if unit == "points" else "tokens/s"
    return Beside(
        recipe="r",
        run="r-1",
        scale=scale,
        quantity=quantity,
        arm="fsd",
        against="sd",
        span=span,
        unit=unit,
        problems=problems,
        seeds=1,
    )


@pytest.mark.parametrize(
    ("made", "mine", "word"),
    [
        (claim(None, unit=None), ours(-0.02, 0.0), "could not be read"),
        (claim(1.0, ours=None), None, "not comparable"),
        (claim(1.0), None, "not run here"),
        (claim(5.0, "gt", "tokens/s"), ours(1.5, 2.0, unit="times"), "not comparable"),
        (claim(-2.0, tolerance=1.0), ours(-0.025, -0.015, scale="desk"), "not comparable"),
        (claim(-2.0, tolerance=1.0), ours(-0.025, -0.015), "reproduced"),
        (claim(-2.0, tolerance=1.0), ours(-0.045, 0.005), "within noise"),
        (claim(-2.0, tolerance=1.0), ours(-0.06, -0.04), "not reproduced"),
        (claim(-2.0, tolerance=1.0), ours(0.0, 0.05), "not reproduced"),
        (claim(-2.0, tolerance=1.0), ours(-0.02, 0.05), "inconclusive"),
        (claim(1.2, "gt", "times"), ours(1.3, 1.5, unit="times"), "reproduced"),
        (claim(1.2, "gt", "times"), ours(1.1, 1.5, unit="times"), "within noise"),
        (claim(1.2, "gt", "times"), ours(0.9, 1.3, unit="times"), "inconclusive"),
        (claim(1.2, "gt", "times"), ours(0.9, 1.1, unit="times"), "not reproduced"),
        (claim((1.0, 1.2), "between", "times"), ours(1.05, 1.15, unit="times"), "reproduced"),
        (claim((1.0, 1.2), "between", "times"), ours(1.3, 1.4, unit="times"), "not reproduced"),
    ],
)
def test_the_word(made, mine, word) -> None:
    assert published(made, mine).word == word


def test_one_round_decides_nothing() -> None:
    bare = ours(1.3, 1.5, unit="times").model_copy(update={"span": Span(estimate=1.4)})
    assert published(claim(1.2, "gt", "times"), bare).word == "inconclusive"


def test_a_figure_that_could_not_be_read_is_never_reproduced_whatever_ours_is() -> None:
    for scale in ("paper", "desk"):
        found = published(claim(None, unit=None), ours(-1.0, 1.0, scale=scale))
        assert found.word == "could not be read"


def test_a_figure_that_could_not_be_read_says_what_measures_ours_and_what_it_found() -> None:
    unread = claim(None, unit=None)
    assert "could not be read" in published(unread, None).reason
    bare = published(unread.model_copy(update={"ours": None}), None)
    assert "llmx run" not in bare.reason
    named = unread.model_copy(update={"ours": Ours(recipe="r", quantity="accuracy", arm="a")})
    assert "`llmx run recipe=r scale=paper`" in published(named, None).reason
    found = published(named, ours(-0.04, -0.02, scale="paper"))
    assert "Ours, scale=paper: " in found.reason and "llmx run" not in found.reason


def test_within_noise_says_how_many_problems_would_decide() -> None:
    # Half-width 2.5 points, 1 point of room: 6.25 times as many.
    found = published(claim(-2.0, tolerance=1.0), ours(-0.045, 0.005, problems=100))
    assert "About 625 problems" in found.reason


@given(st.floats(-0.5, 0.5), st.floats(0.001, 0.3), st.floats(-40, 40), st.floats(0.1, 10))
def test_reproduced_and_not_reproduced_are_what_the_interval_says(
    middle: float, half: float, value: float, tolerance: float
) -> None:
    made, mine = claim(value, tolerance=tolerance), ours(middle - half, middle + half)
    low, high = bounds(made)
    word = published(made, mine).word
    inside = low <= mine.span.low and mine.span.high <= high
    outside = mine.span.high < low or high < mine.span.low
    assert (word == "reproduced") == inside
    assert (word == "not reproduced") == outside


def row(arm: str, gap: float, speed: float, algorithm: str = "fuzzy") -> dict:
    difference = gap_of_row(gap, 0.01)
    span = Span(estimate=speed, low=speed - 0.1, high=speed + 0.1)
    return one_row(
        arm=arm, algorithm=algorithm, problems=100, difference=difference, speedup_reference=span
    )


def stored(rows, verdicts=(), card=None) -> dict[str, Stored]:
    found = results(*rows)
    from llmx.claims.reproduce.card import Card

    made = card or Card(run="r-1", recipe="r", scale="desk", written="2026-01-02", machine="one")
    from pathlib import Path

    figures = figures_beside(found, tuple(verdicts))
    return {"r": Stored(Path(), made, found, tuple(verdicts), (), None, {}, figures)}


SD = one_row(
    arm="sd", algorithm="speculative", problems=100, tokens_per_second=Span(estimate=200.0)
)


def test_an_arm_at_a_difference_is_the_fastest_one_near_it() -> None:
    rows = [SD, row("a", -0.018, 1.1), row("b", -0.025, 1.3), row("c", -0.2, 2.0)]
    at = Ours(recipe="r", quantity="tokens/s", at_difference=-0.02)
    found = beside(at, stored(rows))
    assert found is not None and found.arm == "b"
    assert found.absolute is not None and found.absolute.estimate == pytest.approx(60.0)


def test_without_an_arm_near_the_difference_it_is_the_nearest() -> None:
    rows = [SD, row("a", 0.05, 1.1), row("c", -0.2, 2.0), row("r", 0.0, 3.0, "random")]
    found = beside(Ours(recipe="r", quantity="tokens/s", at_difference=0.0), stored(rows))
    assert found is not None and found.arm == "a"


def test_lengths_come_from_the_verdicts() -> None:
    span = Span(estimate=0.9, low=0.8, high=1.0)
    number = Number(what="mean length", arm="a", against="sd", span=span, unit="times")
    verdict = Verdict(word="measured", reason="r", numbers=(number,))
    wanted = Ours(recipe="r", quantity="length", arm="a")
    found = beside(wanted, stored([SD, row("a", 0.0, 1.0)], [verdict]))
    assert found is not None and found.span == span
    assert beside(wanted, stored([SD, row("a", 0.0, 1.0)])) is None


def test_nothing_stands_beside_where_the_run_or_the_arm_is_missing() -> None:
    assert beside(OURS, {}) is None
    assert beside(OURS, stored([SD])) is None
    assert beside(Ours(recipe="r", quantity="tokens/s", at_difference=0.0), stored([SD])) is None


@pytest.mark.parametrize(
    ("low", "high", "word"),
    [(94, 96, "not reproduced"), (92, 94, "inconclusive"), (50, 60, "inconclusive")],
)
def test_up_to_is_a_bound_from_above_and_reproduces_nothing(low, high, word) -> None:
    made = claim(93.0, "le", unit="percent")
    found = published(made, ours(low / 100, high / 100, unit="percent"))
    assert found.word == word and said_figure(made) == "m: up to 93 percent"
    assert bounds(made) == (float("-inf"), 0.93)


@pytest.mark.parametrize("unkept", ["", "2026-11-26"])
def test_a_figure_without_outcomes_is_compared_with_none(unkept) -> None:
    beside_it = ours(-0.01, 0.01).model_copy(update={"unkept": unkept})
    found = published(claim(0.0, tolerance=2.0), beside_it)
    assert found.word == ("not comparable" if unkept else "reproduced")
    assert ("cannot be recomputed" in found.reason) == bool(unkept)


def test_an_arm_beside_another_reference_is_none_of_a_claims():
    """The faster one is of another temperature: its reference is not the claim's."""

    def row(arm: str, reference: str, times: float, off: float = 0.0) -> dict:
        gap = gap_of_row(off, problems=9)
        return one_row(
            arm=arm, algorithm="fuzzy", reference=reference, difference=gap,
            speedup_reference=Span(estimate=times),
        )  # fmt: skip

    rows = (row("fsd", "sd", 1.1), row("fsd_t0", "sd_t0", 1.4))
    found = results(*rows)
    ours = Ours(recipe="r", quantity="tokens/s", against="sd", at_difference=0.0)
    assert _arm_at(figures_beside(found), ours) == "fsd"
    nearer = results(row("fsd", "sd", 1.1, off=-0.05), rows[1])
    assert _arm_at(figures_beside(nearer), ours) == "fsd"
