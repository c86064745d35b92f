"""What workers did and when, as they wrote it: every moment of a worker is told once."""

import json
import os
import re
import signal
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from counts import count
from fake_slurm import FakeSlurm
from hypothesis import given, settings
from hypothesis import strategies as st
from test_workers_in_memory import asked_after
from typer.testing import CliRunner

from llmx.cluster.lives import lives_of
from llmx.cluster.submission import JobEvent, Submission
from llmx.cluster.submit import submit
from llmx.core.timeline import DONE, FAILED, LOST, STOPPED, WorkBar, WorkerLife
from llmx.graph.folder import RunFolder
from llmx.graph.lives import in_lanes, local_lives
from llmx.report.timeline import MOST_ROWS, hours_of, page, picture, rows_of
from llmx.runs.run import run as run_here


def keep(submission: Submission, worker: str, *rows: tuple[float, str], **more: object) -> None:
    """Write what a worker wrote: moments and outcomes."""
    (submission.folder / "work").mkdir(parents=True, exist_ok=True)
    settled = {"host": "n1", "key": "gpu-2gpu-2g-60m", "gpus": 2, "job": worker, **more}
    for at, outcome in rows:
        node = {} if outcome in ("joined", "left") else {"node": "f", "title": "nap a0"}
        task = {"task": worker.partition(".")[0]} if not node else {}
        submission.log(worker, JobEvent(outcome=outcome, at=at, **settled, **node, **task))


@pytest.fixture
def submission(tmp_path: Path) -> Submission:
    found = Submission(RunFolder(tmp_path / "runs" / "x-1"))
    (found.folder / "work").mkdir(parents=True)
    (found.folder / "jobs.jsonl").write_text(
        json.dumps({"job": "7", "class": "c", "workers": 1, "at": 50.0}) + "\n"
    )
    return found


def test_a_job_that_waited_worked_and_came_back(submission: Submission) -> None:
    keep(submission, "7_0.0", (100, "joined"), (110, "begun"), (150, "stopped"), (160, "left"))
    keep(submission, "7_0.1", (200, "joined"), (220, "begun"), (280, "done"), (290, "left"))
    first, second = lives_of(submission)
    assert (first.queued, first.begin, first.end, first.killed) == (50.0, 100, 160, False)
    assert (second.queued, second.begin, second.end, second.gpus) == (160, 200, 290, 2)
    assert first.bars == (WorkBar("nap a0", 110, 150, STOPPED),)
    assert second.bars == (WorkBar("nap a0", 220, 280, DONE),)
    assert first.worker == second.worker == "7_0" and len(rows_of([first, second])) == 1
    (row,) = hours_of([first, second])
    assert row[:4] == ("gpu-2gpu-2g-60m", "GPU hours", "1", "1")
    assert [float(one) for one in row[4:]] == pytest.approx(
        [(50 + 40) / 3600, 2 * 100 / 3600, 0, 2 * 50 / 3600], rel=0.01
    )


def test_one_that_was_killed_ends_when_it_was_last_seen(submission: Submission) -> None:
    keep(submission, "7_0.0", (100, "joined"), (110, "begun"))
    path = submission.folder / "work" / "7_0.0.jsonl"
    os.utime(path, (170, 170))
    (life,) = lives_of(submission)
    assert life.killed and life.end == 170 and life.bars == (WorkBar("nap a0", 110, 170, LOST),)
    os.utime(path, (20, 20))  # a copy with other times
    assert lives_of(submission)[0].end == 110
    keep(submission, "7_0.0", (180, "failed"), (190, "left"), error="e")
    (life,) = lives_of(submission)
    assert not life.killed and life.bars == (WorkBar("nap a0", 110, 180, FAILED),)
    assert hours_of([life])[0][6] == f"{2 * 70 / 3600:.3g}"


def test_failures_that_were_forgiven_are_told_too(submission: Submission) -> None:
    keep(submission, "7_0.0", (100, "joined"), (110, "begun"), (150, "failed"), (160, "left"))
    submission.forgive()
    keep(submission, "8_0.0", (200, "joined"), (210, "begun"), (250, "done"), (260, "left"))
    assert [life.worker for life in lives_of(submission)] == ["7_0", "8_0"]
    assert lives_of(submission)[1].queued is None


def test_a_task_of_ray_says_nothing_of_its_own_end(submission: Submission) -> None:
    keep(submission, "n1.55", (100, "begun"), (150, "done"), (160, "begun"), (190, "done"))
    (life,) = lives_of(submission)
    assert (life.begin, life.end, life.killed, len(life.bars)) == (100, 190, False, 2)
    assert life.queued is None


