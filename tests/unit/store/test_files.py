"""Writing is whole or not at all; a torn last line is not a record."""

import json
import os
from pathlib import Path

import pytest

from llmx.core.errors import StoreError
from llmx.store.files import (
    Appender,
    lines_before_damage,
    read_json,
    read_lines,
    sweep,
    sync_below,
    sync_tree,
    write_json,
    write_lines,
    write_text,
)


def test_json_and_lines_come_back(tmp_path):
    write_json(tmp_path / "deep" / "a.json", {"ü": [1, None]})
    write_lines(tmp_path / "a.jsonl", [{"n": 1}, {"n": 2}])
    assert read_json(tmp_path / "deep" / "a.json") == {"ü": [1, None]}
    assert read_lines(tmp_path / "a.jsonl") == [{"n": 1}, {"n": 2}]
    assert read_lines(tmp_path / "none.jsonl") == []


def test_a_failed_write_leaves_the_old_file_and_no_scratch(tmp_path):
    path = tmp_path / "a.json"
    write_json(path, {"old": True})
    with pytest.raises(ValueError, match="JSON"):
        write_json(path, {"new": float("nan")})
    assert read_json(path) == {"old": True}
    assert [file.name for file in tmp_path.iterdir()] == ["a.json"]


@pytest.mark.parametrize("cut", range(1, 9))
def test_a_torn_last_line_is_dropped_and_the_next_record_starts_a_line(tmp_path, cut):
    path = tmp_path / "a.jsonl"
    write_lines(path, [{"n": 1}, {"n": 2}])
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut])
    assert read_lines(path) == [{"n": 1}]
    with Appender(path) as records:
        records.append([{"n": 3}])
    assert read_lines(path) == [{"n": 1}, {"n": 3}]


def test_a_damaged_line_in_the_middle_is_an_error_that_names_the_file(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"n": 1}\n{"n": \n{"n": 3}\n')
    with pytest.raises(StoreError, match=r"a\.jsonl is damaged"):
        read_lines(path)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe\x00"], ids=["empty", "cut", "binary"])
def test_a_file_that_is_not_json_is_one_line(tmp_path, content):
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(StoreError) as error:
        read_json(path)
    assert "\n" not in str(error.value)


def test_appending_twice_keeps_both(tmp_path):
    path = tmp_path / "a.jsonl"
    for number in (1, 2):
        with Appender(path) as records:
            records.append([{"n": number}])
    assert [json.loads(line)["n"] for line in path.read_text().splitlines()] == [1, 2]


@pytest.fixture
def synced(monkeypatch):
    """The paths that were brought to the disk, in order."""
    found, real = [], os.fsync

    def fsync(handle):
        found.append(Path(f"/proc/self/fd/{handle}").readlink())
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    return found


def test_what_was_written_durably_is_not_synced_again(tmp_path, synced):
    write_text(tmp_path / "ours.txt", "text")
    (tmp_path / "theirs.txt").write_text("text")
    synced.clear()
    sync_tree(tmp_path)
    assert synced == [tmp_path / "theirs.txt", tmp_path]


@pytest.mark.parametrize("change", ["longer", "same length", "replaced", "second time"])
def test_what_changed_since_is_synced(tmp_path, synced, change):
    path = tmp_path / "ours.txt"
    write_text(path, "text")
    if change == "longer":
        with path.open("a") as handle:
            handle.write("more")
    elif change == "same length":
        path.write_text("TEXT")
        os.utime(path, ns=(1, 1))  # the clock of a file system is coarser than two writes
    elif change == "replaced":
        (tmp_path / "other").write_text("text")
        (tmp_path / "other").replace(path)
    else:
        sync_tree(tmp_path)
    synced.clear()
    sync_tree(tmp_path)
    assert path in synced


def test_folders_below_are_synced_and_links_are_not(tmp_path, synced):
    (tmp_path / "model").mkdir()
    (tmp_path / "link").symlink_to("nowhere")
    sync_below(tmp_path)
    assert synced == [tmp_path / "model"]


def test_an_appender_closes_its_file_even_if_the_last_wait_for_the_disk_fails(
    tmp_path, monkeypatch
):
    with Appender(tmp_path / "rows.jsonl", every=60.0) as rows:
        rows.append([{"a": 1}])
        monkeypatch.setattr("os.fsync", lambda number: (_ for _ in ()).throw(OSError("no")))
    assert rows._handle.closed and read_lines(tmp_path / "rows.jsonl") == [{"a": 1}]


def test_an_appender_that_waits_seldom_has_written_all_the_same(tmp_path, monkeypatch):
    waits = []
    monkeypatch.setattr("os.fsync", waits.append)
    with Appender(tmp_path / "rows.jsonl", every=60.0) as rows:
        for at in range(5):
            rows.append([{"a": at}])
            assert len(read_lines(tmp_path / "rows.jsonl")) == at + 1
        assert not waits
    assert len(waits) == 1


@pytest.mark.parametrize(
    ("tail", "kept", "clean"),
    [
        (b"", 2, True),
        (b'{"n": 3}\n', 3, True),
        (b'{"n": 3', 2, False),
        (b"\0\0\0\0", 2, False),
        (b'\0\0\0\n{"n": 3}\n', 2, False),
        (b'[1]\n{"n": 3}\n', 2, False),
        (b'\n{"n": 3}\n', 2, False),
        (b"\xff\xfe\n", 2, False),
    ],
)
def test_lines_before_damage_are_as_good_as_ever(tmp_path, tail, kept, clean):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"n": 1}\n{"n": 2}\n' + tail)
    rows, whole = lines_before_damage(path)
    assert ([row["n"] for row in rows], whole) == ([1, 2, 3][:kept], clean)
    assert lines_before_damage(tmp_path / "none") == ([], True)


def test_what_a_kill_left_of_an_atomic_write_is_swept_and_nothing_else(tmp_path):
    left = [tmp_path / ".spec.json.123.tmp", tmp_path / "a" / ".samples.jsonl.9.tmp"]
    kept = [tmp_path / "spec.json", tmp_path / ".mine.tmp", tmp_path / "b.1.tmp"]
    (tmp_path / "a").mkdir()
    for path in (*left, *kept):
        path.write_text("12345")
    (tmp_path / "far").symlink_to(tmp_path / "a")
    assert sweep(tmp_path) == 10
    assert not any(path.exists() for path in left) and all(path.exists() for path in kept)
