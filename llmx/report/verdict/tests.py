"""The verdict tests that llmx brings, declared without what they compute with."""

from __future__ import annotations

from llmx.report.verdict.finding_test import FindingTest

_HERE = "llmx.report.verdict"

BEATS_CONTROL = FindingTest(
    f"{_HERE}.beats_control:beats_control",
    frozenset({"arms", "control", "metric", "share_tolerance"}),
    of_accuracy=True,
    of_all="shown here",
)
COSTS_AND_GAINS = FindingTest(f"{_HERE}.costs:costs_and_gains", frozenset({"metric", "pairs"}))
END_TO_END_SPEED = FindingTest(
    f"{_HERE}.end_to_end:end_to_end_speed", frozenset({"aim", "arms"}), of_all="contradicted here"
)
EQUIVALENT = FindingTest(
    f"{_HERE}.equivalent_arms:equivalent_arms",
    frozenset({"arms", "margin", "metric", "reference"}),
    of_accuracy=True,
    of_all="shown here",
    together=True,
    must_fail=True,
)
FIRST_TOKEN_CUT = FindingTest(
    f"{_HERE}.first_token:first_token_cut", frozenset({"aim", "arms"}), of_all="contradicted here"
)
LENGTH_INFLATION = FindingTest(
    f"{_HERE}.length:length_inflation", frozenset({"arms", "reference"}), of_all="contradicted here"
)
LOSSLESS = FindingTest(
    f"{_HERE}.lossless:lossless",
    frozenset({"arm", "margin", "metric", "target"}),
    of_accuracy=True,
    together=True,
    must_fail=True,
)
MORE_ACCURATE = FindingTest(
    f"{_HERE}.more_accurate:more_accurate",
    frozenset({"arms", "control", "metric"}),
    of_accuracy=True,
    of_all="shown here",
)
NON_INFERIOR_AND_FASTER = FindingTest(
    f"{_HERE}.non_inferior:non_inferior_and_faster",
    frozenset({"aim", "arms", "margin", "metric", "reference"}),
    of_accuracy=True,
    must_fail=True,
)
OPTIMUM = FindingTest(
    f"{_HERE}.optimum:optimum",
    frozenset({"arms", "expected", "metric"}),
    of_accuracy=True,
    together=True,
)
POOR_PREDICTOR = FindingTest(f"{_HERE}.predictor:poor_predictor", frozenset({"bound"}))
RANKING_AT_EQUAL_SHARE = FindingTest(
    f"{_HERE}.ranking:ranking_at_equal_share",
    frozenset({"arms", "metric", "share_tolerance"}),
    of_accuracy=True,
)
STEADIER = FindingTest(
    f"{_HERE}.steadier:steadier",
    frozenset({"arms", "control", "measure"}),
    of_accuracy=True,
    of_all="shown here",
)
THRESHOLD_TRANSFER = FindingTest(f"{_HERE}.transfer:threshold_transfer", frozenset({"tolerance"}))
