"""Can a run test a statement at all? Where it cannot, no word is given for it or against it.

Four things stand in the way, each with a number that says so: an arm at the floor or the ceiling,
outputs that do not do what the statement speaks of, a control that passes what it should fail, and
a correlation over arms of which training moved none. A run whose settings were chosen on its test
problems can be wrong in another way: its verdicts are exploratory.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from llmx.core.metric import RIGHT
from llmx.report.figures import names
from llmx.report.verdict.evidence import Evidence
from llmx.report.verdict.finding_test import finding_test
from llmx.report.verdict.floor import at_a_limit
from llmx.report.verdict.model import Number, Verdict, Word, rests_on
from llmx.report.verdict.moved import nothing_moved
from llmx.report.verdict.must_fail import does_not_fail
from llmx.report.verdict.power import with_power
from llmx.report.verdict.schema import arms_of
from llmx.report.verdict.traces import no_whole_traces
from llmx.report.verdict.unfit import Unfit, Why, named

JUDGED: tuple[Word, ...] = ("shown here", "not shown here", "contradicted here", "indicative")
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
    if not finding_test(str(finding["test"])).of_accuracy:
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
    if e.tuned_on == "validation" or verdict.word not in JUDGED:
        return verdict
    reason = (
        f"{verdict.reason} Settings were chosen on the test problems, so that this is exploratory:"
        f" else it would read *{verdict.word}*."
    )
    return verdict.model_copy(update={"word": "exploratory", "reason": reason, **_WITHOUT_WORD})
