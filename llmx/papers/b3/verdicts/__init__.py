"""Verdict tests on batches, declared without what they compute with."""

from __future__ import annotations

from llmx.report.verdict.finding_test import FindingTest

_HERE = "llmx.papers.b3.verdicts"

BATCH_EQUIVALENCE = FindingTest(
    f"{_HERE}.batch_equivalence:batch_equivalence",
    frozenset({"arms", "bound", "control", "pairs"}),
    of_all="shown here",
)
CHEAPER_AT_EQUAL_QUALITY = FindingTest(
    f"{_HERE}.cheaper:cheaper_at_equal_quality",
    frozenset({"arms", "bound", "control", "cost", "pairs"}),
    of_all="shown here",
)
GREATER_GAIN = FindingTest(
    f"{_HERE}.greater_gain:greater_gain",
    frozenset({"clustered", "metric", "pairs", "sure"}),
    of_accuracy=True,
    together=True,
)
OPTIMUM_INSIDE = FindingTest(
    f"{_HERE}.optimum_inside:optimum_inside",
    frozenset({"arms", "clustered", "metric"}),
    of_accuracy=True,
)
