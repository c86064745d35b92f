"""Locks between jobs on a real folder: taken over, frozen, seen late."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from counts import count
from hypothesis import given, settings
from hypothesis import strategies as st

from llmx.core.errors import StoreError
from llmx.store import files
from llmx.store.cache import Entry, entries
from llmx.store.job_lock import Folder, JobLock, Owner, among_jobs
from llmx.store.lock import Lock


@pytest.fixture
def jobs():
    """Jobs that run, by number: their restart counts."""
    yield {"1": 0, "2": 0, "3": 0}
    among_jobs(None)
    files._GUARDS.clear()


def lock(path: Path, jobs: dict[str, int], job: str, work: Path | None = None) -> JobLock:
    me = Owner(job, jobs[job], "n1")
    return JobLock(path, me, lambda owner: jobs.get(owner.job) == owner.restart, work)


def test_one_has_it_alone_or_some_share_it(tmp_path: Path, jobs: dict[str, int]) -> None:
    one, two, three = (lock(tmp_path / "x.lock", jobs, number) for number in "123")
    assert one.try_acquire() and not two.try_acquire() and not two.try_acquire(shared=True)
    assert two.taken() and two.holder() == one.me
    one.release()
    assert not two.taken() and two.try_acquire(shared=True) and three.try_acquire(shared=True)
    assert not one.try_acquire() and one.taken()
    two.release()
    assert not one.try_acquire()
    three.release()
    assert one.try_acquire() and one.share() and two.try_acquire(shared=True)
    assert not three.try_acquire()


def test_of_a_dead_job_it_is_free_and_of_a_silent_cluster_it_is_not(tmp_path, jobs) -> None:
    one, two = (lock(tmp_path / "x.lock", jobs, number) for number in "12")
    assert one.try_acquire() and not two.try_acquire()
    jobs["1"] = 1  # requeued: it runs with another restart count
    assert two.try_acquire()
    with pytest.raises(StoreError, match="gone over"):
        one.check()
    two.check()
    two.release()
    me = lock(tmp_path / "x.lock", jobs, "1")  # the later life of the first
    assert me.try_acquire()
    me.check()


def test_who_was_followed_appends_nothing_and_renames_nothing(tmp_path, jobs) -> None:
    runs = lambda owner: jobs.get(owner.job) == owner.restart  # noqa: E731
    entry = Entry(tmp_path, "nap", "abc")
    among_jobs(Owner("1", 0, "n1"), runs)
    first = entry.lock
    assert first.try_acquire()
    old = files.Appender(entry.begin() / "records.jsonl")
    old.append([{"id": 1}])
    guard = files._GUARDS[entry.partial]
    jobs["1"] = 1
    among_jobs(Owner("2", 0, "n2"), runs)
    second = entry.lock
    assert second.try_acquire()
    new = files.Appender(entry.begin() / "records.jsonl")
    # The frozen one goes on; its process has its own guard, and its own handle.
    old._handle.write(b'{"id": 666}\n')  # as if it had been frozen between check and write
    old._handle.flush()
    new.append([{"id": 2}])
    assert [row["id"] for row in files.read_lines(entry.partial / "records.jsonl")] == [1, 2]
    files._GUARDS[entry.partial] = guard
    for act in (
        lambda: old.append([{"id": 3}]),
        lambda: files.write_json(entry.partial / "summary.json", {}),
        lambda: entry.complete({}),
    ):
        with pytest.raises(StoreError, match="gone over"):
            act()
    assert not entry.whole
    files._GUARDS[entry.partial] = second.check
    entry.complete({})
    assert entry.whole


FROZEN = """
import json, os, sys, time
from pathlib import Path
from llmx.store.cache import Entry
from llmx.store.files import Appender
from llmx.store.job_lock import Owner, among_jobs
root, table = Path(sys.argv[1]), Path(sys.argv[2])
job, restart = sys.argv[3], int(sys.argv[4])
runs = lambda one: json.loads(table.read_text()).get(one.job) == one.restart
among_jobs(Owner(job, restart, "n"), runs)
entry = Entry(root, "nap", "abc")
lock = entry.lock
while not lock.try_acquire():
    time.sleep(0.02)
with Appender(entry.begin() / "records.jsonl") as lines:
    while True:
        lines.append([{"by": f"{job}.{restart}"}])
        time.sleep(0.01)
