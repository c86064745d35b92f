"""What makes a word: interval and p value both, the correction over arms, the margin as a whole."""

from dataclasses import replace

import numpy as np
import pytest
from answered import answered, beside, blocks, verdict
from documents import Exploration, Streams, Transfer
from hypothesis import given
from hypothesis import strategies as st

from llmx.core.figure import Span, Spread
from llmx.core.record import Score
from llmx.report.figures.p_at import of_texts
from llmx.report.paired_table import paired_table
from llmx.report.verdict.decide import NOTHING, Support, decide, every, some
from llmx.report.verdict.gap import Gap, against
from llmx.stats.mcnemar import mcnemar_exact
from llmx.stats.multiple import holm

SUPPORT = st.builds(
    lambda p, beyond, lone: Support(beyond and p <= 0.05, p, lone),
    st.sampled_from([0.0, 0.01, 0.05, 0.2, 1.0]), st.booleans(), st.booleans(),
)  # fmt: skip


@given(st.lists(SUPPORT, min_size=1))
def test_all_of_several_are_as_sure_as_the_least(parts):
    found = every(parts)
    assert found.sure == all(one.sure for one in parts)
    assert found.p == max(one.p for one in parts)
    assert found.lone == any(one.lone for one in parts)


@given(st.lists(SUPPORT))
def test_one_of_several_is_as_sure_as_the_best_that_is_not_of_one_seed(parts):
    found, sure = some(parts), [one for one in parts if one.sure]
    assert found.sure == bool(sure)
    assert found.lone == (bool(sure) and all(one.lone for one in sure))
    if sure:
        assert found in sure
        assert found.p == min(one.p for one in sure if one.lone == found.lone)


@given(SUPPORT, SUPPORT)
def test_a_word_is_decisive_only_if_it_is_sure_and_not_of_one_seed(shown, against):
    found = decide(shown, against)
    firm = {
        word: half
        for word, half in (("contradicted here", against), ("shown here", shown))
        if half.sure and not half.lone
    }
    if firm:
        word = next(iter(firm))
        assert (found.word, found.p, found.leans) == (word, firm[word].p, None)
    else:
        assert found.p is None
        assert (found.word == "indicative") == (shown.sure or against.sure)
        assert (found.leans is None) == (found.word != "indicative")


def test_nothing_speaks_for_every_one_of_none():
    assert every([]) == some([]) == NOTHING and decide(NOTHING).word == "not shown here"


ABOVE = {"test": "more_accurate", "arms": ["a"], "control": "b"}


def sampled(gained, lost, n=200):
    return {n: answered(a) for n, a in zip("ab", beside(gained, lost, n), strict=True)}


# Five of six problems gain a tenth, one gains all: the signs say p = 2/64, the mean does not.
# Sixty more are alike, so that neither arm is at the floor.
ALIKE = np.zeros((66, 10), dtype=bool)
ALIKE[6:36] = True
SKEWED = ALIKE.copy()
SKEWED[:5, 0] = SKEWED[5] = True
TORN = {"a": answered(SKEWED), "b": answered(ALIKE)}


@pytest.mark.parametrize(
    "finding",
    [
        ABOVE,
        {**ABOVE, "arms": ["b"], "control": "a"},
        {**ABOVE, "test": "beats_control"},
        {**ABOVE, "test": "beats_control", "arms": ["b"], "control": "a"},
        {"test": "ranking_at_equal_share", "arms": ["a", "b"]},
        {"test": "optimum", "arms": {"a": 1, "b": 0}, "expected": 1},
        {"test": "optimum", "arms": {"a": 1, "b": 0}, "expected": 0},
    ],
)
def test_a_small_p_value_decides_nothing_while_the_interval_holds_zero(finding):
    found = verdict(finding, TORN)
    gap = [number for number in found.numbers if number.p is not None][-1]
    assert gap.p == pytest.approx(2 / 64) and gap.span.low < 0 < gap.span.high
    assert (found.word, found.p) == ("not shown here", None)


