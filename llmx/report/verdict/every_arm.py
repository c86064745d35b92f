"""A word that speaks of every arm falls where one of them has no figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from llmx.report.verdict.evidence import Evidence
from llmx.report.verdict.finding_test import finding_test
from llmx.report.verdict.model import Verdict


def of_every_arm(
    verdict: Verdict, finding: Mapping[str, Any], e: Evidence, present: Sequence[str]
) -> Verdict:
    """Return the verdict with the arms named that it has no figure of, and no word that needs them.

    Args:
        present: families that the run holds.
    """
    word = finding_test(str(finding["test"])).of_all
    known = figured(verdict)
    missing = [name for name in finding.get("arms", ()) if name not in known]
    if word is None or not missing or not verdict.numbers:
        return verdict
    named = ", ".join(f"`{name}` ({_why(name, e, present)})" for name in missing)
    reason = f"{verdict.reason} Nothing is said of every arm: there is no figure of {named}."
    if word not in (verdict.word, verdict.leans):
        return verdict.model_copy(update={"reason": reason})
    nothing = {"word": "not shown here", "leans": None, "p": None}
    return verdict.model_copy(update={"reason": reason, **nothing})


def figured(verdict: Verdict) -> set[str]:
    """Return the arms that the figures of a verdict are of, or are taken against."""
    ends = [end for number in verdict.numbers for end in (number.arm, number.against)]
    return {end for end in ends if end is not None}


def _why(name: str, e: Evidence, present: Sequence[str]) -> str:
    if name in e.failed:
        return "its audit failed"
    if name in e.unfit:
        return "it decides nothing"
    return "nothing of it to compare" if name in present else "the run leaves it out"
