"""Verdict tests on inference-time scaling, declared without what they compute with."""

from __future__ import annotations

from llmx.report.verdict.finding_test import FindingTest

_HERE = "llmx.papers.inference_scaling.verdicts"

AT_LEAST = FindingTest(
    f"{_HERE}.at_least:at_least",
    frozenset({"arms", "cost", "margin", "method", "more", "than"}),
    of_all="shown here",
    version=2,  # what a model cannot follow is left out
)
FEATURE_VOTE = FindingTest(
    f"{_HERE}.feature_vote:feature_vote",
    frozenset({"arms", "features"}),
    of_all="contradicted here",
)
MARKERS_WHEN_RIGHT = FindingTest(
    f"{_HERE}.shorter_when_right:markers_when_right",
    frozenset({"arms", "filings", "markers", "more", "within"}),
    of_all="shown here",
)
NEVER_CATCHES_UP = FindingTest(
    f"{_HERE}.never_catches_up:never_catches_up",
    frozenset({"pairs", "times"}),
)
SATURATES = FindingTest(
    f"{_HERE}.saturates:saturates", frozenset({"arms", "bound"}), of_all="shown here"
)
SHORTER_WHEN_RIGHT = FindingTest(
    f"{_HERE}.shorter_when_right:shorter_when_right",
    frozenset({"arms", "within"}),
    of_all="shown here",
)
TRUNCATION_HURTS = FindingTest(
    f"{_HERE}.truncation_hurts:truncation_hurts",
    frozenset({"kept", "margin", "pairs"}),
    version=2,
)