@pytest.mark.parametrize(
    "finding",
    [
        ABOVE,
        {**ABOVE, "arms": ["b"], "control": "a"},
        {**ABOVE, "test": "beats_control"},
        {"test": "ranking_at_equal_share", "arms": ["a", "b"]},
        {"test": "optimum", "arms": {"a": 1, "b": 0}, "expected": 1},
    ],
)
def test_an_interval_without_zero_decides_nothing_while_p_is_large(finding):
    """Nine gained and two lost: Tango's interval is above 0, the exact p value is 0.065."""
    found = verdict(finding, sampled(9, 2))
    gap = found.numbers[-1]
    assert gap.p == mcnemar_exact(9, 2) > 0.05 and not gap.span.low <= 0 <= gap.span.high
    assert found.word == "not shown here"


@pytest.mark.parametrize(
    ("low", "high", "p", "word"),
    [
        (0.01, 0.1, 0.05, "shown here"),
        (0.01, 0.1, 0.051, "not shown here"),
        (-0.01, 0.1, 0.05, "not shown here"),
        (-0.1, -0.01, 0.05, "contradicted here"),
        (-0.1, -0.01, 0.051, "not shown here"),
        (-0.1, 0.01, 0.05, "not shown here"),
    ],
)
def test_sure_is_what_both_say(low, high, p, word):
    arms = sampled(5, 5)
    span = Span(estimate=(low + high) / 2, low=low, high=high)
    found = against([Gap("a", "b", paired_table(arms["a"], arms["b"]), span, p)])
    assert found.word == word and found.p == (None if word == "not shown here" else p)


# 12 gained and 3 lost: p = 0.035 alone, above 5 % among two.
ONE_P = mcnemar_exact(12, 3)


def beside_equals(gained, lost, others=3):
    """Return arms of which one differs from the control `b`, and others have its own answers."""
    arms = sampled(gained, lost)
    return arms | {f"e{at}": arms["b"] for at in range(others)}


E = ["e0", "e1", "e2"]


@pytest.mark.parametrize(
    ("arms", "alone", "several"),
    [
        (
            beside_equals(3, 12),
            {**ABOVE, "arms": ["a"]},
            {**ABOVE, "arms": ["a", *E]},
        ),
        (
            beside_equals(3, 12),
            {**ABOVE, "test": "beats_control"},
            {**ABOVE, "test": "beats_control", "arms": ["a", *E]},
        ),
        (
            beside_equals(12, 3),
            {"test": "ranking_at_equal_share", "arms": ["a", "b"]},
            {"test": "ranking_at_equal_share", "arms": ["a", "b", "e0"]},
        ),
        (
            beside_equals(12, 3),
            {"test": "optimum", "arms": {"a": 1, "b": 0}, "expected": 1},
            {"test": "optimum", "arms": {"a": 1, "b": 0, "e0": 2}, "expected": 1},
        ),
        (
            beside_equals(12, 3),
            {"test": "optimum", "arms": {"a": 1, "b": 0}, "expected": 0},
            {"test": "optimum", "arms": {"a": 1, "b": 0, "e0": 2}, "expected": 0},
        ),
    ],
)
def test_what_one_comparison_decides_several_do_not(arms, alone, several):
    found = verdict(alone, arms)
    assert found.word in ("shown here", "contradicted here")
    assert found.p == pytest.approx(ONE_P) and ONE_P < 0.05 < 2 * ONE_P
    more = verdict(several, arms)
    assert (more.word, more.p) == ("not shown here", None)
    ps = [number.p for number in more.numbers if number.unit == "points"]
    pairs = [1.0 if number.span.estimate == 0 else ONE_P for number in more.numbers[-len(ps) :]]
    assert ps == pytest.approx(holm(pairs))


def speeds(**ratios):
    """Rounds in which `b` takes 5 s and each arm its own times."""
    timed = blocks("b", [5.0] * 10)
    return timed + [one for arm, seconds in ratios.items() for one in blocks(arm, seconds)]


# Faster on the whole, and slower in some rounds.
TORN_ROUNDS = [3.0, 7.0, 3.2, 6.5, 2.9, 7.1, 3.0, 6.0, 3.1, 6.6]
LIKELY = [
    4.35,
    5.15,
    4.25,
    4.85,
    4.15,
    5.25,
    4.55,
    4.75,
    4.45,
    5.05,
]  # faster, p = 2 %
SAME = answered(np.arange(400) % 2 == 0)  # neither at the floor nor at the ceiling


