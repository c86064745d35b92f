"""What is published: two figures, the drop that follows, and nothing else that could be read."""

import pytest

from llmx.claims import known
from llmx.claims.reproduce.page import page
from llmx.claims.reproduce.words import said_missing

PAPER = known.find("indata", ())


def test_two_figures_and_what_follows_from_them():
    easy, hard, drop = [one.value for one in PAPER.claims if one.value is not None]
    assert (easy, hard) == (97.3, 69.6) and drop == pytest.approx(easy - hard)
    assert [one.value for one in PAPER.claims[3:]] == [None] * 5


def test_six_statements_each_say_what_they_need():
    findings = page(PAPER, [], {}).findings
    assert len(findings) == 6
    assert [one.grade for one in findings].count("paper") == 2
    for one in findings:
        assert said_missing(one) == f"No recipe tests it: it needs {one.needs}." and one.needs
