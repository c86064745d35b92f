"""What is published: two figures, the drop that follows, and nothing else that could be read."""

import pytest

from llmx.claims import known
from llmx.claims.reproduce.page import page
from llmx.claims.reproduce.words import said_missing
from llmx.config.compose import compose

PAPER = known.find("indata", ())


def test_two_figures_and_what_follows_from_them():
    easy, hard, drop = [one.value for one in PAPER.claims if one.value is not None]
    assert (easy, hard) == (97.3, 69.6) and drop == pytest.approx(easy - hard)
    assert [one.value for one in PAPER.claims[3:]] == [None] * 5


TESTED = {"levels_ordered", "drop", "planning_deficit", "refusals"}


def test_six_statements_of_which_the_recipe_tests_four():
    (stage,) = (one for one in compose("indata", []).stages if one.kind == "verdicts")
    asked = [one["id"] for one in stage.options["findings"]]
    findings = page(PAPER, [], {"indata": asked}).findings
    assert len(findings) == 6
    assert [one.grade for one in findings].count("paper") == 2
    assert {one.id for one in findings if one.tested_by == ("indata",)} == TESTED
    for one in (one for one in findings if not one.tested_by):
        assert said_missing(one) == f"No recipe tests it: it needs {one.needs}." and one.needs
