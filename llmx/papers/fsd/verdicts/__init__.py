"""Verdict tests of fuzzy speculative decoding, declared without what they compute with."""

from __future__ import annotations

from llmx.report.verdict.finding_test import FindingTest

_HERE = "llmx.papers.fsd.verdicts"

BEATS_CONTROL = FindingTest(
    f"{_HERE}.beats_control:beats_control",
    frozenset({"arms", "control", "metric", "share_tolerance"}),
    of_accuracy=True,
    of_all="shown here",
)
COSTS_AND_GAINS = FindingTest(f"{_HERE}.costs:costs_and_gains", frozenset({"metric", "pairs"}))
NON_INFERIOR_AND_FASTER = FindingTest(
    f"{_HERE}.non_inferior:non_inferior_and_faster",
    frozenset({"aim", "arms", "margin", "metric", "reference"}),
    of_accuracy=True,
    must_fail=True,
)
RANKING_AT_EQUAL_SHARE = FindingTest(
    f"{_HERE}.ranking:ranking_at_equal_share",
    frozenset({"arms", "metric", "share_tolerance"}),
    of_accuracy=True,
)
THRESHOLD_TRANSFER = FindingTest(f"{_HERE}.transfer:threshold_transfer", frozenset({"tolerance"}))
