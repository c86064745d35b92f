"""From a finding that a recipe names to its verdict.

A word that speaks of every arm falls where one of them has no figure, and one that rests on more
than what is compared falls too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from llmx.core.spec import SamplerSpec, unlike
from llmx.report.verdict.enough import enough
from llmx.report.verdict.evidence import Evidence
from llmx.report.verdict.finding_test import finding_test
from llmx.report.verdict.model import DECISIVE, Verdict, Word, rests_on
from llmx.report.verdict.schema import CONDITIONS, HEAD, SINGLE, arms_of, pairs_of
from llmx.report.verdict.testable import rests_on_nothing, testable, without_unfit


def verdicts_on(
    e: Evidence,
    findings: Iterable[Mapping[str, Any]],
    present: Sequence[str],
    samplers: Mapping[str, SamplerSpec | None],
) -> Iterator[Verdict]:
    """Yield what a run says of each finding, as all of its pages give it.

    Args:
        present: families that the run holds.
        samplers: of them, by family.
    """
    for finding in findings:
        verdict = like_for_like(run_test(e, finding, present), finding, samplers)
        empty = rests_on_nothing(verdict, finding, e)
        yield enough(verdict, finding, e) if empty is None else empty


def of_every_arm(
    verdict: Verdict, finding: Mapping[str, Any], e: Evidence, present: Sequence[str]
) -> Verdict:
    """Return the verdict with the arms named that it has no figure of, and no word that needs them.

    Args:
        present: families that the run holds.
    """
    word = finding_test(str(finding["test"])).of_all
    known = figured(verdict)
    asked = [*finding.get("arms", ()), *chain.from_iterable(finding.get("pairs", ()))]
    missing = [name for name in dict.fromkeys(asked) if name not in known]
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


def run_test(e: Evidence, finding: Mapping[str, Any], present: Sequence[str]) -> Verdict:
    """Return the verdict of a finding.

    An arm whose audit failed is left out; where it is the only one, the control or the reference,
    the verdict is withheld. Arms that a selection (``arms=[…]``) has left out are left out too.
    What is stated of every arm is not shown without one of them; see :func:`of_every_arm`. What
    the run cannot test is *not testable here*; see :mod:`llmx.report.verdict.testable`.

    Args:
        present: families that the run holds.
    """
    if _settings(finding, e) is None:
        return _tested(e, finding, present)
    fit = without_unfit(e, finding)
    return testable(_tested(fit, finding, present), finding, fit)


def _tested(e: Evidence, finding: Mapping[str, Any], present: Sequence[str]) -> Verdict:
    named = arms_of(finding)
    lost = tuple(name for name in named if name in e.failed)
    settings = _settings(finding, e)
    if settings is None:
        return _nothing(e, finding, lost, [name for name in named if name not in present])
    said = finding_test(str(finding["test"])).run(e, settings)
    verdict = of_every_arm(said, finding, e, present)
    used = _used(verdict, named, e)
    # A test that names no arms has read those of its verdict, failed ones among them.
    verdict = only_audited(verdict, used if named else verdict.arms, e)
    return verdict.model_copy(
        update={
            "id": finding["id"],
            "test": finding["test"],
            "statement": finding.get("statement", ""),
            "arms": tuple(used),
            "reason": verdict.reason + _of_one_seed(verdict) + _half(finding),
            **rests_on(verdict.numbers),
            "audited": all(name in e.audited for name in used),
            "withheld": lost,
        }
    )


def _of_one_seed(verdict: Verdict) -> str:
    """Say where one training is all there is: nobody knows what the next would have given."""
    lone = [number for number in verdict.numbers if number.lone]
    if verdict.word in (*DECISIVE, "not comparable") or not lone:
        return ""
    timed = all(number.rounds for number in lone)
    what = "Speed of trained models" if timed else "One seed of a training run"
    points = f", and it points to *{verdict.leans}*" if verdict.leans is not None else ""
    return f" {what}: indicative{points}."


def _half(finding: Mapping[str, Any]) -> str:
    """Say which part of its statement a finding tests, where it is not the whole."""
    return f" Tested is {finding['half']}." if "half" in finding else ""


def _used(verdict: Verdict, named: Sequence[str], e: Evidence) -> list[str]:
    """Return the arms that a verdict rests on: of those that a finding names, all with a figure."""
    if named and verdict.numbers:
        known = figured(verdict)
        return [name for name in named if name in known]
    return [name for name in named or verdict.arms if name in e.arms]


def _settings(finding: Mapping[str, Any], e: Evidence) -> dict[str, Any] | None:
    """Return the test's settings for the arms that there are; None where nothing is left."""
    return _without(finding, {name for name in arms_of(finding) if name not in e.arms})


