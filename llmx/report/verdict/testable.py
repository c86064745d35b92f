"""Can a run test a statement at all? Where it cannot, no word is given for it or against it.

Four things stand in the way, each with a number that says so: an arm at the floor or the ceiling,
outputs that do not do what the statement speaks of, a control that passes what it should fail, and
a correlation over arms of which training moved none. A run whose settings were chosen on its test
problems can be wrong in another way: its verdicts are exploratory. Wherever nothing was shown, it
is said what a run of this size could have shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from llmx.core.figure import Figure
from llmx.core.record import ACCURACY, RIGHT
from llmx.report.figures import names
from llmx.report.numbers import (
    amount,
    gap_words,
    margin_words,
    p_value,
    percent,
    percent_span,
    points_span,
)
from llmx.report.timing import as_span
from llmx.report.verdict.decide import LEVEL
from llmx.report.verdict.equivalence import equivalent
from llmx.report.verdict.evidence import Evidence, Unfit, Why, named
from llmx.report.verdict.finding_test import finding_test
from llmx.report.verdict.floor import at_a_limit
from llmx.report.verdict.gap import detectable, gap_number
from llmx.report.verdict.levels import level_at_a_limit
from llmx.report.verdict.model import Number, Verdict, Word, rests_on
from llmx.report.verdict.schema import EQUIVALENCE, LEVELS, MARGIN, OPTIMA, POWER, TRAIT, arms_of
from llmx.stats.interval import normal_quantile, two_sided_z
from llmx.stats.multiple import holm


def does_not_fail(verdict: Verdict, finding: Mapping[str, Any], e: Evidence) -> Why | None:
    """Return why nothing is learned of an equivalence: ``must_fail`` is not shown to fail.

    It fails where its whole 90 % interval lies more than the margin below the target or reference
    (one-sided at 5 %, as strict as the arm's own test). An arm that loses more than the margin is
    contradicted whatever the control does.
    """
    name = finding.get("must_fail")
    if name is None or verdict.word == "contradicted here":
        return None
    against = str(finding.get("target") or finding.get("reference"))
    metric = e.metric(str(finding.get("metric", ACCURACY)))
    table = e.pair(name, against, metric) if name in e.arms else None
    if table is None:
        return Why(f"`{name}`, which has to fail, has nothing to compare with `{against}`.")
    margin = float(finding.get("margin", MARGIN))
    found = equivalent(table, margin, metric, bool(finding.get("clustered")))
    worse, kept = found.interval.below(-margin), found.non_inferior
    if metric.signed < 0:
        worse, kept = found.interval.above(margin), found.interval.below(margin)
    if worse:
        return None
    span = as_span(found.interval)
    p = found.p_non_inferior if metric.signed > 0 else None
    number = gap_number(metric, name, against, span, p, table, " of the control, 90 %")
    said = "passes" if kept else "is not shown to"
    return Why(
        f"`{name}` has to fail and {said}: it is {gap_words(span, metric)} from `{against}` (90 %"
        f" interval), with a margin of {margin_words(margin, metric)}. So these problems do not"
        " tell.",
        (number,),
    )


DIFFERENCE = ("beats_control", "drop", "more_accurate", "ordered", *OPTIMA)


def with_power(verdict: Verdict, finding: Mapping[str, Any]) -> Verdict:
    """Return a verdict that shows nothing with what would have been found; others as they are."""
    if verdict.word != "not shown here":
        return verdict
    metric = finding.get("metric", ACCURACY)
    spans = [one for one in verdict.numbers if one.what.startswith(f"{metric} difference")]
    said = ""
    if spans and finding["test"] in DIFFERENCE:
        said = _difference(spans)
    elif spans and finding["test"] in EQUIVALENCE:
        said = _equivalence(spans, float(finding.get("margin", MARGIN)))
    return verdict.model_copy(update={"reason": verdict.reason + said}) if said else verdict


def _difference(numbers: Sequence[Number]) -> str:
    """Say which difference is found in four runs of five, by the widest of the intervals."""
    least = max(detectable(number.span) for number in numbers)
    what = amount(least, numbers[0].unit)
    return f" A difference of {what} is found in {percent(POWER, 0)} % of runs."


def _equivalence(numbers: Sequence[Number], margin: float) -> str:
    """Say so where equal arms would be shown equivalent in fewer than four runs of five.

    Of equal arms the 90 % interval lies inside the margin with 80 % power where half of its width
    is at most margin · z(95 %) / (z(95 %) + z(90 %)), by the normal law (Chow, Shao and Wang 2008,
    chapter 3). The narrowest of the intervals counts: one arm is enough.
    """
    z = two_sided_z(0.9)
    asked = margin * z / (z + normal_quantile((1 + POWER) / 2))
    half = min((_half(number) for number in numbers), default=0.0)
    if half <= asked:
        return ""
    unit = numbers[0].unit
    have = percent(half) if unit == "points" else amount(half, unit)
    return (
        f" At this size fewer than {percent(POWER, 0)} % of runs show equal arms to be so: that"
        f" takes an interval of ± {amount(asked, unit)}, and this one has ± {have}."
    )


def _half(number: Number) -> float:
    low, high = number.span.low, number.span.high
    return 0.0 if low is None or high is None else (high - low) / 2


LEAST = 0.5
"""Share of an arm's outputs after training that have to be whole traces: half."""


def no_whole_traces(e: Evidence, name: str) -> Unfit | None:
    """Return why an arm is no evidence on backtracks; None where half of its outputs are traces.

    A whole trace is one whose every step was replayed and holds, to the right answer. An arm of
    which the run does not say how many there are is no evidence either.
    """
    found = e.figures.find(f"{names.WHOLE} after", name)
    if found is None:
        return Unfit(name, "the run does not say how many of its outputs are whole traces", ())
    whole = found.span
    if whole.estimate >= LEAST:
        return None
    why = f"{percent_span(whole)} % of its outputs are whole traces, asked are {percent(LEAST, 0)}"
    return Unfit(name, why, (Number(what=names.WHOLE, arm=name, span=whole, unit="share"),))


def nothing_moved(finding: Mapping[str, Any], e: Evidence) -> Why | None:
    """Return why a correlation of before and after says nothing; None for any other test.

    Over the arms of the correlation (those broken on purpose are not among them) at least one has
    to have moved: an interval of after minus before without 0, and p after Holm over the arms. Both
    count seeds where there are several.
    """
    known = e.figures.find(names.RELIABLE_BEFORE, names.ALL)
    if finding["test"] != "poor_predictor" or known is None:
        return None
    gains = e.figures.of(names.GAIN, known.over)
    found = [(arm, arm.p) for arm in gains if arm.p is not None]
    adjusted = holm([p for _, p in found])
    if any(p < LEVEL and _beyond(arm) for (arm, _), p in zip(found, adjusted, strict=True)):
        return None
    pairs = sorted(zip(adjusted, (arm for arm, _ in found), strict=True), key=lambda pair: pair[0])
    nearest = f"; nearest: {_said(pairs[0][1], pairs[0][0])}" if pairs else ""
    return Why(
        "The correlation is that of an accuracy with itself: training is not shown to move any of"
        f" {len(known.over)} arms{nearest}.",
        tuple(_number(arm, p) for p, arm in pairs),
    )


def _beyond(arm: Figure) -> bool:
    return arm.span.above(0) or arm.span.below(0)


def _said(arm: Figure, p: float) -> str:
    return f"`{arm.arm}` by {points_span(arm.span)} points, p {p_value(p)} (Holm)"


def _number(arm: Figure, p: float) -> Number:
    return Number(what=names.GAIN, arm=arm.arm, span=arm.span, unit="points", p=p)


DECIDED: tuple[Word, ...] = ("shown here", "not shown here", "contradicted here", "indicative")
"""Words that say something of a statement."""

_WITHOUT_WORD = {"p": None, "leans": None}
"""What goes with a word goes where the word goes."""


def without_unfit(e: Evidence, finding: Mapping[str, Any]) -> Evidence:
    """Return the evidence without the arms of a finding that decide nothing; see `Evidence.unfit`.

    An arm that was broken on purpose is meant to fall: it stays, whatever it can do. So does the
    control of `beats_control`, which accepts at random.
    """
    exempt = {*e.figures.marked(names.BROKEN), _random_control(finding)}
    asked = [name for name in arms_of(finding) if name in e.arms and name not in exempt]
    found = {name: one for name in asked if (one := _unfit(e, finding, name)) is not None}
    arms = {name: files for name, files in e.arms.items() if name not in found}
    return replace(e, arms=arms, unfit=found)


def _random_control(finding: Mapping[str, Any]) -> str:
    return str(finding["control"]) if finding["test"] == "beats_control" else ""


def _unfit(e: Evidence, finding: Mapping[str, Any], name: str) -> Unfit | None:
    if finding.get("needs") == "whole_traces" and (one := no_whole_traces(e, name)) is not None:
        return one
    test = finding_test(str(finding["test"]))
    if test.of_levels:
        metric = e.metric(str(finding.get("metric", RIGHT.name)))
        return level_at_a_limit(e, name, str(finding[TRAIT]), finding[LEVELS], metric)
    if not test.of_accuracy:
        return None
    return at_a_limit(name, e.arm(name), e.metric(str(finding.get("metric", RIGHT.name))))


def testable(verdict: Verdict, finding: Mapping[str, Any], e: Evidence) -> Verdict:
    """Return the verdict of a finding, or why the run cannot give one.

    Args:
        verdict: of the evidence without its unfit arms.
        e: that evidence.
    """
    if verdict.word == "withheld":
        return verdict
    together = finding_test(str(finding["test"])).together
    if e.unfit and (together or verdict.word == "not comparable"):
        reason = f"Nothing is decided: {named(e.unfit.values())}."
        return _not_testable(verdict, finding, e, Why(reason, _all(e)))
    if verdict.word == "not comparable":
        return verdict
    for why in (does_not_fail(verdict, finding, e), nothing_moved(finding, e)):
        if why is not None:
            numbers = (*verdict.numbers, *why.numbers)
            return _not_testable(verdict, finding, e, Why(why.reason, numbers))
    return _explored(_left_out(with_power(verdict, finding), e), e)


def rests_on_nothing(verdict: Verdict, finding: Mapping[str, Any], e: Evidence) -> Verdict | None:
    """Return that a finding cannot be tested where a training behind it had no signal; else None.

    What such an arm does is what the model before it did: a verdict on it says nothing of training.
    """
    ends = {end for number in verdict.numbers for end in (number.arm, number.against)}
    empty = [one for one in e.unlearned if one in {*arms_of(finding), *verdict.arms, *ends}]
    if not empty or verdict.word in ("not comparable", "withheld"):
        return None
    said = "; ".join(f"`{name}` was trained without signal: {e.unlearned[name]}" for name in empty)
    return _not_testable(verdict, finding, e, Why(f"{said}.", verdict.numbers))


def _all(e: Evidence) -> tuple[Number, ...]:
    return tuple(number for one in e.unfit.values() for number in one.numbers)


def _not_testable(verdict: Verdict, finding: Mapping[str, Any], e: Evidence, why: Why) -> Verdict:
    ends = {end for number in why.numbers for end in (number.arm, number.against)}
    arms = tuple(name for name in arms_of(finding) if name in ends) or verdict.arms
    return verdict.model_copy(
        update={
            "word": "not testable here",
            "reason": why.reason,
            "numbers": why.numbers,
            "arms": arms,
            "audited": all(name in e.audited for name in arms),
            **rests_on(why.numbers),
            **_WITHOUT_WORD,
        }
    )


def _left_out(verdict: Verdict, e: Evidence) -> Verdict:
    if not e.unfit:
        return verdict
    reason = f"{verdict.reason} Left out, as it decides nothing: {named(e.unfit.values())}."
    return verdict.model_copy(update={"reason": reason, "numbers": (*verdict.numbers, *_all(e))})


def _explored(verdict: Verdict, e: Evidence) -> Verdict:
    if e.tuned_on == "validation" or verdict.word not in DECIDED:
        return verdict
    reason = (
        f"{verdict.reason} Settings were chosen on the test problems, so that this is exploratory:"
        f" else it would read *{verdict.word}*."
    )
    return verdict.model_copy(update={"word": "exploratory", "reason": reason, **_WITHOUT_WORD})
