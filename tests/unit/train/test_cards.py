"""Cards say what their models are, and the models that ship answer as their cards say."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import llmx
from llmx.train.card_text import render

ZOO = Path(str(llmx.__file__)).parent / "zoo"
WITH_FACTS = sorted(path.parent.name for path in ZOO.glob("*/about.json"))


def about(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ZOO / name / "about.json").read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("name", WITH_FACTS)
def test_a_card_that_ships_is_the_text_of_its_facts(name):
    assert (ZOO / name / "README.md").read_text(encoding="utf-8") == render(name, about(name))


@pytest.mark.parametrize("name", WITH_FACTS)
def test_the_counts_of_a_card_add_up(name):
    for measured in about(name)["measured"].values():
        pairs = measured["by_template"].values()
        assert sum(right for right, _ in pairs) == measured["correct"]
        assert sum(asked for _, asked in pairs) == measured["problems"]
        share = measured["correct"] / measured["problems"]
        assert measured["low"] <= share <= measured["high"]


def said(**data: Any) -> Iterator[str]:
    facts = about("arithmetic_all" if data["kind"] == "worked_arithmetic" else "gsm_draft")
    yield render("it", {**facts, "data": {**facts["data"], **data}})
    yield render("it", {**facts, "tokenizer": "zoo:gsm_target"})


@pytest.mark.parametrize("kind", ["gsm_symbolic", "worked_arithmetic"])
def test_a_card_says_what_was_learned_and_with_whose_tokenizer(kind):
    worked, taken = said(kind=kind)
    direct, _ = said(kind=kind, options={"skills": ["total"], "solutions": "none"})
    assert "loss on the solution only" in worked and "loss on the final answer only" in direct
    assert "at once" in direct and "at once" not in worked
    assert "tokenizer of zoo:gsm_target" in taken and "tokenizer of" not in worked
