"""Rows of a data stage: reading them, naming them, hashing them, and what each one asks."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from llmx.core.errors import ConfigError, DataError
from llmx.core.record import Message
from llmx.core.spec import DataSpec
from llmx.core.speech import sent_form, turns_of
from llmx.core.stage import StageContext
from llmx.store.files import inside, read_lines
from llmx.store.fingerprint import fingerprint

Prompt = str | list[dict[str, Any]]
"""A text that is sent as it is, or turns that the chat template renders."""


@dataclass(frozen=True)
class TrainingRow:
    """One line of ``SPLIT.jsonl``: ``question``/``solution``, ``prompt``/``completion`` or
    ``prompt``/``chosen``/``rejected`` (``question`` may stand for ``prompt``), and any more fields.
    Of ``turns`` the chat before the question consists.
    """

    number: int
    fields: Mapping[str, Any]
    prompt: Prompt

    @property
    def name(self) -> str:
        """How an error calls it."""
        known = self.fields.get("id")
        return f"row {self.number}" + (f" ('{known}')" if known else "")

    def text(self, *names: str) -> str:
        """Return the first of these fields that the row has.

        Raises:
            DataError: if it has none of them, or it is no text.
        """
        found = next((self.fields[name] for name in names if self.fields.get(name)), None)
        if not isinstance(found, str):
            raise DataError(f"{self.name} has no text under {' or '.join(names)}", _FORMS)
        return found


_TURNS = TypeAdapter(list[Message])
_FORMS = "question/solution, prompt/completion, or prompt/chosen/rejected"


def read_rows(context: StageContext, split: str) -> tuple[Path, list[TrainingRow]]:
    """Return the folder of the data stage and its rows.

    Raises:
        ConfigError: if no input wrote the split.
        DataError: if it is empty, or a row asks nothing.
    """
    file, stage = f"{split}.jsonl", context.given.stage
    folder = next((f for f in context.inputs.values() if inside(f, file).exists()), None)
    if folder is None:
        raise ConfigError(
            f"stage '{stage.name}' needs a stage that writes {file}", "add it to the stage's needs"
        )
    lines = read_lines(inside(folder, file))
    if not lines:
        raise DataError(f"{file} of stage '{stage.name}' has no rows", "nothing to train on")
    data = context.given.arm.data
    rows = (
        TrainingRow(place, line, _prompt(place, line, data)) for place, line in enumerate(lines)
    )
    return folder, list(rows)


def _prompt(place: int, line: Mapping[str, Any], data: DataSpec | None) -> Prompt:
    asked = line.get("prompt") or line.get("question")
    if not isinstance(asked, str):
        raise DataError(f"row {place} has no text under prompt or question", _FORMS)
    if line.get("prompt"):
        return asked
    settings = data or DataSpec(kind="")
    turns = turns_of(
        asked,
        settings.instruction,
        system=settings.system,
        preamble=settings.preamble,
        before=_before(place, line),
    )
    return [sent_form(turn) for turn in turns]


def _before(place: int, line: Mapping[str, Any]) -> list[Message]:
    """Return the turns before the question of a row."""
    try:
        return _TURNS.validate_python(line.get("turns", []))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, ("turns", *first["loc"])))
        raise DataError(f"row {place}: {where}: {first['msg']}", "{role: …, content: …}") from error


def asks(fields: Mapping[str, Any]) -> str | None:
    """Return the hash of the question that a row asks, however it is spaced and capitalised."""
    text = fields.get("question") or fields.get("prompt")
    return _key(text) if isinstance(text, str) else None


def asked_by(fields: Mapping[str, Any]) -> set[str]:
    """Return the hashes of all that a row may ask: its question, and its prompt."""
    texts = (fields.get(name) for name in ("question", "prompt"))
    return {_key(text) for text in texts if isinstance(text, str)}


def _key(text: str) -> str:
    plain = re.sub(r"\s+", " ", text).strip().lower()
    return blake2b(plain.encode(), digest_size=10).hexdigest()


def tested(folder: Path) -> dict[str, set[str]]:
    """Return the hashes of the questions of each split that is there to test on."""
    found = {name: read_lines(folder / f"{name}.jsonl") for name in ("test", "heldout")}
    return {name: set().union(*map(asked_by, rows)) for name, rows in found.items() if rows}


def row_hashes(rows: Sequence[TrainingRow]) -> list[str]:
    """Return a hash of every row, with all of its fields, in their order."""
    return [fingerprint(row.fields) for row in rows]
