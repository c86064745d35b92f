"""Plans as words: one for a tool, a column, an operator, a reference, a digit.

Tables are ``#1``, columns ``@7``, derived columns ``!1``, results ``$2``; the numbers of tables and
columns are drawn anew for each problem, so a model has to point at them and cannot know them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any
from urllib.parse import quote, unquote

from pydantic import BaseModel

from llmx.core.errors import DataError
from llmx.papers.indata.arguments import TOOLS, Aggregate, Handle, JoinKey
from llmx.papers.indata.program import Program, read_program
from llmx.papers.indata.schema import Catalogue

_DAY = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d)?")
_CHARACTERS = frozenset("0123456789.-+eT:")
_INNER: dict[str, type[BaseModel]] = {"on": JoinKey, "aggregates": Aggregate}
_NEW = ("new_column", "name")
_PLAIN = frozenset(
    {"op", "part", "unit", "mode", "kind", "end", "method", "direction", "directions", "value"}
)
"""Fields whose words are no columns, even where a column has the same name."""


@dataclass(frozen=True)
class PlanSymbols:
    """What tables and columns are called in a plan: ``#1`` and ``@7`` by their names."""

    tables: Mapping[str, str]
    columns: Mapping[str, str]


def drawn_symbols(catalogue: Catalogue, rng: Random) -> PlanSymbols:
    """Return symbols in an order that is drawn."""
    tables = [table.name for table in catalogue.tables]
    columns = sorted({column.name for table in catalogue.tables for column in table.columns})
    rng.shuffle(tables)
    rng.shuffle(columns)
    return PlanSymbols(
        {name: f"#{at}" for at, name in enumerate(tables, 1)},
        {name: f"@{at}" for at, name in enumerate(columns, 1)},
    )


def prompt_text(catalogue: Catalogue, symbols: PlanSymbols, asked: str) -> str:
    """Return what a planner is shown: symbols, what they stand for, and the question."""
    lines = []
    for table in catalogue.tables:
        columns = " , ".join(f"{symbols.columns[c.name]} {c.description}" for c in table.columns)
        lines.append(f"{symbols.tables[table.name]} {table.description} : {columns}")
    return "\n".join([*lines, asked])


def plan_text(program: Program, symbols: PlanSymbols) -> str:
    """Return a program as words, steps parted by ``;``."""
    made = _PlanWriter(symbols, {step.name: f"${at}" for at, step in enumerate(program.steps, 1)})
    steps = [" ".join([step.tool, *made.fields(step.arguments)]) for step in program.steps]
    return " ; ".join(steps)


def _is_word(text: str) -> bool:
    return text.isidentifier() and len(text) > 1 and text not in ("yes", "no")


def _between(before: Sequence[str], after: Sequence[str]) -> list[str]:
    """Part a number from one that follows: their digits would run together."""
    beside = [*before[-1:], *after[:1]]
    return [","] if len(beside) == 2 and _CHARACTERS.issuperset(beside) else []


class _PlanWriter:
    def __init__(self, symbols: PlanSymbols, results: Mapping[str, str]) -> None:
        self._names = {**symbols.columns}
        self._tables = symbols.tables
        self._results = results
        self._derived = 0

    def fields(self, held: BaseModel) -> list[str]:
        """Return the fields of arguments; those that rest at their default are left out."""
        found: list[str] = []
        for name, about in type(held).model_fields.items():
            value = getattr(held, name)
            if not about.is_required():
                if value == about.default:
                    continue
                found.append(f"{name}:")
            words = self._new(value) if name in _NEW else self._value(name, value)
            found += [*_between(found, words), *words]
        return found

    def _new(self, name: str) -> list[str]:
        self._derived += 1
        self._names[name] = f"!{self._derived}"
        return [self._names[name]]

    def _value(self, name: str, value: Any) -> list[str]:
        if isinstance(value, Handle):
            return [self._results[value.handle]]
        if isinstance(value, BaseModel):
            return ["[", *self.fields(value), "]"]
        if isinstance(value, tuple):
            parts = [self._value(name, one) for one in value]
            inner = [word for part in parts for word in (*part, ",")]
            return ["(", *inner[:-1], ")"]
        if isinstance(value, bool):
            return ["yes" if value else "no"]
        if isinstance(value, int | float):
            return list(str(value))
        if value in self._tables and name in ("table", "left", "right"):
            return [self._tables[value]]
        if _DAY.fullmatch(value):
            return list(value)
        named = value in self._names and name not in _PLAIN
        if named:
            return [self._names[value]]
        return [value if _is_word(value) else f"'{quote(value)}"]


def read_plan(text: str, symbols: PlanSymbols) -> Program:
    """Return the program that words stand for.

    Raises:
        DataError: if they are no plan.
    """
    steps = []
    reader = _PlanReader(symbols)
    for at, part in enumerate(text.split(" ; ") if text.strip() else [], 1):
        words = part.split()
        if not words or words[0] not in TOOLS:
            raise DataError(f"step {at} of a plan begins with no tool")
        steps.append(
            {
                "name": f"s{at}",
                "tool": words[0],
                "arguments": reader.arguments(TOOLS[words[0]], words[1:]),
            }
        )
    return read_program(steps)


class _PlanReader:
    def __init__(self, symbols: PlanSymbols) -> None:
        self._words = {symbol: name for name, symbol in symbols.columns.items()}
        self._words |= {symbol: name for name, symbol in symbols.tables.items()}

    def arguments(self, model: type[BaseModel], words: Sequence[str]) -> dict[str, Any]:
        """Read the fields of a call.

        Raises:
            DataError: if words are missing, or too many.
        """
        left = list(words)
        found = self._fields(model, left)
        if left:
            raise DataError(f"'{left[0]}' of a plan stands where nothing should")
        return found

    def _fields(self, model: type[BaseModel], left: list[str]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        last: Any = None
        for name, about in model.model_fields.items():
            if not about.is_required():
                if not left or left[0] != f"{name}:":
                    continue
                left.pop(0)
            if left and left[0] == "," and type(last) in (int, float, str):
                left.pop(0)
            last = found[name] = self._value(name, left)
        return found

    def _value(self, name: str, left: list[str]) -> Any:
        if not left:
            raise DataError(f"a plan ends before '{name}'")
        word = left.pop(0)
        if word == "(":
            return self._several(name, left)
        if word == "[" and name in _INNER:
            found = self._fields(_INNER[name], left)
            if not left or left.pop(0) != "]":
                raise DataError(f"'{name}' of a plan is not closed")
            return found
        if word[0] in _CHARACTERS and len(word) == 1:
            return self._written(word, left)
        if word[0] == "'":
            return unquote(word[1:])
        if word[0] == "$":
            return {"handle": f"s{word[1:]}"}
        if word in ("yes", "no"):
            return word == "yes"
        return self._words.get(word, word.replace("!", "derived_"))

    def _several(self, name: str, left: list[str]) -> list[Any]:
        found: list[Any] = []
        while left and left[0] != ")":
            found.append(self._value(name, left))
            if left and left[0] == ",":
                left.pop(0)
        if not left:
            raise DataError(f"'{name}' of a plan is not closed")
        left.pop(0)
        return found

    def _written(self, first: str, left: list[str]) -> Any:
        """Read a number or a date, a character a word."""
        text = first
        while left and len(left[0]) == 1 and left[0] in _CHARACTERS:
            text += left.pop(0)
        if _DAY.fullmatch(text):
            return text
        try:
            return int(text) if text.lstrip("-").isdigit() else float(text)
        except ValueError as error:
            raise DataError(f"'{text[:20]}' of a plan is no number") from error