def test_faster_is_what_the_whole_interval_says_and_not_the_estimate():
    finding = {"test": "non_inferior_and_faster", "arms": ["a"], "reference": "b"}
    found = verdict(finding, {"a": SAME, "b": SAME}, speeds(a=TORN_ROUNDS))
    tokens = next(number for number in found.numbers if number.what == "tokens/s")
    assert tokens.span.low < 1 < tokens.span.estimate
    assert found.word == "not shown here" and "faster: none" in found.reason


def test_a_speed_that_one_arm_shows_is_not_shown_among_several():
    finding = {"test": "non_inferior_and_faster", "arms": ["a"], "reference": "b"}
    arms = {"a": SAME, "b": SAME} | dict.fromkeys(E, SAME)
    timed = speeds(a=LIKELY, **dict.fromkeys(E, [5.0] * 10))
    alone = verdict(finding, arms, timed)
    assert alone.word == "shown here" and 0.0125 < alone.p < 0.05
    several = verdict({**finding, "arms": ["a", *E]}, arms, timed)
    assert several.word == "not shown here" and "faster: none" in several.reason
    assert several.numbers[1].p == pytest.approx(4 * alone.p)


def test_an_arm_that_is_surely_slower_is_one_comparison_more_all_the_same():
    """It refutes no "no faster", so that nothing is left to the other arms for it."""
    finding = {"test": "non_inferior_and_faster", "arms": ["a", "e0", "e1"], "reference": "b"}
    arms = {"a": SAME, "b": SAME} | dict.fromkeys(E, SAME)
    timed = speeds(a=LIKELY, e0=[9.0, 8.0] * 5, e1=[8.0, 9.0] * 5)
    found = verdict(finding, arms, timed)
    assert found.word == "not shown here"
    assert [n.p for n in found.numbers if n.what == "tokens/s"][1:] == [1.0, 1.0]


def test_an_arm_has_to_pass_accuracy_and_speed_itself():
    """One is as accurate and slower, one faster and worse: no arm is both."""
    finding = {"test": "non_inferior_and_faster", "arms": ["a", "c"], "reference": "b"}
    worse, same = beside(0, 60, 400)
    arms = {"a": answered(same), "b": answered(same), "c": answered(worse)}
    found = verdict(finding, arms, speeds(a=[5.5] * 10, c=[3.0] * 10))
    assert found.word == "not shown here"
    assert "within ± 2 points of `b`: `a`" in found.reason and "faster: `c`" in found.reason
    both = verdict(finding, arms | {"c": arms["a"]}, speeds(a=[5.5] * 10, c=[3.0] * 10))
    assert both.word == "shown here" and both.reason.startswith("`c` has the accuracy")


def test_the_p_value_of_an_arm_that_passes_is_that_of_its_weakest_test():
    finding = {"test": "non_inferior_and_faster", "arms": ["a"], "reference": "b"}
    near = {"a": SAME, "b": SAME}
    slow, fast = (verdict(finding, near, speeds(a=times)) for times in (LIKELY, [3.0] * 10))
    assert slow.p == slow.numbers[1].p > slow.numbers[0].p
    assert fast.p == fast.numbers[0].p > fast.numbers[1].p
    few = {name: answered(np.arange(160) % 2 == 0) for name in "ab"}
    found = verdict(finding, few, speeds(a=[3.0] * 10))
    assert found.word == "shown here" and found.p == found.numbers[0].p > 0.01


def test_an_answer_that_one_arm_lengthens_is_not_shown_among_several():
    dice = np.random.default_rng(2)
    base = dice.integers(30, 70, 120)
    right = np.arange(120) % 2 == 0
    longer = base + dice.choice([-20, 0, 35], 120)
    arms = {"a": answered(right, longer), "b": answered(right, base)}
    arms |= {name: answered(right, base) for name in E}
    finding = {"test": "length_inflation", "arms": ["a"], "reference": "b"}
    alone = verdict(finding, arms)
    assert alone.word == "shown here" and 0.0125 < alone.p < 0.05
    several = verdict({**finding, "arms": ["a", *E]}, arms)
    assert several.word == "not shown here" and "not shown to differ: `a`" in several.reason
    assert several.numbers[0].p == pytest.approx(4 * alone.p)


