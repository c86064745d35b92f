"""A drawn split is kept on the disk: the same problems, without the generator."""

import json
import subprocess
import sys

import pytest

from llmx.core import user_cache
from llmx.core.spec import DataSpec
from llmx.data import drawn, load

SPEC = DataSpec(kind="gsm_symbolic", templates=(43, 10), test=6, calibration=4)


@pytest.fixture(autouse=True)
def empty(tmp_path, monkeypatch):
    monkeypatch.setenv("LLMX_CACHE", str(tmp_path))
    drawn.forget()
    yield
    drawn.forget()


def files():
    return sorted((user_cache.folder() / "problems").glob("*"))


def again(spec=SPEC, split="test", limit=None):
    drawn.forget()
    return load(spec, split, limit)


def test_a_second_process_gets_the_same_problems_and_loads_no_generator():
    first = load(SPEC, "test")
    code = (
        "import sys, json; from llmx.data import load; from llmx.core.spec import DataSpec\n"
        f"found = load(DataSpec.model_validate_json({SPEC.model_dump_json()!r}), 'test')\n"
        "assert 'reasoning_gym' not in sys.modules\n"
        "print(json.dumps([one.model_dump() for one in found]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [one.model_dump() for one in first]


@pytest.mark.parametrize(
    ("spec", "split", "limit"),
    [
        (SPEC.model_copy(update={"seed": 1}), "test", None),
        (SPEC.model_copy(update={"templates": (10, 43)}), "test", None),
        (SPEC, "calibration", None),
        (SPEC, "test", 3),
    ],
)
def test_what_was_asked_is_what_is_found(spec, split, limit):
    load(SPEC, "test")
    there = files()
    asked = again(spec, split, limit)
    assert asked == again(spec, split, limit) and len(files()) == len(there) + 1
    assert asked != again(SPEC, "test")


def test_other_code_draws_anew(monkeypatch):
    load(SPEC, "test")
    monkeypatch.setattr(drawn, "_code", lambda: "changed")
    again()
    assert len(files()) == 2


@pytest.mark.parametrize(
    "damage", [lambda b: b[:-9], lambda b: b.replace(b"?", b"!", 1), bytes.upper]
)
def test_a_damaged_file_is_none(damage):
    first = load(SPEC, "test")
    (path,) = files()
    path.write_bytes(damage(path.read_bytes()))
    assert again() == first
    assert again() == first


def test_a_folder_that_cannot_be_written_costs_time_only(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LLMX_CACHE", str(tmp_path / "file"))
    assert len(load(SPEC, "test")) == 6
