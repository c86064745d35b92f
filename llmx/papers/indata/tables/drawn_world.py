"""Draws the rows of a domain by a seed: a pure function of :class:`WorldSpec`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import Literal

from pydantic import Field

from llmx.core.errors import DataError
from llmx.core.record import Frozen
from llmx.papers.indata.literals import Value
from llmx.papers.indata.schema import Catalogue, DataColumn, DataTable
from llmx.papers.indata.tables.domains import DOMAINS, Domain, DrawnColumn, DrawnTable
from llmx.papers.indata.world import DataWorld

FEWEST, MOST = 200, 5000
VERSION = 1  # to be raised with every change that changes a table
Names = Literal["plain", "opaque"]


class WorldSpec(Frozen):
    """Which tables are drawn; whoever has it can draw them again."""

    domain: str
    seed: str
    tables: int = Field(default=3, ge=1, le=3)
    names: Names = "plain"
    without: tuple[str, ...] = Field(default=(), description="columns left out, TABLE.COLUMN")


@dataclass(frozen=True)
class Wording:
    """What a question calls things: by (table, column) as the catalogue names them."""

    nouns: Mapping[str, str]
    phrases: Mapping[tuple[str, str], str]
    roles: Mapping[tuple[str, str], str]
    keys: Mapping[tuple[str, str], str]


@dataclass(frozen=True)
class DrawnWorld:
    """Tables and what their columns are called in words."""

    spec: WorldSpec
    world: DataWorld
    wording: Wording


def domain_of(name: str) -> Domain:
    """Return a domain.

    Raises:
        DataError: if there is none of that name.
    """
    for domain in DOMAINS:
        if domain.name == name:
            return domain
    known = ", ".join(domain.name for domain in DOMAINS)
    raise DataError(f"there is no domain '{name}'", f"domains: {known}")


@lru_cache(maxsize=8)
def drawn_world(spec: WorldSpec) -> DrawnWorld:
    """Return tables with their rows, and their wording.

    Raises:
        DataError: for a domain or column that is not there.
    """
    domain = domain_of(spec.domain)
    rng = Random(f"indata/{VERSION}/{spec.domain}/{spec.seed}/{spec.tables}")
    about = domain.about[: spec.tables - 1]
    sizes = {table.name: rng.randint(12, 60) for table in domain.about}
    sizes[domain.events.name] = round(FEWEST * (MOST / FEWEST) ** rng.random())
    tables = (_joined_to(domain.events, [table.name for table in about]), *about)
    cells = {table.name: _cells(rng, table, sizes) for table in tables}
    return _named(spec, tables, cells)


def _joined_to(table: DrawnTable, known: Sequence[str]) -> DrawnTable:
    """Return the table of events without keys of tables that are not there."""
    kept = tuple(column for column in table.columns if not column.key or column.key in known)
    return DrawnTable(table.name, table.noun, kept)


def _cells(rng: Random, table: DrawnTable, sizes: Mapping[str, int]) -> dict[str, list[Value]]:
    count = sizes[table.name]
    return {c.name: [_cell(rng, c, row, sizes) for row in range(count)] for c in table.columns}


def _cell(rng: Random, column: DrawnColumn, row: int, sizes: Mapping[str, int]) -> Value:
    if rng.random() < column.missing:
        return None
    return rng.randint(1, sizes[column.key]) if column.key else column.draw(rng, row)


def _named(
    spec: WorldSpec, tables: Sequence[DrawnTable], cells: Mapping[str, Mapping[str, list[Value]]]
) -> DrawnWorld:
    """Return the world under the names that are asked for."""
    rng = Random(f"names/{spec.seed}/{spec.domain}")
    made: list[DataTable] = []
    moved: dict[str, dict[str, list[Value]]] = {}
    nouns: dict[str, str] = {}
    phrases, roles, keys = {}, {}, {}
    numbers = iter(rng.sample(range(10, 100), 80))
    opaque = spec.names == "opaque"
    table_names = {t.name: f"t{next(numbers)}" if opaque else t.name for t in tables}
    left_out = set(spec.without)
    for table in tables:
        name = table_names[table.name]
        nouns[name] = table.noun
        columns = []
        for column in table.columns:
            called = f"c{next(numbers)}" if opaque else column.name
            if f"{name}.{called}" in left_out:
                left_out.discard(f"{name}.{called}")
                continue
            columns.append(_column(called, column))
            moved.setdefault(name, {})[called] = cells[table.name][column.name]
            phrases[name, called] = column.phrase
            roles[name, called] = column.role
            if column.key:
                keys[name, called] = table_names[column.key]
        made.append(DataTable(name=name, description=table.noun, columns=tuple(columns)))
    if left_out:
        raise DataError(f"domain {spec.domain} has no column '{sorted(left_out)[0]}' to leave out")
    world = DataWorld(Catalogue(domain=spec.domain, tables=tuple(made)), moved)
    return DrawnWorld(spec, world, Wording(nouns, phrases, roles, keys))


def _column(name: str, column: DrawnColumn) -> DataColumn:
    return DataColumn(
        name=name,
        type=column.type,
        unit=column.unit,
        nullable=column.missing > 0,
        description=column.phrase,
        values=column.values,
    )
