"""A fault is planted in a copy of the package, and a test runs there in a process of its own."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from shutil import copytree, ignore_patterns

from mutant import Mutant, Unseen

ROOT = Path(__file__).parents[2]
FAILED = 1  # pytest's exit code; 2 and 4 are errors of collection and of the command
NOTHING_RAN = 5
_OPTIONS = ("-x", "-p", "no:cacheprovider", "-p", "no:xdist", "--hypothesis-profile=found")


def link(source: str, target: str) -> None:
    Path(target).symlink_to(source)


def copied(folder: Path) -> Path:
    """Return a package of links: weights are not copied, and a planted file replaces its link."""
    copytree(ROOT / "llmx", folder / "llmx", copy_function=link, ignore=ignore_patterns("*.pyc"))
    (folder / "recipes").symlink_to(ROOT / "recipes")
    return folder


def plant(folder: Path, mutant: Mutant | Unseen) -> None:
    """Replace the link to the file by a file that has the fault."""
    text = (ROOT / "llmx" / mutant.file).read_text(encoding="utf-8")
    place = folder / "llmx" / mutant.file
    place.unlink()
    place.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")


def lift(folder: Path, mutant: Mutant | Unseen) -> None:
    """Put the link back."""
    place = folder / "llmx" / mutant.file
    place.unlink()
    place.symlink_to(ROOT / "llmx" / mutant.file)


def tried(
    folder: Path, tests: str | Sequence[str], seconds: float = 600, options: Sequence[str] = ()
) -> subprocess.CompletedProcess[str]:
    """Run tests on the package in `folder`, with the usual counts.

    Raises:
        subprocess.TimeoutExpired: after `seconds`; the process is killed.
    """
    env = {key: value for key, value in os.environ.items() if key != "LLMX_THOROUGH"}
    env |= {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    words = [sys.executable, "-m", "pytest", *_OPTIONS, *options]
    words += ["-c", str(ROOT / "pyproject.toml"), "--rootdir", str(ROOT)]
    words += [str(ROOT / test) for test in ([tests] if isinstance(tests, str) else tests)]
    return subprocess.run(
        words, env=env, cwd=folder, capture_output=True, text=True, timeout=seconds
    )
