"""Is a control that should fail shown to fail? Else the world cannot tell what is asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmx.core.record import ACCURACY
from llmx.report.metric_words import gap_words, margin_words
from llmx.report.timing import as_span
from llmx.report.verdict.evidence import Evidence
from llmx.report.verdict.gap import gap_number
from llmx.report.verdict.lossless import equivalent
from llmx.report.verdict.model import Verdict
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
    metric = e.metric(str(finding.get("metric", ACCURACY)))
    table = e.pair(name, against, metric) if name in e.arms else None
    if table is None:
        return Why(f"`{name}`, which has to fail, has nothing to compare with `{against}`.")
    margin = float(finding.get("margin", MARGIN))
    found = equivalent(table, margin, metric)
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
