"""A person's own pairs in a file: ``.jsonl``, ``.json``, ``.csv``, ``.tsv`` or ``.parquet``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, Field

from llmx.core.errors import DataError, nearest
from llmx.core.options import wrong
from llmx.core.spec import DataSpec
from llmx.data.columns import plain_text
from llmx.data.drawn import Settled
from llmx.data.local import path_of
from llmx.data.pairs.kind import PairData, PairOptions
from llmx.data.pairs.pairs import LABELS, Family, Pair
from llmx.data.pairs.splits import normal
from llmx.data.table import QuestionTable, read_table
from llmx.store.fingerprint import hash_file

_KINDS = {".jsonl": "jsonl", ".json": "jsonl", ".csv": "csv", ".tsv": "csv", ".parquet": "parquet"}
_OPTIONAL = ("dataset", "label", "negatives", "group", "id")
_TEXT = "each row needs a text there"


def _given(value: str | None) -> str | None:
    if value is None:
        raise wrong("no file is named", "name your file: data.options.path=FILE")
    return value


class OwnPairOptions(PairOptions):
    """Of a file of pairs; columns are named as its first line, or its objects, name them."""

    path: Annotated[str | None, AfterValidator(_given)] = Field(
        default=None, description="the file"
    )
    content: str = Field(default="", description="hash of the file, which llmx fills in")
    query: str = Field(default="query", description="column of the query")
    target: str = Field(default="target", description="column of what answers it")
    dataset: str | None = Field(
        default=None, description="column of the task; null = `dataset` where there is one"
    )
    label: str | None = Field(
        default=None, description="column of the class; null = `label` where there is one"
    )
    negatives: str | None = Field(
        default=None, description="column of wrong texts; null = `negatives` where there is one"
    )
    group: str | None = Field(
        default=None, description="column of what stays in one split; null = `group`, or the text"
    )
    id: str | None = Field(
        default=None, description="column; null = `id` where there is one, or the row's number"
    )
    family: Family = Field(default="retrieval", description="what a target is")


class OwnPairs(PairData):
    """`data: {kind: pairs_local, options: {path: FILE}}`: a row {query, target, …} each."""

    Options: ClassVar[type[PairOptions]] = OwnPairOptions
    options: OwnPairOptions

    @classmethod
    def settled(cls, spec: DataSpec, found: Path) -> Settled:
        """Return the specification with the content of the file, and a line on what is in it."""
        content = hash_file(_file(spec))
        settled = spec.model_copy(update={"options": {**spec.options, "content": content}})
        rows = cls(settled).every()
        datasets = len({row.dataset for row in rows})
        return Settled(settled, (f"pairs: {len(rows)} rows, {datasets} datasets",))

    @classmethod
    def identity(cls, spec: DataSpec) -> dict[str, Any]:
        """The content of the file, wherever it lies, and how it is read."""
        content = spec.options.get("content") or hash_file(_file(spec))
        named = spec.model_copy(update={"options": {**spec.options, "content": content}})
        return super().identity(named)

    def every(self) -> Sequence[Pair]:
        """Return a row for each of the file.

        Raises:
            DataError: naming the line without query or target, or two rows of one id.
        """
        path = _file(self.spec)
        if self.options.content and hash_file(path) != self.options.content:
            raise DataError(f"{path} is another file than was planned with", "run it again")
        if path.suffix.lower() not in _KINDS:
            raise DataError(f"{path.name}: '{path.suffix}' is not read", _suffixes())
        table = read_table(path, _KINDS[path.suffix.lower()])
        return _rows(table, self._columns(table), self.options.family)

    def _columns(self, table: QuestionTable) -> dict[str, str]:
        """Return each column that is read, by what it is."""
        named = {name: getattr(self.options, name) for name in ("query", "target", *_OPTIONAL)}
        found = {name: column or name for name, column in named.items()}
        for name, column in found.items():
            if column not in table.columns and named[name] is not None:
                text = f"{table.name} has no column '{column}', which is data.options.{name}"
                raise DataError(text, nearest(column, table.columns, "columns"))
        return {name: column for name, column in found.items() if column in table.columns}


def _suffixes() -> str:
    return f"name it after what it is: {', '.join(sorted(_KINDS))}"


def _rows(table: QuestionTable, columns: Mapping[str, str], family: Family) -> list[Pair]:
    numbers: dict[str, int] = {}
    rows, seen = [], dict[str, int]()
    for place in range(len(table.rows)):
        row = _row(table, place, columns, family, numbers)
        if (first := seen.setdefault(row.id, place)) != place:
            text = f"has the id '{row.id}' of {table.places[first]}"
            raise table.wrong(place, text, "give each row an id of its own")
        rows.append(row)
    return rows


def _row(
    table: QuestionTable, place: int, columns: Mapping[str, str], kind: Family, ids: dict[str, int]
) -> Pair:
    held = table.rows[place]
    query, target = (_text(table, place, columns[name]) for name in ("query", "target"))
    other = {name: plain_text(held.get(columns[name])) for name in columns if name != "negatives"}
    label = other.get("label") or None
    # A column of classes makes a row one of classification only where the person says so.
    alike = normal(query if kind in LABELS else target)
    return Pair(
        id=other.get("id") or f"row-{place + 1}",
        query=query,
        target=target,
        target_id=ids.setdefault(target, len(ids)),
        dataset=other.get("dataset") or "pairs",
        family=kind,
        label=label,
        negatives=_negatives(table, place, columns.get("negatives")),
        group=other.get("group") or alike,
    )


def _text(table: QuestionTable, place: int, column: str) -> str:
    found = (plain_text(table.rows[place].get(column)) or "").strip()
    if not found:
        raise table.wrong(place, f"the column '{column}' holds no text", _TEXT)
    return found


def _negatives(table: QuestionTable, place: int, column: str | None) -> tuple[str, ...]:
    held = table.rows[place].get(column) if column else None
    if held is None or held == "":
        return ()
    listed = held if isinstance(held, list) else [held]
    texts = [plain_text(one) for one in listed]
    if any(text is None or not text.strip() for text in texts):
        raise table.wrong(place, f"the column '{column}' is no list of texts", 'write ["…", "…"]')
    return tuple(str(text).strip() for text in texts)


def _file(spec: DataSpec) -> Path:
    path = path_of(spec, OwnPairOptions.model_fields)
    if path is None:
        raise DataError("data=pairs_local: no file is named", "data.options.path=FILE")
    if not path.is_file():
        raise DataError(f"data.options.path={spec.options['path']} is no file", "name the file")
    return path
