"""Is a control that should fail shown to fail? Else the world cannot tell what is asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmx.report.numbers import points_span
from llmx.report.timing import as_span
from llmx.report.verdict.evidence import Evidence
from llmx.report.verdict.gap import counts
from llmx.report.verdict.lossless import equivalent
from llmx.report.verdict.model import Number, Verdict
from llmx.report.verdict.unfit import Why

MARGIN = 0.02
"""What `lossless` and `non_inferior_and_faster` take where a finding gives no margin."""


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
    table = e.pair(name, against) if name in e.arms else None
    if table is None:
        return Why(f"`{name}`, which has to fail, has nothing to compare with `{against}`.")
    margin = float(finding.get("margin", MARGIN))
    found = equivalent(table, margin)
    if found.interval.below(-margin):
        return None
    span = as_span(found.interval)
    number = Number(
        what="accuracy difference of the control, 90 %",
        arm=name,
        against=against,
        span=span,
        unit="points",
        p=found.p_non_inferior,
        **counts(table),
    )
    said = "passes" if found.non_inferior else "is not shown to"
    return Why(
        f"`{name}` has to fail and {said}: it is {points_span(span)} points from `{against}` (90 %"
        f" interval), with a margin of {100 * margin:g} points. So these problems do not tell.",
        (number,),
    )
