"""A folder is whole if it is what it says; what it holds beside that is found by reading all."""

import os

import pytest

from llmx.core.errors import StoreError
from llmx.store.cache import Entry, damaged, differences, entries, other_contents, size_bytes
from llmx.store.files import read_json, write_json


@pytest.fixture
def entry(tmp_path):
    return made(tmp_path / "cache", "abc")


def made(root, name, text="12345") -> Entry:
    entry = Entry(root, "decode", name)
    out = entry.begin()
    (out / "model").mkdir()
    (out / "samples.jsonl").write_text(text)
    (out / "model" / "weights").write_text("0123456789")
    entry.complete({"seconds": 1.0})
    return entry


def half(entry):
    (entry.folder / "samples.jsonl").write_text("12")


def empty(entry):
    (entry.folder / "model" / "weights").write_text("")


def zeroed_tail(entry):
    (entry.folder / "samples.jsonl").write_bytes(b"123\0\0")


def lost(entry):
    (entry.folder / "samples.jsonl").unlink()


def longer(entry):
    (entry.folder / "samples.jsonl").write_text("123456")


def emptied_about(entry):
    (entry.folder / "stage.json").write_text("")


def zeroed_about(entry):
    path = entry.folder / "stage.json"
    path.write_bytes(bytes(path.stat().st_size + 1))


def foreign_about(entry):
    (entry.folder / "stage.json").write_text("[1]")


def naming_others(entry):
    path = entry.folder / "stage.json"
    write_json(path, {**read_json(path), "files": {"../../else": "0"}, "sizes": {}})


def exchanged(entry):
    entry.folder.rename(entry.folder.with_name("x"))
    other = made(entry.root, "def")
    other.folder.rename(entry.folder)


def of_another_kind(entry):
    path = entry.folder / "stage.json"
    write_json(path, {**read_json(path), "kind": "score"})


def folder_for_a_file(entry):
    (entry.folder / "model" / "weights").unlink()
    (entry.folder / "model").rmdir()
    (entry.folder / "model").write_text("")


AT_A_GLANCE = [
    (half, "samples.jsonl has 2 bytes, not 5"),
    (empty, "model/weights has 0 bytes, not 10"),
    (zeroed_tail, "samples.jsonl ends in zeros"),
    (lost, "samples.jsonl is missing"),
    (longer, "samples.jsonl has 6 bytes, not 5"),
    (emptied_about, "stage.json cannot be read"),
    (zeroed_about, "stage.json cannot be read"),
    (foreign_about, "stage.json cannot be read"),
    (naming_others, "stage.json cannot be read"),
    (exchanged, "it is the output of decode/def"),
    (of_another_kind, "it is the output of score/abc"),
    (folder_for_a_file, "model/weights is missing"),
]


@pytest.mark.parametrize(("harm", "says"), AT_A_GLANCE, ids=[h.__name__ for h, _ in AT_A_GLANCE])
def test_what_a_glance_shows(entry, harm, says):
    assert entry.whole and entry.damage() is None and not differences(entry.folder, entry.owner)
    harm(entry)
    assert not entry.whole and entry.damage() == says
    assert says in differences(entry.folder, entry.owner)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("samples.jsonl", "12x45", "samples.jsonl has other content"),
        ("notes.txt", "hm", "notes.txt was written by no stage"),
        ("model/more", "", "model/more was written by no stage"),
    ],
)
def test_what_only_reading_shows(entry, name, content, says):
    (entry.folder / name).write_text(content)
    assert entry.whole
    assert differences(entry.folder, entry.owner) == [says]


def test_hidden_files_harm_nothing(entry):
    (entry.folder / ".DS_Store").write_text("?")
    assert entry.whole and not differences(entry.folder, entry.owner)


def test_an_output_of_an_older_version_says_no_sizes(entry):
    path = entry.folder / "stage.json"
    about = read_json(path)
    del about["sizes"], about["kind"], about["fingerprint"]
    write_json(path, about)
    assert entry.whole
    half(entry)
    assert entry.whole
    assert differences(entry.folder, entry.owner) == ["samples.jsonl has other content"]
    lost(entry)
    assert not entry.whole


def test_what_is_not_there_is_not_damaged(tmp_path):
    entry = Entry(tmp_path, "decode", "abc")
    assert not entry.whole and entry.damage() is None
    entry.begin()
    assert not entry.whole and entry.damage() is None


def test_what_is_set_aside_is_kept_however_often(entry):
    for number in (1, 2):
        half(entry)
        entry.begin()
        kept = entry.root / "decode" / f"abc-{number}.damaged"
        assert (kept / "samples.jsonl").read_text() == "12" and not entry.folder.exists()
        made(entry.root, "abc")
    assert [path.name for path in damaged(entry.root)] == ["abc-1.damaged", "abc-2.damaged"]
    assert [one.fingerprint for one in entries(entry.root)] == ["abc"]


def test_a_damaged_part_outlives_the_join(entry):
    part = entry.part("00000-00016")
    (part.begin() / "samples.jsonl").write_text("123")
    part.complete({})
    assert part.whole and part.owner == ("decode/abc.parts", "00000-00016")
    half(part)
    part.begin()
    entry.clear_parts()
    assert [path.name for path in damaged(entry.root)] == ["abc.parts-00000-00016-1.damaged"]
    assert [one.fingerprint for one in entries(entry.root)] == ["abc"]


def test_parts_of_two_arms_cannot_be_exchanged(entry):
    other = made(entry.root, "def")
    for one in (entry, other):
        part = one.part("00000-00016")
        (part.begin() / "samples.jsonl").write_text("123")
        part.complete({})
    mine, theirs = entry.part("00000-00016"), other.part("00000-00016")
    mine.folder.rename(entry.root / "x")
    theirs.folder.rename(mine.folder)
    assert "decode/def.parts" in str(mine.damage())
    assert [one.fingerprint for one in entry.parts_there()] == ["00000-00016"]


def test_a_part_file_that_is_gone_is_a_line(entry):
    assert other_contents(entry.folder, {"nothing": "1"}) == ["nothing is missing"]


def test_what_may_not_be_read_is_not_called_damaged(entry, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.stat", refuse)
    with pytest.raises(StoreError, match=r"cannot read .*stage\.json: Permission denied"):
        _ = entry.whole


def test_links_are_left_alone_and_not_counted(entry, tmp_path):
    outside = tmp_path / "outside"
    entry.folder.rename(outside)
    entry.folder.symlink_to(outside)
    assert entry.whole  # it may be read through
    assert list(entries(entry.root)) == [] and size_bytes(entry.folder) == 0
    inside = made(entry.root, "def")
    before = size_bytes(inside.folder)
    (inside.folder / "link").symlink_to(outside / "samples.jsonl")
    (inside.folder / "far").symlink_to(outside)
    assert size_bytes(inside.folder) == before
    entry.remove()
    assert os.path.lexists(entry.folder) and (outside / "samples.jsonl").exists()
