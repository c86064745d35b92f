"""What is shown of a shared arm never passes its end, and never goes back."""

from pathlib import Path

import pytest
from native_folders import needs_compiler
from parted import bring, entry_in, node_of, on_each_answer, part_done

from llmx.core.progress import Silent
from llmx.graph import parts
from llmx.graph.observer import SilentObserver
from llmx.graph.parts import Glance, SharedProgress, context_of, glance_at, parts_of
from llmx.store.cache import PROGRESS

pytestmark = needs_compiler


class Bar(Silent):
    def __init__(self):
        self.total, self.shown = 0, []

    def start(self, total, done=0, unit="samples"):
        self.total = total
        self.shown.append(done)

    def advance(self, amount=1):
        assert amount >= 0
        self.shown.append(self.shown[-1] + amount)


class Bars(SilentObserver):
    def __init__(self):
        self.bars = []

    def started(self, title):
        self.bars.append(Bar())
        return self.bars[-1]


@pytest.fixture(autouse=True)
def always(monkeypatch):
    """Progress is written at every answer, not twice a second."""
    monkeypatch.setattr(parts, "_EVERY", -1.0)


def test_one_bar_shows_the_parts_as_one_stage(tmp_path):
    seen = Bars()
    bring(tmp_path, 40, observer=seen)
    (bar,) = seen.bars
    assert bar.total == 40 and bar.shown[0] == 0 and bar.shown[-1] == 40


def test_a_part_that_another_did_meanwhile_is_counted_once(tmp_path, monkeypatch):
    node, seen, others = node_of(56), Bars(), []

    def another(name):
        if not others:
            others.append(name)
            part_done(tmp_path, node, "00032-00048")

    on_each_answer(monkeypatch, another)
    bring(tmp_path, 56, observer=seen)
    (bar,) = seen.bars
    assert bar.shown == sorted(bar.shown) and bar.shown[-1] == bar.total == 56


def test_what_an_earlier_process_left_is_there_from_the_start(tmp_path, monkeypatch):
    node, seen, left = node_of(40), Bars(), []
    part = entry_in(tmp_path, node).part("00000-00016")
    with monkeypatch.context() as dying:
        on_each_answer(dying, lambda name: left.append(name) if len(left) < 9 else 1 / 0)
        with pytest.raises(ZeroDivisionError):
            out = part.begin()
            progress = SharedProgress(Silent(), out)
            node.stage.run_part(context_of(node, {}, out, progress), "00000-00016")
    bring(tmp_path, 40, observer=seen)
    (bar,) = seen.bars
    assert bar.shown[0] == 9 and bar.shown[-1] == bar.total == 40


def test_who_waits_sees_it_grow_to_the_end_and_never_fall(tmp_path, monkeypatch):
    node, seen = node_of(40), []
    entry = entry_in(tmp_path, node)

    def look(*_):
        found = glance_at(node, entry)
        if found is not None:
            seen.append((found.done, found.total))

    on_each_answer(monkeypatch, look)
    join, rename, unlink = type(node.stage).join, Path.rename, Path.unlink
    monkeypatch.setattr(Path, "rename", lambda *given: (look(), rename(*given), look()))
    monkeypatch.setattr(Path, "unlink", lambda *a, **b: (look(), unlink(*a, **b), look()))
    monkeypatch.setattr(type(node.stage), "join", lambda *given: (look(), join(*given), look()))
    bring(tmp_path, 40)
    assert {total for _, total in seen} == {40}
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert seen[-1][0] == 40 and len(seen) > 45


def test_a_number_that_lies_does_not_pass_the_part(tmp_path):
    node = node_of(40)
    entry = entry_in(tmp_path, node)
    part_done(tmp_path, node, "00000-00016")
    out = entry.part("00032-00040").begin()
    (out / PROGRESS).write_text('{"done": 999, "total": 999}')
    assert glance_at(node, entry) == Glance(24, 40)


def test_nobody_has_begun(tmp_path):
    node = node_of(40)
    assert glance_at(node, entry_in(tmp_path, node)) is None
    assert sum(parts_of(node).values()) == 40
