"""Records of a file as models, one at a time: a file of any length takes the memory of a line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from llmx.core import json_text
from llmx.store.files import damaged, whole_lines

M = TypeVar("M", bound=BaseModel)


def rows(path: Path, model: type[M]) -> Iterator[M]:
    """Yield each complete record of a file; nothing where there is no file.

    Raises:
        StoreError: for a line that is not JSON.
        ValidationError: for one that is no `model`.
    """
    return lean(parsed(line, model, path) for line in whole_lines(path))


def parsed(line: bytes, model: type[M], path: Path) -> M:
    """Return the record of one line; `path` and the errors are those of :func:`rows`."""
    try:
        return model.model_validate_json(line)  # several times as fast as the two steps below
    except ValidationError:
        pass
    try:
        value = json_text.parse(line)
    except ValueError as error:
        raise damaged(path, error) from error
    return model.model_validate(value)


def lean(values: Iterable[M]) -> Iterator[M]:
    """Yield frozen models that share what is equal: the names of their fields, half of a record.

    Pydantic gives each a set of the names that were set, which takes more room than the values.
    """
    last: set[str] = set()
    for value in values:
        if value.__pydantic_fields_set__ == last:
            object.__setattr__(value, "__pydantic_fields_set__", last)
        else:
            last = value.__pydantic_fields_set__
        yield value
