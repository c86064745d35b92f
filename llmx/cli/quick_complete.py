"""Completion of recipes and keys without importing the command line: typer alone takes 0.1 s.

Verbs and flags, and shells other than bash and zsh, are left to typer.
"""

from __future__ import annotations

import os

from llmx.cli.complete import (
    evaluated,
    overrides,
    papers,
    recipes,
    reported,
    run_names,
    runs,
    sorts,
    submitted,
    submitted_runs,
)

_WORDS = {
    "run": overrides,
    "eval": evaluated,
    "list": sorts,
    "describe": recipes,
    "validate": recipes,
    "reproduce": papers,
    "compare": runs,
    "batches": runs,
    "budget": run_names,
    "report": reported,
    "serve": overrides,
    "submit": submitted,
    "fetch": overrides,
    "status": submitted_runs,
    "logs": submitted_runs,
    "cancel": submitted_runs,
}
_BELOW = {("runs", "rm"): run_names, ("runs", "check"): run_names}


def answer() -> str | None:
    """Return what the shell is to be told, in typer's own protocol; None = let typer answer."""
    shell = os.environ.get("_LLMX_COMPLETE", "").removeprefix("complete_")
    if shell not in ("bash", "zsh"):
        return None
    *before, word = _bash() if shell == "bash" else _zsh()
    # After a flag stands its value, which only typer knows.
    known = _BELOW.get((before[1], before[2])) if len(before) > 2 else None
    known = known or (_WORDS.get(before[1]) if len(before) > 1 else None)
    if known is None or word.startswith("-") or before[-1].startswith("-"):
        return None
    found = [one for one in known(word) if one.startswith(word)]
    return "\n".join(found) if shell == "bash" else _for_zsh(found)


def _bash() -> list[str]:
    """Return the words up to the one that is completed, which may be empty."""
    words = os.environ.get("COMP_WORDS", "").split("\n")
    at = int(os.environ.get("COMP_CWORD", "0") or 0)
    return [*words, ""][: at + 1]


def _zsh() -> list[str]:
    line = os.environ.get("_TYPER_COMPLETE_ARGS", "")
    words = line.split()
    return [*words, ""] if line.endswith(" ") else words or [""]


def _for_zsh(found: list[str]) -> str:
    if not found:
        return "_files"
    # What zsh would expand inside the quotes; a colon parts a value from its description.
    escapes = str.maketrans({'"': '""', "'": "''", "$": "\\$", "`": "\\`", ":": r"\\:"})
    quoted = "\n".join(f'"{one.translate(escapes)}"' for one in found)
    return f"_arguments '*: :(({quoted}))'"
