"""An entry without the suffix `.partial` is whole; a dead owner keeps no lock."""

import os
import subprocess
import sys

from llmx.store.cache import Entry, entries, size_bytes
from llmx.store.lock import Lock


def test_an_entry_is_whole_only_after_completion(tmp_path):
    entry = Entry(tmp_path, "decode", "abc")
    out = entry.begin()
    (out / "a.txt").write_text("half")
    assert not entry.whole
    assert entry.begin() == out and (out / "a.txt").exists()  # the next owner goes on
    entry.complete({"seconds": 1.0})
    assert entry.whole and not entry.partial.exists()
    assert set(entry.about()["files"]) == {"a.txt"}


def test_a_folder_that_nobody_completed_is_not_trusted(tmp_path):
    entry = Entry(tmp_path, "decode", "abc")
    entry.folder.mkdir(parents=True)
    (entry.folder / "stray.txt").write_text("?")
    assert not entry.whole
    entry.begin()
    assert not entry.folder.exists()


def test_entries_are_listed_once_whole_or_partial(tmp_path):
    Entry(tmp_path, "decode", "a").begin()
    done = Entry(tmp_path, "score", "b")
    (done.begin() / "x").write_text("12345")
    done.complete({})
    assert [(e.kind, e.fingerprint) for e in entries(tmp_path)] == [("decode", "a"), ("score", "b")]
    assert size_bytes(done.folder) > 5


def test_a_lock_excludes_until_released(tmp_path):
    one, other = Lock(tmp_path / "l"), Lock(tmp_path / "l")
    assert one.try_acquire() and not other.try_acquire()
    one.release()
    assert other.try_acquire()
    other.release()


def test_a_killed_owner_loses_the_lock(tmp_path):
    code = (
        "import sys, time; from pathlib import Path; from llmx.store.lock import Lock\n"
        "lock = Lock(Path(sys.argv[1])); assert lock.try_acquire(); print('held', flush=True)\n"
        "time.sleep(60)"
    )
    path = tmp_path / "l"
    owner = subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert owner.stdout.readline() == "held\n"
    assert not Lock(path).try_acquire()
    assert Lock(path).owner() == owner.pid
    owner.kill()
    owner.wait()
    owner.stdout.close()
    lock = Lock(path)
    assert lock.try_acquire()
    lock.release()


def test_a_lock_is_shared_or_held_alone(tmp_path):
    first, second, alone = (Lock(tmp_path / "one.lock") for _ in range(3))
    assert first.try_acquire(shared=True) and second.try_acquire(shared=True)
    assert not alone.try_acquire() and alone.owner() is None  # no one process owns it
    first.release()
    assert not alone.try_acquire()
    second.release()
    assert alone.try_acquire() and alone.owner() == os.getpid()
    assert not first.try_acquire(shared=True)
