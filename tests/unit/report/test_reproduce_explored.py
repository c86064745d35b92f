"""What a paper's page shows of an exploration."""

import json
from base64 import b64decode
from dataclasses import replace
from pathlib import Path

import pytest

from llmx.claims.reproduce.card import Card
from llmx.claims.reproduce.shown import drift_sentence, picture_address
from llmx.claims.reproduce.stored import Stored
from llmx.report.figures.others import of_exploration
from llmx.report.results import Results

CARD = Card.model_construct(recipe="r")
STORED = Stored(Path(), CARD, Results(title="t", rows=()), (), (), None, {})


def stored(**texts: str) -> Stored:
    return replace(STORED, texts={name.replace("_", "."): text for name, text in texts.items()})


def explored(text: str) -> Stored:
    return replace(STORED, figures=of_exploration(json.loads(text)))


def drifted(*gaps: float) -> str:
    rows = [
        {"arm": f"a{place}", "whole": {"estimate": gap, "low": gap - 0.01, "high": gap + 0.01}}
        for place, gap in enumerate(gaps)
    ]
    return json.dumps({"transfer": [], "drift": rows})


def test_the_drift_is_a_mean_and_its_furthest_arm() -> None:
    said = drift_sentence(explored(drifted(-0.02, 0.01, -0.05)))
    assert "3 arms are −2.0 points" in said
    assert "`a2`: −5.0 (−6.0 to −4.0)" in said


@pytest.mark.parametrize("text", ["{}", drifted()])
def test_without_a_drift_nothing_is_said(text: str) -> None:
    assert drift_sentence(explored(text)) == ""
    assert drift_sentence(STORED) == ""


def test_a_foreign_picture_is_an_image_and_no_markup() -> None:
    drawn = "<svg><script>alert(1)</script></svg>"
    address = picture_address(stored(explore_svg=drawn))
    assert "<" not in address
    assert b64decode(address.partition("base64,")[2]).decode() == drawn
    assert picture_address(STORED) == ""
