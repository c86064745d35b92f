"""Questions of any dataset of the hub, at a commit that is looked up once."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, Field

from llmx.core.errors import DataError
from llmx.core.options import Count, wrong
from llmx.core.record import Sample
from llmx.core.spec import DataSpec
from llmx.data.drawn import Settled
from llmx.data.hub import is_commit, kept_commit, rows
from llmx.data.own_rows import VERSION, OwnRows, RowsOptions, RowSource
from llmx.data.table import QuestionTable, table_of

_OFFLINE = "run it once where the hub can be reached, or copy the hub's cache ($HF_HOME) here"
_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?", re.A)


def _repository(value: str | None) -> str | None:
    if value is None or not _REPOSITORY.fullmatch(value):
        text = "no dataset is named" if value is None else f"'{value}' is no name of one"
        raise wrong(text, "name the dataset: data.options.repository=OWNER/SET")
    return value


class HubOptions(RowsOptions):
    """Of a dataset of the hub."""

    repository: Annotated[str | None, AfterValidator(_repository)] = Field(
        default=None, description="the dataset: OWNER/SET"
    )
    config: str | None = Field(default=None, description="configuration, where it has several")
    split: str = Field(default="test", description="published split that test is read from")
    rows: Count | None = Field(
        default=None,
        description="rows of that split at data.revision; where columns are named too, a plan"
        " needs no hub",
    )


@dataclass(frozen=True)
class HubSource:
    """One published split of a dataset at a commit."""

    spec: DataSpec
    repository: str
    config: str | None
    split: str

    def table(self) -> QuestionTable:
        """Return its rows; what the hub keeps as a number with a name is the name."""
        return _hub_table(self)


@lru_cache(maxsize=4)
def _hub_table(source: HubSource) -> QuestionTable:
    found = rows(source.spec, source.repository, source.config, source.split, _OFFLINE)
    features = getattr(found, "features", None) or {}
    names = {one: held.names for one, held in features.items() if hasattr(held, "names")}
    table = table_of(f"{source.repository} ({source.split})", [_named(row, names) for row in found])
    if not table.rows:
        raise DataError(f"{table.name} holds no row", "name another: data.options.split=NAME")
    return table


def _named(row: Mapping[str, Any], names: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    return {
        one: (names[one][value] if value >= 0 else None)
        if one in names and isinstance(value, int)
        else value
        for one, value in row.items()
    }


class OwnDataset(OwnRows):
    """`data: {kind: hub, revision: …, options: {repository: OWNER/SET}}`."""

    Options: ClassVar[type[RowsOptions]] = HubOptions

    @classmethod
    def identity(cls, spec: DataSpec) -> dict[str, Any]:
        """The dataset at its commit, and how it is read.

        Raises:
            DataError: if the specification names no commit.
        """
        if not is_commit(spec.revision):
            raise DataError(f"data.revision={spec.revision} is no commit", "plan a run with it")
        return {"spec": spec.model_dump(mode="json"), "version": VERSION}

    @classmethod
    def settled(cls, spec: DataSpec, found: Path) -> Settled:
        """Return the specification with a commit, and with the columns and sizes there."""
        cls._parsed(spec)
        if is_commit(spec.revision):
            return cls(spec)._stated() or cls(spec).filled()
        repository = str(spec.options["repository"])
        commit, is_new = kept_commit(repository, spec.revision, found, _OFFLINE)
        done = cls(spec.model_copy(update={"revision": commit})).filled()
        how = "its newest now, kept" if is_new else "as kept"
        note = f"{repository}: data.revision={commit} ({how} in {found.name})"
        return replace(done, notes=(note, *done.notes))

    def _stated(self) -> Settled | None:
        """Return the specification if it leaves nothing open, None where the data have to say."""
        options = self.options
        assert isinstance(options, HubOptions)
        named = options.question and options.answer and options.choices is not None
        if options.rows is None or not named or (options.choices and not options.answer_is):
            return None
        if options.splits or options.split_column:
            return None
        sizes = {"test": min(self.spec.test, options.rows), "train": 0, "heldout": 0}
        return Settled(self.spec.model_copy(update=sizes))

    def _all(self, split: str) -> Sequence[Sample]:
        """Return a problem for each row.

        Raises:
            DataError: if there are not as many as ``rows`` says.
        """
        found, options = super()._all(split), self.options
        assert isinstance(options, HubOptions)
        if options.rows not in (None, len(found)):
            text = f"{self._name} has {len(found):,} rows, not {options.rows:,}"
            raise DataError(text, f"data.options.rows={len(found)}")
        return found

    def source(self, split: str) -> RowSource:
        """Return the published split that a split is read from."""
        options = self.options
        assert isinstance(options, HubOptions) and options.repository is not None
        part = self._parts.get(split) if options.split_column is None else None
        name = part if isinstance(part, str) else options.split
        spec = DataSpec(kind=self.spec.kind, revision=self.spec.revision)
        return HubSource(spec, options.repository, options.config, name)
