"""How numbers are written."""

import pytest

from llmx.core.figure import Span
from llmx.core.names import several
from llmx.report import numbers

CASES = {
    "none": (numbers.number(None), "–"),
    "true minus": (numbers.number(-1.25, 2), "−1.25"),
    "no negative zero": (numbers.number(-0.04), "0.0"),
    "percent": (numbers.percent(0.6149), "61.5"),
    "gain is signed": (numbers.points(0.031), "+3.1"),
    "loss is signed": (numbers.points(-0.031), "−3.1"),
    "zero is not signed": (numbers.points(0.0), "0.0"),
    "rounded to zero is not signed": (numbers.points(0.0002), "0.0"),
    "ten points": (numbers.points(0.1), "+10.0"),
    "accuracy": (numbers.percent_span(Span(estimate=0.5, low=0.41, high=0.6)), "50.0 (41.0–60.0)"),
    "difference": (
        numbers.points_span(Span(estimate=-0.03, low=-0.08, high=0.02)),
        "−3.0 (−8.0 to +2.0)",
    ),
    "without interval": (numbers.number_span(Span(estimate=1.234), 2), "1.23"),
    "open end": (numbers.number_span(Span(estimate=0.29, low=0.29), 2), "0.29 (at least 0.29)"),
    "no span": (numbers.number_span(None), "–"),
    "one": (several(1, "problem"), "1 problem"),
    "none of them": (several(0, "problem"), "0 problems"),
    "several": (several(4, "problem"), "4 problems"),
    "small p": (numbers.p_value(0.0004), "<0.001"),
    "p of one": (numbers.p_value(1.0), "1.000"),
}


@pytest.mark.parametrize(("found", "expected"), CASES.values(), ids=CASES)
def test_numbers(found, expected):
    assert found == expected