def streams(**cuts):
    """Nine rounds in which the reference `b` takes a second."""
    arms = [{"arm": "b", "times": (1.0,) * 9}]
    for name, times in cuts.items():
        estimate = 1 - sum(times) / 9
        arms.append(
            {"arm": name, "times": times}
            | {"ttft_cut": {"low": estimate - 0.01, "estimate": estimate, "high": estimate + 0.01}}
        )
    return Streams.model_validate({"arms": arms})


CUT = {"test": "first_token_cut", "arms": ["a"], "aim": 0.9}
TIMES = (0.062, 0.093, 0.072, 0.103, 0.062, 0.113, 0.082, 0.093, 0.067)


def test_a_cut_that_one_arm_shows_is_not_shown_among_several():
    about = (0.09, 0.11, 0.1, 0.08, 0.12, 0.1, 0.09, 0.11, 0.1)
    timed = streams(a=TIMES, **dict.fromkeys(E, about))
    arms = dict.fromkeys(["a", "b", *E], SAME)
    alone = verdict(CUT, arms, streams=timed)
    assert (alone.word, alone.rounds, alone.problems, alone.seeds) == ("shown here", 9, 0, 0)
    assert 0.0125 < alone.p < 0.05
    several = verdict({**CUT, "arms": ["a", *E]}, arms, streams=timed)
    assert several.word == "not shown here"
    assert several.numbers[0].p == pytest.approx(4 * alone.p)


def test_a_cut_of_which_no_rounds_are_known_has_at_most_its_interval():
    """An older file: p is at most 5 %, which one arm decides, and of two arms none."""
    known = streams(a=TIMES, c=TIMES).arms
    old = Streams(arms=tuple(one.model_copy(update={"times": ()}) for one in known))
    arms = dict.fromkeys("abc", SAME)
    assert verdict(CUT, arms, streams=old).p == 0.05
    assert verdict(CUT, arms, streams=old).word == "shown here"
    assert verdict({**CUT, "arms": ["a", "c"]}, arms, streams=old).word == "not shown here"


def rates(base=(1.0,) * 9, tokens=50, **seconds):
    """Nine rounds in which every arm writes as many tokens; the reference `b` takes `base`."""
    arms = [{"arm": "b", "times": (1.0,) * 9, "totals": base, "tokens": (tokens,) * 9}]
    for name, totals in seconds.items():
        speed = sum(base) / sum(totals)
        arms.append(
            {"arm": name, "times": (0.5,) * 9, "totals": totals, "tokens": (tokens,) * 9}
            | {"ttft_cut": {"low": 0.49, "estimate": 0.5, "high": 0.51}}
            | {"speed": {"low": 0.97 * speed, "estimate": speed, "high": 1.03 * speed}}
        )
    return Streams.model_validate({"arms": arms})


SPEED = {"test": "end_to_end_speed", "arms": ["a"], "aim": 1.6}


@pytest.mark.parametrize(
    ("faster", "word"),
    [(1.8, "shown here"), (1.62, "not shown here"), (1.5, "contradicted here")],
)
def test_speed_end_to_end_is_judged_at_what_is_asked(faster, word):
    seconds = tuple(one / faster for one in (1.0, 1.01, 0.99) * 3)
    found = verdict(SPEED, dict.fromkeys("ab", SAME), streams=rates(a=seconds))
    assert found.word == word and found.test == "end_to_end_speed"
    assert (found.rounds, found.problems, found.seeds) == (9, 0, 0)
    (number,) = found.numbers
    assert (number.what, number.unit, number.rounds) == ("tokens/s end to end", "times", 9)
    assert number.span.estimate == pytest.approx(faster, rel=1e-3)


def test_a_speed_end_to_end_of_one_arm_is_not_shown_among_several():
    near = tuple(one / 1.69 for one in (1.0, 1.07, 0.93, 1.06, 0.94, 1.05, 0.97, 1.06, 0.92))
    about = tuple(one / 1.6 for one in (1.0, 1.07, 0.93) * 3)
    timed = rates(a=near, **dict.fromkeys(E, about))
    arms = dict.fromkeys(["a", "b", *E], SAME)
    alone = verdict(SPEED, arms, streams=timed)
    assert alone.word == "shown here" and 0.0125 < alone.p < 0.05
    several = verdict({**SPEED, "arms": ["a", *E]}, arms, streams=timed)
    assert several.word == "not shown here"
    assert several.numbers[0].p == pytest.approx(4 * alone.p)


