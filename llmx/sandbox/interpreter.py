"""The Python that runs inside: the one that llmx runs on, without anything that was installed."""

from __future__ import annotations

import sys
from pathlib import Path

from llmx.core.sandbox import BoundTree

# Isolated, no site-packages, nothing written beside the sources.
FLAGS = ("-I", "-S", "-B")


def interpreter() -> tuple[str, ...]:
    """Return the words that start Python inside, but for a program."""
    return (str(program_path()), *FLAGS)


def interpreter_bounds() -> tuple[BoundTree, ...]:
    """Return what of it has to be bound, each at its own place; nothing where `/usr` has it all."""
    home = Path(sys.base_prefix)
    if home.is_relative_to("/usr"):
        return ()
    library = home / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    shared = sorted((home / "lib").glob("libpython*.so*"))
    found = (program_path(), library, *shared)
    return tuple(BoundTree(path, str(path)) for path in found if path.exists())


def program_path() -> Path:
    """Return the interpreter's program: of a virtual environment, the one that it was made with."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    named = Path(sys.base_prefix, "bin", name)
    return named if named.exists() else Path(sys.executable).resolve()
