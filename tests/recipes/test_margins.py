"""One margin for all papers: what "as accurate" means does not change from page to page."""

from functools import cache
from pathlib import Path

import yaml

from llmx.report.verdict.finding_test import finding_test
from llmx.report.verdict.testable import MARGIN

RECIPES = Path(__file__).parents[2] / "recipes"


@cache
def findings():
    """Return (recipe, finding) for every verdict that some recipe asks for."""
    found = []
    for path in sorted(RECIPES.glob("*/*.yaml")):
        stages = yaml.safe_load(path.read_text(encoding="utf-8")).get("stages") or {}
        for stage in stages.values():
            found += [(path.stem, finding) for finding in (stage or {}).get("findings", ())]
    return found


def test_every_recipe_judges_equality_by_the_same_margin():
    asked = [
        (name, one) for name, one in findings() if "margin" in finding_test(one["test"]).fields
    ]
    assert len({name for name, _ in asked}) > 5  # of all three papers
    other = {(name, one["id"]) for name, one in asked if one.get("margin", MARGIN) != MARGIN}
    assert MARGIN == 0.02 and not other


def test_what_covers_half_of_a_statement_says_which():
    """What a larger chunk costs and gains; what a prefix cache keeps and loses."""
    two = {"first_chunk", "cached_layout"}
    known = {one["id"]: one for _, one in findings() if one["id"] in two}
    assert known.keys() == two and all("half" in one for one in known.values())


def test_an_equivalence_of_an_ensemble_has_a_control_that_reads_no_draft():
    kept = [
        one
        for name, one in findings()
        if name.startswith("staircase") and one["test"] == "lossless"
    ]
    assert kept and all(one["must_fail"] == "reader" for one in kept)
