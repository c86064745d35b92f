"""A cell of a notebook shows what is done, how far the present stage is, and steers nothing."""

import io
import sys

import pytest

from llmx.graph import observer
from llmx.graph.observer import Printing, in_notebook


@pytest.fixture
def clock(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(observer.time, "monotonic", lambda: now[0])
    return now


def test_only_a_notebook_prints(monkeypatch):
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    assert in_notebook() is None
    monkeypatch.setitem(sys.modules, "ipykernel", object())
    assert isinstance(in_notebook(), Printing)


def test_the_time_left_is_by_what_was_done_since_it_began(clock):
    out = io.StringIO()
    line = Printing(out).started("generate sd")
    line.start(100, done=50)
    clock[0] = 10.0
    line.advance(25)
    assert "generate sd  75 of 100, 10 s left" in out.getvalue()


def test_progress_is_written_at_most_once_a_second(clock):
    out = io.StringIO()
    line = Printing(out).started("generate sd")
    line.start(1000)
    for step in range(100):
        clock[0] = step / 10
        line.advance()
    assert out.getvalue().count("\r") == 9


def test_a_finished_stage_stays_and_what_is_reused_is_not_said(clock):
    out = io.StringIO()
    shown = Printing(out)
    shown.planned(3, 1)
    shown.reused("score sd")
    shown.finished("generate sd", 1.25)
    lines = [line.strip() for line in out.getvalue().splitlines() if line.strip()]
    assert lines == ["3 stages, 1 of them done already", "done     generate sd  1.2 s"]


def test_a_title_steers_no_terminal(clock):
    out = io.StringIO()
    Printing(out).note("a\x1b[2Jb")
    assert "\x1b" not in out.getvalue()
