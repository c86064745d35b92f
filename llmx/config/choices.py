"""What to type where a file, a folder or an address stands for a choice of a group."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable
from pathlib import Path, PurePath

from llmx.core.errors import nearest

FILES = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".csv": "csv",
    ".tsv": "csv",
    ".parquet": "parquet",
}
"""Ending of a file's name → the kind of data that reads it."""


def choice_hint(group: str, choice: str, known: Iterable[str]) -> str:
    """Return what to type instead of ``group=choice``, which is none of the known ones."""
    meant = {"data": _data, "model": _model, "engine": _engine}.get(group)
    return (meant(choice) if meant else "") or nearest(choice, known, f"choices of {group}")


def _data(choice: str) -> str:
    kind = FILES.get(PurePath(choice).suffix.lower())
    if kind is None:
        kind = "KIND" if _is_place(choice) else ""
    if not kind:
        return ""
    own = f"data={kind} data.options.path={_typed(choice)}"
    if kind != "KIND":
        return f"write {own}, or `llmx eval MODEL {shlex.quote(choice)}`"
    return f"write {own}, KIND one of {', '.join(dict.fromkeys(FILES.values()))}"


def _model(choice: str) -> str:
    named = _is_place(choice) or ":" in choice or choice.endswith(".gguf")
    return f"write model.target={_typed(choice)}" if named else ""


def _engine(choice: str) -> str:
    address = choice.startswith(("http://", "https://"))
    return f"write engine=openai engine.base_url={_typed(choice)}" if address else ""


def _is_place(choice: str) -> bool:
    """Whether a text is a path, or a name on the hub."""
    return (
        "/" in choice or choice.startswith(("~", ".")) or (choice != "" and Path(choice).exists())
    )


def _typed(text: str) -> str:
    """Return a text as a shell hands it on: within double quotes, where it may hold grammar."""
    plain = re.fullmatch(r"[\w./:@%+~-]+", text, re.ASCII)
    return text if plain else shlex.quote(json.dumps(text, ensure_ascii=False))
