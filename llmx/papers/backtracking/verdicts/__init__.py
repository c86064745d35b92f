"""Verdict tests on warm-ups and reinforcement learning, declared without what they compute with."""

from __future__ import annotations

from llmx.report.verdict.finding_test import FindingTest

_HERE = "llmx.papers.backtracking.verdicts"

OPTIMUM = FindingTest(
    f"{_HERE}.optimum:optimum",
    frozenset({"arms", "expected", "metric"}),
    of_accuracy=True,
    together=True,
)
POOR_PREDICTOR = FindingTest(f"{_HERE}.predictor:poor_predictor", frozenset({"bound"}))
