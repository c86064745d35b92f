"""The counts of an audit stand in the report, and what was not checked is not called 0."""

import pytest

from llmx.report.training.trained_on import cells, trained_on


def audit(**found: int | None):
    checks = [
        {"check": name.replace("_", " "), "passed": None if n is None else not n, "found": n or 0}
        for name, n in found.items()
    ]
    return {"rows": 1200, "tokens": {"with_loss": 34567}, "checks": checks}


def test_counts_are_those_of_the_checks():
    found = trained_on("sft", audit(truncated=3, without_end=2, duplicates=1, fed_as_shown=0))
    assert (found.cut, found.without_end, found.double, found.as_shown) == (3, 2, 1, True)
    assert cells(found) == ("sft", "1,200", "34,567", "3", "2", "1", "–", "yes")


@pytest.mark.parametrize(
    ("splits", "tested"),
    [
        ({}, None),
        ({"overlap_with_test": None}, None),
        ({"overlap_with_test": 0}, 0),
        ({"overlap_with_test": 2, "overlap_with_heldout": 3}, 5),
        ({"overlap_with_test": None, "overlap_with_heldout": 3}, 3),
    ],
)
def test_rows_that_are_tested_on(splits, tested):
    assert trained_on("grpo", audit(**splits)).tested == tested
