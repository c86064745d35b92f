"""An entry without the suffix `.partial` is whole; a dead owner keeps no lock."""

import os
import subprocess
import sys
from pathlib import Path

from llmx.store.cache import Entry, entries, names, size_bytes
from llmx.store.files import write_text
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


def test_all_of_an_output_is_on_the_disk_before_it_is_renamed(tmp_path, monkeypatch):
    synced, real = [], os.fsync

    def fsync(handle):
        synced.append(Path(f"/proc/self/fd/{handle}").readlink())
        real(handle)

    entry = Entry(tmp_path, "decode", "abc")
    out = entry.begin()
    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "rename", lambda path, to: synced.append(to))
    write_text(out / "ours.txt", "text")
    (out / "model").mkdir()
    (out / "model" / "theirs.txt").write_text("text")
    entry.complete({})
    assert synced[-1] == entry.folder
    assert synced[-2] == out  # with the names of all that came before
    assert {out / "model", out / "model" / "theirs.txt"} <= set(synced[:-2])
    assert sum(path.name.startswith(".ours.txt") for path in synced) == 1


def test_the_names_of_a_cache_are_those_of_the_kinds(tmp_path):
    assert names(tmp_path, ["decode"]) == frozenset()
    Entry(tmp_path, "decode", "a").begin()
    Entry(tmp_path, "score", "b").begin()
    assert names(tmp_path, ["decode"]) == {"a.partial"}
    assert names(tmp_path, ["decode", "score", "none"]) == {"a.partial", "b.partial"}


def test_a_lock_is_shared_or_held_alone(tmp_path):
    first, second, alone = (Lock(tmp_path / "one.lock") for _ in range(3))
    assert first.try_acquire(shared=True) and second.try_acquire(shared=True)
    assert not alone.try_acquire() and alone.owner() is None  # no one process owns it
    first.release()
    assert not alone.try_acquire()
    second.release()
    assert alone.try_acquire() and alone.owner() == os.getpid()
    assert not first.try_acquire(shared=True)
