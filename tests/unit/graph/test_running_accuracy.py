"""Answers are scored as they come, for whoever watches; nothing rests on it."""

import json
import time

import pytest

from llmx.core.progress import Silent
from llmx.core.spec import StageSpec
from llmx.graph.graph import CACHE, build_graph, entry_of
from llmx.graph.observer import SilentObserver
from llmx.graph.parts import scored_in
from llmx.runs.run import run
from llmx.scoring.gsm import GsmScorer

TWO_SCORES = (
    StageSpec(name="generate", kind="decode"),
    StageSpec(name="score", kind="score", needs=("generate",)),
    StageSpec(name="score_again", kind="score", needs=("generate",)),
)


class Bar(Silent):
    def __init__(self, title: str, seen: list) -> None:
        self.title, self.seen = title, seen

    def scored(self, correct: int, of: int) -> None:
        self.seen.append((self.title, correct, of))


class Watching(SilentObserver):
    def __init__(self) -> None:
        self.seen: list[tuple[str, int, int]] = []
        self.order: list[str] = []

    def started(self, title: str) -> Bar:
        return Bar(title, self.seen)

    def finished(self, title: str, seconds: float) -> None:
        self.order.append(title)

    def of(self, title: str) -> list[tuple[int, int]]:
        return [(correct, of) for name, correct, of in self.seen if name == title]


@pytest.fixture
def watching() -> Watching:
    return Watching()


def test_while_generating_and_while_scoring_the_same_is_told(recipe, runs, watching) -> None:
    run(recipe(), runs=runs, workers=1, observer=watching)
    for arm in "ab":
        entry = entry_of(runs / CACHE, build_graph(recipe()).find("score", arm))
        summary = json.loads((entry.folder / "summary.json").read_text())
        right = summary["correct"], summary["problems"]
        assert watching.of(f"generate {arm}")[-1] == watching.of(f"score {arm}")[-1] == right
        assert scored_in(entry) == right
        counts = [of for _, of in watching.of(f"generate {arm}")]
        assert counts == sorted(counts)


def test_a_score_follows_right_behind_its_answers(recipe, runs, watching) -> None:
    run(recipe(), runs=runs, workers=1, observer=watching)
    assert watching.order == ["generate a", "score a", "generate b", "score b", "report"]


def test_a_slow_scorer_is_asked_once(recipe, runs, watching, monkeypatch) -> None:
    asked = []

    def slow(self, record, sample):
        asked.append(record.id)
        time.sleep(0.06)
        return scored(self, record, sample)

    scored = GsmScorer.score
    monkeypatch.setattr(GsmScorer, "score", slow)
    run(recipe({"a": recipe().arms["a"]}), runs=runs, workers=1, observer=watching)
    assert len(asked) == 1 + 6 and len(watching.of("generate a")) == 1


def test_a_scorer_that_asks_others_is_left_alone(recipe, runs, watching, monkeypatch) -> None:
    monkeypatch.setattr(GsmScorer, "instant", False, raising=False)
    run(recipe(), runs=runs, workers=1, observer=watching)
    assert watching.of("generate a") == [] and watching.seen != []


def test_an_error_of_a_scorer_is_that_of_its_stage(recipe, runs, watching, monkeypatch) -> None:
    monkeypatch.setattr(GsmScorer, "score", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run(recipe(), runs=runs, workers=1, observer=watching)
    assert watching.order == ["generate a"] and watching.seen == []


def test_of_two_scorers_neither_is_the_one(recipe, runs, watching) -> None:
    run(recipe(stages=TWO_SCORES), runs=runs, workers=1, observer=watching)
    assert watching.of("generate a") == [] and watching.seen != []