def test_one_arm_that_is_not_slow_leaves_nothing_contradicted():
    slow, fair = (one / 1.2 for one in np.tile([1.0, 1.01, 0.99], 3)), (1 / 1.6,) * 9
    timed = rates(a=tuple(slow), c=fair)
    arms = dict.fromkeys("abc", SAME)
    assert verdict(SPEED, arms, streams=timed).word == "contradicted here"
    assert verdict({**SPEED, "arms": ["a", "c"]}, arms, streams=timed).word == "not shown here"


def test_no_speed_without_rounds_in_turn():
    assert verdict(SPEED, dict.fromkeys("ab", SAME), streams=None).word == "not comparable"


def test_a_verdict_on_half_a_statement_says_which():
    arms, timed = dict.fromkeys("ab", SAME), streams(a=TIMES)
    said = verdict({**CUT, "half": "the half on time"}, arms, streams=timed).reason
    assert said == f"{verdict(CUT, arms, streams=timed).reason} Tested is the half on time."


def moved(accepted, emitted, asked=0.8, to="kl"):
    moments = np.cov(accepted, emitted)
    spread = Spread(
        items=len(accepted), accepted=np.mean(accepted), emitted=np.mean(emitted),
        variances=(moments[0, 0], moments[0, 1], moments[1, 1]),
    )  # fmt: skip
    share = float(np.sum(accepted) / np.sum(emitted))
    return Transfer(
        source="js", to=to, asked_share=asked, threshold=0.1, share=share, low=share - 0.02,
        high=share + 0.02, spread=spread,
    )  # fmt: skip


def test_the_p_value_of_a_share_is_students_of_what_is_missing():
    scipy = pytest.importorskip("scipy.stats")
    dice = np.random.default_rng(1)
    emitted = dice.integers(20, 80, 60)
    accepted = dice.binomial(emitted, 0.7)
    row = moved(accepted, emitted)
    for share in (0.6, 0.69, 0.7, 0.9):
        wanted = scipy.ttest_1samp(accepted - share * emitted, 0).pvalue
        assert of_texts(row.spread, share) == pytest.approx(wanted, abs=1e-9)
    assert of_texts(moved([5, 5], [10, 10]).spread, 0.5) == 1.0
    assert of_texts(moved([5, 5], [10, 10]).spread, 0.6) == 0.0


def test_a_threshold_that_moves_among_several_needs_more():
    dice = np.random.default_rng(4)
    emitted = dice.integers(20, 80, 12)
    accepted = np.round(emitted * dice.uniform(0.6, 0.76, 12))
    finding = {"test": "threshold_transfer"}
    one = moved(accepted, emitted)
    others = [one.model_copy(update={"to": f"d{at}", "share": 0.8, "low": 0.78, "high": 0.82,
                                     "spread": moved([8] * 9, [10] * 9).spread})
              for at in range(5)]  # fmt: skip
    alone = verdict(finding, {}, exploration=Exploration(transfer=(one,)))
    assert alone.word == "shown here" and alone.p == of_texts(one.spread, 0.75)
    assert 0.05 / 6 < alone.p < 0.05 and alone.problems == 12
    several = verdict(finding, {}, exploration=Exploration(transfer=(one, *others)))
    assert several.word == "not shown here" and several.reason.startswith("None of 6 thresholds")


def shared(to, low, share, high):
    """A threshold under another divergence; only the interval is known, of an asked 80 %."""
    values = {"to": to, "low": low, "share": share, "high": high}
    return moved([8] * 9, [10] * 9).model_copy(
        update={**values, "spread": None, "asked_share": 0.8}
    )


