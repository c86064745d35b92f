"""The verdict tests that llmx brings, declared without what they compute with."""

from __future__ import annotations

from llmx.report.verdict.finding_test import FindingTest

_HERE = "llmx.report.verdict"

DROP = FindingTest(
    f"{_HERE}.levels:drop",
    frozenset({"arms", "bound", "by", "clustered", "levels", "metric"}),
    of_all="shown here",
    of_levels=True,
)
END_TO_END_SPEED = FindingTest(
    f"{_HERE}.over_rounds:end_to_end_speed", frozenset({"aim", "arms"}), of_all="contradicted here"
)
EQUIVALENT = FindingTest(
    f"{_HERE}.equivalence:equivalent_arms",
    frozenset({"arms", "clustered", "margin", "metric", "pairs", "reference"}),
    of_accuracy=True,
    of_all="shown here",
    together=True,
    must_fail=True,
)
INTERACTION = FindingTest(
    f"{_HERE}.interaction:interaction",
    frozenset({"by", "clustered", "metric", "pairs", "sure"}),
    of_accuracy=True,
    of_all="shown here",
)
LENGTH_INFLATION = FindingTest(
    f"{_HERE}.length:length_inflation", frozenset({"arms", "reference"}), of_all="contradicted here"
)
LOSSLESS = FindingTest(
    f"{_HERE}.equivalence:lossless",
    frozenset({"arm", "margin", "metric", "target"}),
    of_accuracy=True,
    together=True,
    must_fail=True,
)
MORE_ACCURATE = FindingTest(
    f"{_HERE}.gap:more_accurate",
    frozenset({"arms", "clustered", "control", "metric", "pairs"}),
    of_accuracy=True,
    of_all="shown here",
)
ORDERED = FindingTest(
    f"{_HERE}.levels:ordered",
    frozenset({"arms", "by", "clustered", "levels", "metric"}),
    of_all="shown here",
    of_levels=True,
)
STEADIER = FindingTest(
    f"{_HERE}.steadier:steadier",
    frozenset({"arms", "control", "measure"}),
    of_accuracy=True,
    of_all="shown here",
)
