"""A person's own questions in a file: ``.jsonl``, ``.csv`` or ``.parquet``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, Field

from llmx.core.errors import DataError
from llmx.core.options import wrong
from llmx.core.spec import DataSpec
from llmx.data.drawn import Settled
from llmx.data.local import path_of, without_path
from llmx.data.own_rows import VERSION, OwnRows, RowsOptions, RowSource
from llmx.data.table import QuestionTable, read_table
from llmx.store.fingerprint import hash_file


def _given(value: str | None) -> str | None:
    if value is None:
        raise wrong("no file is named", "name your file: data.options.path=FILE")
    return value


class FileOptions(RowsOptions):
    """Of a file."""

    path: Annotated[str | None, AfterValidator(_given)] = Field(
        default=None, description="the file"
    )
    content: str = Field(default="", description="hash of the file, which llmx fills in")


@dataclass(frozen=True)
class FileSource:
    """A file in the state in which it was seen."""

    path: Path
    kind: str
    changed: int
    size: int

    def table(self) -> QuestionTable:
        """Return its rows."""
        return read_table(self.path, self.kind)


class OwnFile(OwnRows):
    """`data: {kind: jsonl | csv | parquet, options: {path: FILE}}`."""

    Options: ClassVar[type[RowsOptions]] = FileOptions

    @classmethod
    def identity(cls, spec: DataSpec) -> dict[str, Any]:
        """The content of the file, and how it is read."""
        found = without_path(spec)
        content = spec.options.get("content") or hash_file(_file(spec))
        found["options"] = {**found["options"], "content": content}
        return {"spec": found, "version": VERSION}

    @classmethod
    def settled(cls, spec: DataSpec, found: Path) -> Settled:
        """Return the specification with the content, the columns and the sizes of the file."""
        options = {**spec.options, "content": hash_file(_file(spec))}
        return cls(spec.model_copy(update={"options": options})).filled()

    @cached_property
    def _source(self) -> FileSource:
        path = _file(self.spec)
        state = path.stat()
        content = self.spec.options.get("content")
        if content and hash_file(path) != content:
            raise DataError(f"{path} is another file than was planned with", "run it again")
        return FileSource(path, self.spec.kind, state.st_mtime_ns, state.st_size)

    def source(self, split: str) -> RowSource:
        """Return the file."""
        return self._source

    def _assigned(self, split: str) -> list[str | None]:
        named = [part for part in self.options.splits.values() if isinstance(part, str)]
        if named and self.options.split_column is None:
            hint = "data.options.split_column=NAME says which"
            raise DataError(f"data.options.splits names '{named[0]}': of which column?", hint)
        return super()._assigned(split)


def _file(spec: DataSpec) -> Path:
    path = path_of(spec, FileOptions.model_fields)
    if path is None:
        raise DataError(f"data={spec.kind}: no file is named", "data.options.path=FILE")
    if not path.is_file():
        raise DataError(f"data.options.path={spec.options['path']} is no file", "name the file")
    return path
