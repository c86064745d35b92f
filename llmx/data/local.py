"""Files of a benchmark that a person has, or that ship with llmx: ``data.options.path``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from llmx.core import json_text
from llmx.core.errors import DataError, nearest
from llmx.core.spec import SHIPPED, DataSpec
from llmx.core.user_cache import at_home
from llmx.store.files import inside

_FOLDER = Path(__file__).parent / "shipped"


def path_of(spec: DataSpec, known: Iterable[str] = ("path",)) -> Path | None:
    """Return the place that ``data.options.path`` names, None where it names none.

    Raises:
        DataError: for an option that the kind does not have, or a place that is not there.
    """
    known = set(known)
    for name in spec.options:
        if name not in known:
            text = f"unknown option '{name}' of data kind '{spec.kind}'"
            raise DataError(text, nearest(name, known))
    named = spec.options.get("path")
    if named is None:
        return None
    found = _place(str(named))
    if not found.exists():
        raise DataError(f"data.options.path={named} is not there", "name a file or folder")
    return found


def without_path(spec: DataSpec) -> dict[str, Any]:
    """Return a specification without where its files are: their content is what counts."""
    found = spec.model_dump(mode="json")
    left = {name: value for name, value in spec.options.items() if name != "path"}
    return {**found, "options": left}


def _place(named: str) -> Path:
    if named.startswith(SHIPPED):
        return inside(_FOLDER, named.removeprefix(SHIPPED))
    return at_home(named)


def json_rows(path: Path) -> list[Mapping[str, Any]]:
    """Return the rows of a JSON list, or of a file with a document a line (``.jsonl``).

    Raises:
        DataError: if the file is not there or holds anything else.
    """
    try:
        text = text_of(path)
        if path.suffix == ".jsonl":
            rows: Any = [json_text.parse(line) for _, line in lines_of(text)]
        else:
            rows = json_text.parse(text)
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise DataError(f"{path} cannot be read: {error}", "take the published file") from error
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise DataError(f"{path} is no list of rows", "take the published file")
    return rows


def text_of(path: Path) -> str:
    """Return the text of a file as it stands there, but for a mark of its byte order.

    Raises:
        OSError: if it cannot be read.
        UnicodeDecodeError: if it is not UTF-8.
    """
    return path.read_bytes().decode("utf-8-sig")


def lines_of(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines that are not blank, with their numbers from 1.

    Lines end at ``\\n`` alone: a text may hold U+2028, U+0085 or a form feed, and JSON leaves them
    as they are.
    """
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield number, line.removesuffix("\r")
