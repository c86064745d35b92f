"""What a worker's stage tells of itself reaches the line of the process that shows it."""

import json

import pytest

from llmx.cli.progress import Course
from llmx.core.progress import Silent
from llmx.graph import parts as module
from llmx.graph.graph import build_graph
from llmx.graph.observer import SilentObserver
from llmx.graph.parts import Glance, SharedProgress, glance
from llmx.graph.workers import ProgressView
from llmx.store.cache import PROGRESS, Entry


class Bar(Silent):
    def __init__(self) -> None:
        self.notes: list[str] = []
        self.moved = 0

    def note(self, text: str) -> None:
        self.notes.append(text)

    def advance(self, amount: int = 1) -> None:
        self.moved += amount


class Bars(SilentObserver):
    def __init__(self) -> None:
        self.bar = Bar()

    def started(self, title: str) -> Bar:
        return self.bar


@pytest.fixture
def always(monkeypatch):
    monkeypatch.setattr(module, "_EVERY", -1.0)


def test_loss_and_reward_of_a_worker_are_shown(recipe, tmp_path, always):
    (node, *_) = build_graph(recipe())
    entry = Entry(tmp_path, node.stage.kind, node.fingerprint)
    told, bars = SharedProgress(Silent(), entry.begin()), Bars()
    view = ProgressView(tmp_path, bars)
    told.start(30)
    told.advance(2)
    told.note("loss 0.5, reward 0.25")
    view.refresh([node])
    told.advance(3)
    view.refresh([node])
    assert glance(entry) == Glance(5, 30, "loss 0.5, reward 0.25")
    assert bars.bar.notes[-1] == "loss 0.5, reward 0.25" and bars.bar.moved == 3


@pytest.mark.parametrize("text", ["", "{", "{}", '{"done": 1}', '{"done": "x", "total": 2}'])
def test_a_file_that_is_not_whole_says_nothing(tmp_path, text):
    entry = Entry(tmp_path, "decode", "abc")
    (entry.begin() / PROGRESS).write_text(text)
    assert glance(entry) == Glance()


def test_a_file_of_an_older_process_has_no_line(tmp_path):
    entry = Entry(tmp_path, "decode", "abc")
    (entry.begin() / PROGRESS).write_text(json.dumps({"done": 1, "total": 2}))
    assert glance(entry) == Glance(1, 2)


def test_a_worker_s_unit_and_scores_are_shown(recipe, tmp_path, always):
    (node, *_) = build_graph(recipe())
    entry = Entry(tmp_path, node.stage.kind, node.fingerprint)
    told, seen = SharedProgress(Silent(), entry.begin()), Course()
    seen.display = SilentObserver()
    view = ProgressView(tmp_path, seen)
    view.refresh([node])
    assert seen.work[node.title].line().startswith("starting, ")
    told.start(30, 10, "steps")
    told.scored(3, 4)
    view.refresh([node])
    told.advance(2)
    view.refresh([node])
    assert seen.work[node.title].line().startswith("12 of 30 steps, ")
    assert seen.judged == (node.title, 3, 4)


def test_parts_add_up_what_was_scored_in_each(tmp_path, always):
    entry = Entry(tmp_path, "decode", "abc")
    done, at_work = entry.part("a"), entry.part("b")
    done.begin()
    done.complete({"seconds": 1.0, "judged": (5, 16)})
    SharedProgress(Silent(), at_work.begin()).scored(2, 3)
    entry.part("c").begin()
    assert module._judged_in(entry, "abcd") == (7, 19)