def test_real_workers_tell_every_moment_once(
    planned: Callable, launch: Callable, slurm: FakeSlurm, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = submit(planned(4, gpu=2, rows=3, seconds=0.01), launch(workers=2), slurm)
    with monkeypatch.context() as patched:
        asked_after(patched, 1, signal.SIGUSR1)
        slurm.run("1")
    slurm.to_the_end()
    lives = lives_of(Submission(found.run))
    assert len(lives) == len(slurm.codes)
    assert [bar.outcome for life in lives for bar in life.bars].count(STOPPED) == 1
    done = [bar.title for life in lives for bar in life.bars if bar.outcome == DONE]
    assert sorted(done) == ["nap a0", "nap a1", "nap a2", "nap a3", "tally"]
    for life in lives:
        times = [
            life.queued,
            life.begin,
            *(t for b in life.bars for t in (b.begin, b.end)),
            life.end,
        ]
        assert times == sorted(times) and not life.killed
    assert page(found.run.name, lives).count("Work over time") >= 2


def test_a_sign_of_life_is_left_while_records_are_made(
    planned: Callable, launch: Callable, slurm: FakeSlurm, monkeypatch: pytest.MonkeyPatch
) -> None:
    signs: list[str] = []
    monkeypatch.setattr(Submission, "sign_of_life", lambda self, name: signs.append(name))
    submit(planned(1, rows=5), launch(workers=1), slurm)
    slurm.run("1")
    assert signs == ["1.0"]  # of one stage with records: ten seconds lie between two


def test_the_sign_is_the_time_of_the_workers_file(submission: Submission) -> None:
    keep(submission, "7_0.0", (100, "joined"), (110, "begun"))
    os.utime(submission.folder / "work" / "7_0.0.jsonl", (120, 120))
    submission.sign_of_life("7_0.0")
    assert lives_of(submission)[0].end > time.time() - 60
    submission.sign_of_life("nobody")


def test_a_local_run_tells_of_its_stages(planned: Callable, tmp_path: Path) -> None:
    spec = planned(3, rows=2, seconds=0.02).spec
    found = run_here(spec, runs=tmp_path / "runs", workers=1)
    (life,) = local_lives(found.folder)
    assert sorted(bar.title for bar in life.bars) == ["nap a0", "nap a1", "nap a2", "tally"]
    assert all(0.03 < bar.end - bar.begin < 30 for bar in life.bars if bar.title != "tally")
    run_here(planned(4, rows=2).spec, runs=tmp_path / "runs", workers=1)
    for path in (tmp_path / "runs" / "cache").glob("*/*/stage.json"):
        if "nap" in str(path):
            os.utime(path, (100, 100))  # made long before this run
    assert [bar.title for one in local_lives(found.folder) for bar in one.bars] == ["tally"]


@settings(max_examples=count(100, 500), deadline=None)
@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 20)), max_size=20))
def test_lanes_are_as_few_as_there_are_bars_at_once(times) -> None:
    bars = [WorkBar("x", float(at), float(at + long)) for at, long in times]
    lanes = in_lanes(bars)
    assert sorted(b for lane in lanes for b in map(repr, lane)) == sorted(map(repr, bars))
    for lane in lanes:
        assert all(a.end <= b.begin for a, b in pairwise(lane))
    at_once = max((sum(b.begin <= t < b.end for b in bars) for t in range(70)), default=0)
    assert len(lanes) == at_once


def lives(number: int, host: str = "n1") -> list[WorkerLife]:
    return [
        WorkerLife(host, f"9_{at}", "cpu-2g-15m", 0, 100 + at, 200 + at, queued=90.0)
        for at in range(number)
    ]


@settings(max_examples=count(60, 500), deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(0, 1e6), st.floats(0, 1e6), st.sampled_from("ab"), st.booleans()),
        min_size=1,
        max_size=8,
    ),
    st.sampled_from([380.0, 1100.0]),
)
def test_nothing_is_drawn_outside_of_the_picture(found, width: float) -> None:
    held = [
        WorkerLife(
            host,
            f"job {at}",
            "cpu-2g-15m",
            0,
            begin,
            begin + took,
            (WorkBar("x", begin, begin + took, LOST if killed else DONE),),
            max(0.0, begin - 10),
            killed,
        )
        for at, (begin, took, host, killed) in enumerate(found)
    ]
    drawn = picture(rows_of(held), width)
    high = float(re.search(r'viewBox="0 0 [0-9.]+ ([0-9.]+)"', drawn)[1])
    for x, y, wide, tall in re.findall(
        r'<rect x="([^"]+)" y="([^"]+)" width="([^"]+)" height="([^"]+)"', drawn
    ):
        assert float(x) >= 0 and float(x) + float(wide) <= width + 1
        assert float(y) >= 0 and float(y) + float(tall) <= high
    assert drawn.count("<rect") == 2 * len(held)


def test_of_many_rows_the_first_are_drawn_and_the_rest_counted() -> None:
    found = page("run", lives(MOST_ROWS + 7))
    assert "7 more processes are not drawn" in found
    assert "not drawn" not in page("run", lives(MOST_ROWS))
    assert "Nothing has been done yet" in page("run", [])


def test_hosts_stand_together_and_a_job_keeps_its_row_on_another() -> None:
    first, second, third = (
        WorkerLife("n1", "9_0", "c", 0, 1, 2, queued=0.0),
        WorkerLife("n2", "9_1", "c", 0, 1, 2, queued=0.0),
        WorkerLife("n2", "9_0", "c", 0, 5, 6, queued=2.0),
    )
    assert rows_of([first, second, third]) == [[first, third], [second]]
    process = WorkerLife("n2", "process 1", "c", 0, 1, 2)
    other = WorkerLife("n1", "process 1", "c", 0, 1, 2)
    assert len(rows_of([process, other])) == 2


def test_what_a_title_says_steers_no_page() -> None:
    life = WorkerLife("<b>", "</svg>", "<i>", 0, 0, 9, (WorkBar("<script>x</script>", 1, 2),))
    found = page("<run>", [life])
    assert "<script" not in found and "<b>" not in found and "<i>" not in found


def test_the_command_writes_a_page_of_any_run(planned: Callable, tmp_path: Path) -> None:
    from llmx.cli.app import app

    words = ["status", "--html", "--runs", str(tmp_path / "runs")]
    done = CliRunner().invoke(app, words, prog_name="llmx")
    assert done.exit_code == 2 and "there is no run under" in done.stderr
    found = run_here(planned(2).spec, runs=tmp_path / "runs", workers=1).folder
    done = CliRunner().invoke(app, [*words[:1], found.name, *words[1:]], prog_name="llmx")
    assert done.exit_code == 0, done.output
    written = (found.path / "cluster" / "timeline.html").read_text()
    assert "worked off on one machine" in written and "nap a1: done after" in written
