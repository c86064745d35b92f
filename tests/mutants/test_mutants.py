"""Each planted fault is found by the test that is for it.

`make test` plants a few, always the same ones; `make test-thorough` and `make mutants` plant all.
"""

import ast
from importlib import import_module
from pathlib import Path

import pytest
from counts import some
from mutant import PACKAGE, qualified
from planting import FAILED, ROOT, copied, plant, tried
from table import TABLE
from unseen import UNSEEN

HANDFUL = 3
PLACES = {row: place for place, row in enumerate([*TABLE, *UNSEEN])}


def name(row) -> str:
    return f"{PLACES[row]}-{qualified(row)}"


@pytest.mark.parametrize("row", [*TABLE, *UNSEEN], ids=name)
def test_what_a_row_replaces_stands_there_once(row):
    text = (PACKAGE / row.file).read_text(encoding="utf-8")
    assert text.count(row.old) == 1 and row.old != row.new
    if row.file.endswith(".py"):
        changed = text.replace(row.old, row.new)
        assert ast.dump(ast.parse(changed)) != ast.dump(ast.parse(text))


@pytest.mark.parametrize("mutant", TABLE, ids=name)
def test_the_test_of_a_row_is_there(mutant):
    path, _, test = mutant.test.partition("::")
    assert f"def {test.partition('[')[0]}(" in (ROOT / path).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "file", sorted(Path(__file__).parent.glob("*_table.py")), ids=lambda path: path.stem
)
def test_a_file_of_rows_is_read_and_has_five_or_more(file):
    """Whoever adds a method adds its five."""
    lists = vars(import_module(file.stem)).values()
    held = {row for found in lists if isinstance(found, list) for row in found}
    assert held <= set(TABLE) and len(held) >= 5


def test_no_fault_is_there_twice():
    rows = [(row.file, row.old, row.new) for row in [*TABLE, *UNSEEN]]
    assert len(set(rows)) == len(rows)


def test_a_place_is_the_innermost_function_that_changes():
    placed = {qualified(row) for row in TABLE}
    assert {"decoding.brake.Brake.look", "engines/native/forward.cpp"} <= placed


@pytest.mark.slow
def test_without_a_fault_the_copy_is_what_runs_and_passes(tmp_path):
    """Otherwise a test could fail for another reason than its fault."""
    folder = copied(tmp_path)
    (folder / "llmx" / "__init__.py").unlink()
    text = (ROOT / "llmx" / "__init__.py").read_text(encoding="utf-8")
    (folder / "llmx" / "__init__.py").write_text(f"{text}\nopen('ran', 'w').close()\n")
    done = tried(folder, "tests/unit/decoding/test_philox.py::test_known_answers")
    assert done.returncode == 0 and (folder / "ran").exists(), done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("mutant", some(TABLE, HANDFUL), ids=name)
def test_a_planted_fault_is_found(tmp_path, mutant):
    folder = copied(tmp_path)
    plant(folder, mutant)
    done = tried(folder, mutant.test)
    assert done.returncode == FAILED, f"{mutant.test} did not fail:\n{done.stdout}{done.stderr}"