def _without(finding: Mapping[str, Any], gone: set[str]) -> dict[str, Any] | None:
    """Return the test's settings without some arms; None where nothing is left to test."""
    settings = {k: v for k, v in finding.items() if k not in (*HEAD, *CONDITIONS)}
    if any(settings.get(field) in gone for field in SINGLE):
        return None
    for field in ("arms", "pairs"):
        if field in settings:
            given = settings[field]
            kept = [one for one in given if not gone & _named(one)]
            if not kept:
                return None
            settings[field] = {n: given[n] for n in kept} if isinstance(given, Mapping) else kept
    return settings


def _named(one: str | Sequence[str]) -> set[str]:
    return {one} if isinstance(one, str) else set(one)


def _nothing(
    e: Evidence, finding: Mapping[str, Any], lost: Sequence[str], absent: Sequence[str]
) -> Verdict:
    """Return the verdict of a finding whose arms are missing or may not be used."""
    audits = "; ".join(f"`{name}`: {e.failed[name]}" for name in lost)
    missing = ", ".join(f"`{name}`" for name in absent)
    reason = f"The audit failed: {audits}." if lost else f"The run leaves out {missing}."
    word = "withheld" if lost else "not comparable"
    return Verdict.model_validate(
        {
            "id": finding["id"],
            "test": finding["test"],
            "statement": finding.get("statement", ""),
            "word": word,
            "reason": reason,
            "withheld": tuple(lost),
        }
    )


SAYS_NOTHING: tuple[Word, ...] = ("not comparable", "withheld")


def only_audited(verdict: Verdict, rests_on: Iterable[str], e: Evidence) -> Verdict:
    """Return the verdict, withheld where an arm that it rests on has passed no audit.

    Args:
        rests_on: arms by family; a missing seed's audit counts as the arm's.
    """
    missing = [name for name in rests_on if name not in e.audited]
    if not missing or verdict.word in SAYS_NOTHING:
        return verdict
    names = ", ".join(f"`{name}`" for name in missing)
    failed = all(name in e.failed for name in missing)
    why = "The audit failed of" if failed else "No audit was passed by"
    reason = f"{why} {names}, so nothing is said. {verdict.reason}"
    withheld = {"word": "withheld", "reason": reason, "p": None, "leans": None}
    return verdict.model_copy(update=withheld)


def like_for_like(
    verdict: Verdict, finding: Mapping[str, Any], samplers: Mapping[str, SamplerSpec | None]
) -> Verdict:
    """Return the verdict, or *not comparable* where a pair differs in more than its rule.

    A baseline that samples beside an arm that is nearly greedy loses to greedy decoding, not to
    the rule of that arm. Figures stay, so that everybody can see what was measured.

    Args:
        samplers: of the arms of the run, by family.
    """
    known = figured(verdict)
    pairs = [pair for pair in pairs_of(finding) if known.issuperset(pair)]
    odd = {pair: unlike(*(samplers.get(name) for name in pair)) for pair in pairs}
    said = [f"`{one}` and `{two}` have {', '.join(why)}" for (one, two), why in odd.items() if why]
    if not said:
        return verdict
    reason = f"Not like for like: {'; '.join(said)}. {verdict.reason}"
    decided = verdict.word in DECISIVE or verdict.leans is not None
    fallen = {"word": "not comparable", "leans": None, "p": None} if decided else {}
    return verdict.model_copy(update={"reason": reason, **fallen})
