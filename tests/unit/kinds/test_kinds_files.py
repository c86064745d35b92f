"""What rooms bring: read and not run, each name once, and every name leads somewhere."""

import ast
import sys
from importlib import import_module
from pathlib import Path

import pytest

import llmx
from llmx.core import registry
from llmx.core.errors import ConfigError
from llmx.core.registry import FAMILIES, Room, read_room

ROOT = Path(str(llmx.__file__)).parent
FILES = sorted(ROOT.rglob("kinds.py"))
EXTRAS = {"trl", "datasets", "peft"}


def test_every_file_of_kinds_is_a_room_and_no_folder_is_overlooked():
    rooms = {room.name for room in registry.rooms()}
    assert rooms == {".".join(["llmx", *file.relative_to(ROOT).parts[:-1]]) for file in FILES}
    assert len(registry.papers()) == 6 < len(rooms)


@pytest.mark.parametrize("room", registry.rooms(), ids=lambda room: room.name)
def test_every_kind_leads_to_an_object(room):
    for where in room.kinds.values():
        module, _, attribute = where.partition(":")
        try:
            found = import_module(module)
        except ModuleNotFoundError as error:
            assert error.name in EXTRAS, where
        else:
            assert hasattr(found, attribute), where


def test_kinds_are_what_the_rooms_bring_together():
    found = {one: where for room in registry.rooms() for one, where in room.kinds.items()}
    known = {(f, kind): w for f in registry.families() for kind, w in registry.kinds(f).items()}
    assert found.items() <= known.items() and len(found) > 80


def test_a_caller_cannot_change_what_is_known():
    registry.kinds("stage")["mine"] = "a:B"
    assert "mine" not in registry.kinds("stage")


def test_reading_the_rooms_imports_none_of_them():
    before = set(sys.modules)
    for room in FILES:
        read_room(room.parent, "again")
    assert set(sys.modules) == before


@pytest.mark.parametrize("paper", ["fsd", "staircase", "backtracking"])
def test_a_paper_has_words_that_its_name_is_among(paper):
    assert any(word in paper or paper in word for word in registry.papers()[paper].words)


def test_recipes_of_a_paper_are_named_by_it(monkeypatch):
    from llmx.config import index

    papers = [entry for entry in index.entries() if entry.paper]
    assert {entry.paper for entry in papers} == set(registry.papers())
    for entry in papers:
        short = registry.names_of(entry.paper)
        assert any(entry.name == name or entry.name.startswith(f"{name}_") for name in short)
    room = Room("llmx.papers.inference_scaling", {}, names=("scaling",))
    monkeypatch.setattr(registry, "papers", lambda: {"inference_scaling": room})
    assert registry.names_of("inference_scaling") == ("inference_scaling", "scaling")


def test_a_short_name_is_one_papers(monkeypatch):
    rooms = {"inference_scaling": ("scaling", "other"), "other": ("best",), "third": ("best",)}
    made = {paper: Room(f"llmx.papers.{paper}", {}, names=names) for paper, names in rooms.items()}
    monkeypatch.setattr(registry, "papers", lambda: made)
    with pytest.raises(ConfigError, match="'best' for short: other and third"):
        registry.short_names()
    del made["third"]
    # `other` is a paper of its own, whatever another calls itself.
    assert registry.short_names() == {"scaling": "inference_scaling", "best": "other"}


BAD = {
    "missing": ("WORDS = ('a',)", "KINDS is missing"),
    "syntax": ("KINDS = {", "kinds.py:1: "),
    "call": ("KINDS = dict(a='b:c')", "kinds.py:1: KINDS is not a dict"),
    "code": ("import os\nKINDS = {}", "kinds.py:1: this file is read, not run"),
    "loop": ("KINDS = {}\nfor k in 'ab':\n    KINDS[k] = k", "kinds.py:2: this file is read"),
    "number": ("KINDS = {\n 'stage.a': 1}", "kinds.py:2: KINDS holds texts alone"),
    "spread": ("KINDS = {**OTHER}", "kinds.py:1: KINDS holds texts alone"),
    "family": ("KINDS = {'stagee.a': 'b:c'}", "unknown family 'stagee' of 'stagee.a' (did"),
    "no kind": ("KINDS = {'stage.': 'b:c'}", "'stage.' names no stage (write 'stage.NAME'"),
    "no family": ("KINDS = {'a': 'b:c'}", "unknown family 'a'"),
    "no object": ("KINDS = {'stage.a': 'b.c'}", "'stage.a' is 'b.c', which names no object"),
    "a path": ("KINDS = {'stage.a': '../b:c'}", "which names no object"),
    "twice": ("KINDS = {'stage.a': 'b:c',\n'stage.a': 'd:e'}", ":2: 'stage.a' stands twice"),
    "words": ("KINDS = {}\nWORDS = 'one'", "kinds.py:2: WORDS is not a tuple of texts"),
    "names": ("KINDS = {}\nNAMES = (1,)", "KINDS holds texts alone"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_file_of_kinds(name, tmp_path):
    text, wanted = BAD[name]
    (tmp_path / "kinds.py").write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_room(tmp_path, "room")
    assert wanted in str(caught.value) and str(tmp_path) in str(caught.value)


def test_a_file_that_is_no_text_or_no_file(tmp_path):
    (tmp_path / "kinds.py").write_bytes(b"\xff\xfe")
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(ConfigError, match=r"kinds\.py"):
            read_room(folder, "room")


def test_a_file_may_hold_a_docstring_types_and_names(tmp_path):
    text = '"""What."""\n\nfrom __future__ import annotations\n\n'
    text += "KINDS: dict[str, str] = {'data.a b/s': 'm.n:C'}\nNAMES = ['x']\nWORDS = ('y', 'z')\n"
    (tmp_path / "kinds.py").write_text(text)
    assert read_room(tmp_path, "room") == Room(
        "room", {("data", "a b/s"): "m.n:C"}, ("x",), ("y", "z"), {("data", "a b/s"): 5}
    )


@pytest.mark.parametrize("family", FAMILIES)
def test_an_unknown_kind_of_any_family_is_one_line(family):
    with pytest.raises(ConfigError, match=f"^unknown {family} kind 'nobody'"):
        registry.lookup(family, "nobody")


def test_the_nearest_name_is_said():
    with pytest.raises(ConfigError, match="did you mean decode"):
        registry.lookup("stage", "decod")


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.parent.relative_to(ROOT)))
def test_a_file_of_kinds_is_data(file):
    allowed = (ast.Expr, ast.Assign, ast.Dict, ast.Tuple, ast.Constant, ast.Name, ast.Module)
    allowed = (*allowed, ast.Store, ast.Load)
    assert all(isinstance(node, allowed) for node in ast.walk(ast.parse(file.read_text())))


def test_a_kind_is_listed_where_its_code_is():
    for room in registry.rooms():
        for (family, kind), where in room.kinds.items():
            assert where.startswith(f"{room.name}."), (room.name, family, kind)