"""


def started(tmp_path: Path, job: str, restart: int) -> subprocess.Popen[str]:
    words = [sys.executable, "-c", FROZEN, str(tmp_path), str(tmp_path / "table")]
    return subprocess.Popen([*words, job, str(restart)], stderr=subprocess.PIPE, text=True)


def rows(tmp_path: Path) -> list[str]:
    return [row["by"] for row in files.read_lines(tmp_path / "nap/abc.partial/records.jsonl")]


def wait_for(happens, seconds: float = 60.0) -> None:
    until = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < until, "it does not happen"
        time.sleep(0.02)


def test_an_owner_that_was_frozen_through_its_requeue_writes_nothing_more(tmp_path: Path) -> None:
    table = tmp_path / "table"
    table.write_text(json.dumps({"7": 0}))
    old = started(tmp_path, "7", 0)
    new = None
    try:
        wait_for(lambda: len(rows(tmp_path)) > 3)
        os.kill(old.pid, signal.SIGSTOP)
        scratch = tmp_path / "table.new"
        scratch.write_text(json.dumps({"7": 1}))
        scratch.replace(table)
        new = started(tmp_path, "7", 1)
        wait_for(lambda: rows(tmp_path)[-1] == "7.1")
        os.kill(old.pid, signal.SIGCONT)
        assert old.wait(60) == 1
        assert old.stderr is not None and "gone over to another job" in old.stderr.read()
        number = len(rows(tmp_path))
        wait_for(lambda: len(rows(tmp_path)) > number + 3)
        found = rows(tmp_path)
        assert found == sorted(found), "the old one wrote after the new one"
    finally:
        for process in (old, new):
            if process is not None:
                process.kill()
                process.wait()
                assert process.stderr is not None
                process.stderr.close()


class Late(Folder):
    """A folder whose names are seen as they were a while ago, as over NFS."""

    def __init__(self, path: Path, delays: list[int]) -> None:
        super().__init__(path)
        self.seen: list[list[str]] = [[]]
        self.delays = delays

    def names(self) -> list[str]:
        self.seen.append(super().names())
        delay = self.delays.pop() if self.delays else 0
        return self.seen[max(0, len(self.seen) - 1 - delay)]


@settings(max_examples=count(60, 500), deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("123"), st.booleans()), min_size=2, max_size=10),
    st.lists(st.integers(0, 3), max_size=30),
)
def test_an_old_view_of_the_folder_gives_a_lock_late_and_never_twice(
    tmp_path_factory: pytest.TempPathFactory, turns: list[tuple[str, bool]], delays: list[int]
) -> None:
    path = tmp_path_factory.mktemp("late") / "x.lock"
    jobs = dict.fromkeys("123", 0)
    held: dict[str, JobLock] = {}
    for job, requeued in turns:
        if requeued:
            jobs[job] += 1
            held.pop(job, None)
            continue
        if job in held:
            held.pop(job).release()
            continue
        one = lock(path, jobs, job)
        one.files = Late(path.with_name("x.lock.d"), delays)
        if one.try_acquire():
            assert not held, "two owners"
            held[job] = one


def test_locks_are_no_outputs(tmp_path: Path, jobs: dict[str, int]) -> None:
    among_jobs(Owner("1", 0, "n1"))
    entry = Entry(tmp_path, "nap", "abc")
    assert isinstance(entry.lock, JobLock) and entry.lock.try_acquire()
    assert entry.part("p0").lock.try_acquire()
    assert list(entries(tmp_path)) == [] or [e.fingerprint for e in entries(tmp_path)] == ["abc"]
    assert entry.parts_there() == []
    among_jobs(None)
    assert type(entry.lock) is Lock


@pytest.mark.parametrize("text", ["", "{", "[]", '{"job": 1}'])
def test_a_lock_of_which_nobody_can_tell_whose_it_is_is_not_free(tmp_path, jobs, text) -> None:
    folder = tmp_path / "x.lock.d"
    folder.mkdir()
    (folder / "1").write_text(text)
    assert not lock(tmp_path / "x.lock", jobs, "1").try_acquire()


@pytest.mark.parametrize("error", [1, 95])
def test_without_hard_links_it_is_made_exclusively(tmp_path, jobs, monkeypatch, error) -> None:
    def refuse(*given: object) -> None:
        raise OSError(error, "no links")

    monkeypatch.setattr("os.link", refuse)
    one, two = (lock(tmp_path / "x.lock", jobs, number) for number in "12")
    assert one.try_acquire() and not two.try_acquire()
    assert Folder(tmp_path / "x.lock.d").create("1", {}) is False
    assert json.loads((tmp_path / "x.lock.d/1").read_text())["job"] == "1"
