"""Verdict tests of staircase streaming, declared without what they compute with."""

from __future__ import annotations

from llmx.report.verdict.finding_test import FindingTest

_HERE = "llmx.papers.staircase.verdicts"

FIRST_TOKEN_CUT = FindingTest(
    f"{_HERE}.first_token:first_token_cut", frozenset({"aim", "arms"}), of_all="contradicted here"
)
