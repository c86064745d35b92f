"""Records that an earlier try has left are kept as far as they are those that are asked for."""

import json
import random

import pytest

from llmx.core.record import Record, as_json
from llmx.store.files import dumps
from llmx.store.rows import keep_asked, key_of

ASKED = [f"p{number}" for number in range(8)]


def row(name: str) -> dict:
    record = Record(
        id=name, prompt_ids=(1,), completion_ids=(2,), prompt="q", text=name, finish="eos", rounds=1
    )
    return as_json(record)


def written(path, names) -> None:
    path.write_text("".join(dumps(row(name)) + "\n" for name in names))


def kept(path, size=1, ordered=True) -> list[str]:
    rows = keep_asked(path, [(name, 0) for name in ASKED], key_of(Record), size, ordered)
    there = [json.loads(line)["id"] for line in path.read_text().splitlines()]
    assert [row["id"] for row in rows] == there  # the file is what is returned
    return there


@pytest.mark.parametrize(
    ("names", "size", "ordered", "stay"),
    [
        (ASKED, 3, True, 8),  # the last batch may be short
        (ASKED[:7], 3, True, 6),
        (ASKED[:7], 1, True, 7),
        ([*ASKED[:3], *ASKED[:3]], 3, True, 3),  # a batch twice
        ([*ASKED[:4], ASKED[3], *ASKED[4:]], 1, True, 4),  # a record twice
        ([ASKED[1], ASKED[0], *ASKED[2:]], 1, True, 0),  # two exchanged
        ([*ASKED[:2], ASKED[3], ASKED[2]], 2, True, 2),
        ([*ASKED[:5], "strange", *ASKED[6:]], 1, True, 5),
        ([*ASKED[:5], "strange", *ASKED[6:]], 2, True, 4),
        ([*ASKED, "p9"], 3, True, 8),  # more than was asked
        ([ASKED[5], ASKED[0], ASKED[7]], 1, False, 3),  # answers come in any order
        ([ASKED[5], ASKED[0], ASKED[5], ASKED[7]], 1, False, 2),
        ([ASKED[5], "strange", ASKED[0]], 1, False, 1),
        ([], 1, True, 0),
    ],
)
def test_what_stays(tmp_path, names, size, ordered, stay):
    path = tmp_path / "samples.jsonl"
    written(path, names)
    assert kept(path, size, ordered) == names[:stay]


@pytest.mark.parametrize("harm", [bytes(40), b"\0\n", b'{"id": "p4"}\n', b"{}\n", b"[]\n"])
def test_what_stands_before_damage_stays_and_what_follows_is_done_again(tmp_path, harm):
    path = tmp_path / "samples.jsonl"
    written(path, ASKED)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:4], harm, *lines[5:]]))
    assert kept(path) == ASKED[:4]


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("size", [1, 3])
def test_any_cut_or_zeroed_tail_keeps_whole_batches_and_their_bytes(tmp_path, seed, size):
    path, chance = tmp_path / "samples.jsonl", random.Random(seed)
    written(path, ASKED)
    whole = path.read_bytes()
    place = chance.randrange(len(whole) - 1)
    path.write_bytes(whole[:place] + bytes(chance.choice([0, len(whole) - place])))
    there = len(whole[:place].splitlines(keepends=True)) - (not whole[:place].endswith(b"\n"))
    stay = max(there, 0) // size * size
    assert kept(path, size) == ASKED[:stay]
    assert whole.startswith(path.read_bytes())


def test_what_is_right_is_not_written_again(tmp_path):
    path = tmp_path / "samples.jsonl"
    written(path, ASKED)
    before = path.stat()
    kept(path, 3)
    assert path.stat().st_ino == before.st_ino
    assert keep_asked(tmp_path / "none", [("p0", 0)], key_of(Record)) == []
    assert not (tmp_path / "none").exists()