def test_the_furthest_share_is_named_above_or_below():
    sure = moved([8] * 9, [10] * 9).spread  # nothing varies, so no p value is above 0
    rows = (shared("up", 0.88, 0.91, 0.94), shared("down", 0.45, 0.5, 0.55))
    given = Exploration(transfer=tuple(row.model_copy(update={"spread": sure}) for row in rows))
    found = verdict({"test": "threshold_transfer"}, {}, exploration=given)
    assert found.reason.startswith("2 of 2 thresholds")
    assert found.reason.endswith("under `down` instead of 80.0 %.")


@pytest.mark.parametrize(("low", "word"), [(0.6, "not shown here"), (0.87, "shown here")])
def test_a_share_whose_interval_holds_what_was_asked_is_not_away(low, word):
    given = Exploration(transfer=(shared("d", low, 0.9, 0.95),))
    assert verdict({"test": "threshold_transfer"}, {}, exploration=given).word == word


LOSSLESS = {"test": "lossless", "arm": "a", "target": "b"}


@pytest.mark.parametrize(
    ("gained", "lost", "margin", "word"),
    [
        (0, 0, 0.02, "shown here"),
        (0, 5, 0.02, "not shown here"),  # 0.6 to 4.8 points lost: no gain, and maybe within 2
        (5, 0, 0.02, "not shown here"),
        (0, 30, 0.02, "contradicted here"),
        (30, 0, 0.02, "contradicted here"),
        (0, 30, 0.12, "not shown here"),
        (0, 30, 0.25, "shown here"),
    ],
)
def test_a_difference_contradicts_only_beyond_the_margin(gained, lost, margin, word):
    found = verdict({**LOSSLESS, "margin": margin}, sampled(gained, lost))
    span = found.numbers[0].span
    assert found.word == word
    assert (word == "contradicted here") == (span.low > margin or span.high < -margin)
    assert (word == "shown here") == (-margin < span.low and span.high < margin)
    assert (found.p is not None and found.p < 0.05) == (word != "not shown here")
    if (gained, lost) == (0, 5):
        assert span.high < 0


@pytest.mark.parametrize("rounds", [7, 12])
def test_a_verdict_says_what_it_was_measured_on(rounds):
    """Each figure has its own; the verdict has the least of them, and not those of its arms."""
    finding = {"test": "non_inferior_and_faster", "arms": ["a", "e0"], "reference": "b"}
    fewer = answered(np.arange(300) % 2 == 0)
    timed = speeds(a=[4.0] * rounds, e0=[4.5] * 10)
    found = verdict(finding, {"a": SAME, "b": SAME, "e0": fewer}, timed)
    assert (found.problems, found.seeds, found.rounds) == (300, 1, min(rounds, 10))
    rests = {(n.arm, n.problems, n.rounds) for n in found.numbers}
    assert rests == {("a", 400, 0), ("a", 0, min(rounds, 10)), ("e0", 300, 0), ("e0", 0, 10)}


def spent(accepted, tokens, drafted):
    """Return an arm of 100 problems that are right at every second."""
    arm = answered(np.arange(100) % 2 == 0, tokens, drafted=drafted, accepted=accepted)
    return arm


@pytest.mark.parametrize(
    ("first", "second", "equal"),
    [
        (
            (40, 50, 80),
            (40, 50, 45),
            True,
        ),  # 80 %; 50 and 89 % of the drafted
        ((40, 50, 80), (30, 50, 60), False),  # 80 and 60 %; half of the drafted
    ],
)
def test_a_draft_share_is_of_emitted_tokens(first, second, equal):
    arms = {"a": spent(*first), "b": spent(*second)}
    for finding in (
        {**ABOVE, "test": "beats_control"},
        {"test": "ranking_at_equal_share", "arms": ["a", "b"]},
    ):
        found = verdict(finding, arms)
        assert (found.word != "not comparable") == equal


def test_an_arm_of_another_order_is_paired_by_name():
    """The same answers, written in another order, differ on no problem."""
    right = np.arange(90) % 3 == 0
    arm = answered(right)
    turned = replace(arm, scores=dict(reversed(arm.scores.items())))
    gap = verdict(ABOVE, {"a": arm, "b": turned}).numbers[0]
    assert gap.span.estimate == 0 and gap.p == 1.0
    assert (paired_table(arm, turned).gaps() == 0).all()
    first: Score = next(iter(turned.scores.values()))
    assert first.id == "p89"
