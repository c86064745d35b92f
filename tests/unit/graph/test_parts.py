"""An arm that is done in parts has the output of one that is not; no record is asked for twice."""

import json
import os
import random
import subprocess
import sys

import pytest
from native_folders import needs_compiler
from parted import (
    bring,
    entry_in,
    files,
    node_of,
    on_each_answer,
    part_done,
    spec_of,
    undivided,
)

from llmx.graph.observer import SilentObserver
from llmx.graph.parts import do_parts, parts_of
from llmx.store.files import read_lines, write_json

pytestmark = needs_compiler


@pytest.mark.parametrize(
    ("problems", "sizes"), [(1, []), (16, []), (17, [16, 1]), (40, [16, 16, 8])]
)
def test_which_parts_there_are_does_not_depend_on_who_asks(problems, sizes):
    parts = [parts_of(node_of(problems, batch)) for batch in (1, 3, 64)]
    assert parts[0] == parts[1] == parts[2]
    assert list(parts[0].values()) == sizes


def test_what_is_not_exact_is_not_shared_out():
    assert not parts_of(node_of(40, kernel="torch"))


def test_a_measurement_is_never_shared_out(monkeypatch):
    node = node_of(40)
    monkeypatch.setattr(type(node.stage), "timing", True)
    assert not parts_of(node)


@pytest.mark.parametrize("problems", [1, 16, 17, 40])
def test_joined_parts_are_the_undivided_output(tmp_path, problems):
    whole = undivided(problems)
    entry = bring(tmp_path / "cache", problems, 64)
    assert files(entry.folder) == whole
    assert len(whole["samples.jsonl"].splitlines()) == problems
    assert not entry.shared_out.exists() and not entry.partial.exists()


def test_records_that_come_in_another_order_lie_in_that_of_the_data(tmp_path, monkeypatch):
    came = []
    asked = on_each_answer(monkeypatch, came.append)
    entry = bring(tmp_path / "cache", 40)
    there = [row["id"] for row in read_lines(entry.folder / "samples.jsonl")]
    assert there == asked and came != asked and sorted(came) == sorted(asked)


@pytest.mark.parametrize("seed", range(3))
def test_parts_done_in_any_order_are_joined_in_that_of_the_data(tmp_path, seed):
    node = node_of(40)
    names = list(parts_of(node))
    random.Random(seed).shuffle(names)
    for name in names[:2]:
        part_done(tmp_path / "cache", node, name)
    entry = bring(tmp_path / "cache", 40)
    assert files(entry.folder) == undivided(40)


def test_a_killed_part_keeps_its_records_and_asks_for_none_again(tmp_path, monkeypatch):
    kept = []

    def die_at_the_twentieth(name):
        if len(kept) == 20:
            raise KeyboardInterrupt
        kept.append(name)

    with monkeypatch.context() as first:
        on_each_answer(first, die_at_the_twentieth)
        with pytest.raises(KeyboardInterrupt):
            bring(tmp_path / "cache", 40)
    node = node_of(40)
    half = entry_in(tmp_path / "cache", node).part("00016-00032")
    assert len(read_lines(half.partial / "samples.jsonl")) == 4
    with (half.partial / "samples.jsonl").open("ab") as records:
        records.write(b'{"id": "torn')
    asked = on_each_answer(monkeypatch, lambda name: None)
    entry = bring(tmp_path / "cache", 40, 3)
    assert len(asked) == 20 and not set(asked) & set(kept)
    assert files(entry.folder) == undivided(40)


def test_a_part_that_was_cut_otherwise_is_not_taken_for_one(tmp_path, monkeypatch):
    with monkeypatch.context() as earlier:
        earlier.setattr("llmx.stages.decode._PART", 10)
        node = node_of(40)
        part_done(tmp_path / "cache", node, next(iter(parts_of(node))))
    entry = bring(tmp_path / "cache", 40)
    assert files(entry.folder) == undivided(40)
    assert not entry.shared_out.exists()


def test_a_part_that_another_holds_is_left_to_it(tmp_path, monkeypatch):
    node = node_of(40)
    entry = entry_in(tmp_path / "cache", node)
    lock = entry.part("00016-00032").lock
    assert lock.try_acquire()
    asked = on_each_answer(monkeypatch, lambda name: None)
    entries = {node.fingerprint: entry}
    assert not do_parts(node, parts_of(node), entries, SilentObserver())
    assert len(asked) == 24 and not entry.part("00016-00032").partial.exists()
    lock.release()
    assert do_parts(node, parts_of(node), entries, SilentObserver()) and len(asked) == 40


WORKER = """
import os, sys, time
from pathlib import Path
from llmx.store.cache import Entry
from llmx.graph.worker import main
log, done = Path(sys.argv[4]), Entry.complete
def complete(entry, about):
    done(entry, about)
    with log.open("a") as lines:
        lines.write(f"{os.getpid()} {entry.fingerprint}\\n")
Entry.complete = complete
Path(f"{log}.{os.getpid()}").touch()
while len(list(log.parent.glob(f"{log.name}.*"))) < 2:
    time.sleep(0.01)
sys.exit(main(*sys.argv[1:4]))
"""


@pytest.mark.slow
def test_two_processes_share_one_arm(tmp_path):
    node, log = node_of(80), tmp_path / "log"
    write_json(tmp_path / "spec.json", spec_of(80).model_dump(mode="json"))
    words = [tmp_path / "spec.json", tmp_path / "cache", os.getpid(), log]
    command = [sys.executable, "-c", WORKER, *map(str, words)]
    for process in [subprocess.Popen(command) for _ in range(2)]:
        assert process.wait(300) == 0
    done = [line.split() for line in log.read_text().splitlines()]
    assert sorted(name for _, name in done) == sorted([*parts_of(node), node.fingerprint])
    assert len({pid for pid, name in done if name != node.fingerprint}) == 2
    entry = entry_in(tmp_path / "cache", node)
    assert files(entry.folder) == undivided(80)
    assert json.loads((entry.folder / "stage.json").read_text())["seconds"] > 0
    assert not entry.shared_out.exists()
