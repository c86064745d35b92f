"""Each planted fault is found by the test that is for it.

A fault is planted in a copy of the package, and its test runs there in a process of its own.
`make test` plants a few, always the same ones; `make test-thorough` plants all.
"""

import os
import subprocess
import sys
from pathlib import Path
from shutil import copytree, ignore_patterns

import pytest
from counts import some
from table import TABLE, Mutant

ROOT = Path(__file__).parents[2]
HANDFUL = 3
FAILED = 1  # pytest's exit code; 2 and 4 are errors of collection and of the command


def name(mutant: Mutant) -> str:
    return f"{TABLE.index(mutant)}-{Path(mutant.file).stem}-{mutant.test.partition('::')[2]}"


def link(source: str, target: str) -> None:
    Path(target).symlink_to(source)


def copied(folder: Path) -> Path:
    """Return a package of links: weights are not copied, and a planted file replaces its link."""
    copytree(ROOT / "llmx", folder / "llmx", copy_function=link, ignore=ignore_patterns("*.pyc"))
    (folder / "recipes").symlink_to(ROOT / "recipes")
    return folder


def plant(folder: Path, mutant: Mutant) -> None:
    place = folder / "llmx" / mutant.file
    text = place.read_text(encoding="utf-8")
    place.unlink()
    place.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")


def tried(folder: Path, test: str) -> subprocess.CompletedProcess[str]:
    """Run one test on the package in `folder`, with the usual counts."""
    env = {key: value for key, value in os.environ.items() if key != "LLMX_THOROUGH"}
    env |= {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    words = [sys.executable, "-m", "pytest", "-x", "-p", "no:cacheprovider", "-p", "no:xdist"]
    words += [
        "--hypothesis-profile=found",
        "-c",
        str(ROOT / "pyproject.toml"),
        "--rootdir",
        str(ROOT),
        str(ROOT / test),
    ]
    return subprocess.run(words, env=env, cwd=folder, capture_output=True, text=True, timeout=600)


@pytest.mark.parametrize("mutant", TABLE, ids=name)
def test_what_a_row_replaces_stands_there_once(mutant):
    assert (ROOT / "llmx" / mutant.file).read_text(encoding="utf-8").count(mutant.old) == 1
    assert mutant.old != mutant.new and "::" in mutant.test
    path, _, test = mutant.test.partition("::")
    assert f"def {test.partition('[')[0]}(" in (ROOT / path).read_text(encoding="utf-8")


@pytest.mark.slow
def test_without_a_fault_the_copy_is_what_runs_and_passes(tmp_path):
    """Otherwise a test could fail for another reason than its fault."""
    folder = copied(tmp_path)
    (folder / "llmx" / "__init__.py").unlink()
    text = (ROOT / "llmx" / "__init__.py").read_text(encoding="utf-8")
    (folder / "llmx" / "__init__.py").write_text(f"{text}\nopen('ran', 'w').close()\n")
    done = tried(folder, "tests/unit/decode/test_philox.py::test_known_answers")
    assert done.returncode == 0 and (folder / "ran").exists(), done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("mutant", some(TABLE, HANDFUL), ids=name)
def test_a_planted_fault_is_found(tmp_path, mutant):
    folder = copied(tmp_path)
    plant(folder, mutant)
    done = tried(folder, mutant.test)
    assert done.returncode == FAILED, f"{mutant.test} did not fail:\n{done.stdout}{done.stderr}"
