"""A typed program: calls whose arguments refer to what earlier ones returned, and its answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from llmx.core.errors import DataError
from llmx.papers.indata.arguments import TOOLS, Handle, ToolArguments


@dataclass(frozen=True)
class ProgramStep:
    """A call, and the name by which later ones refer to its result."""

    name: str
    arguments: ToolArguments

    @property
    def tool(self) -> str:
        """Return the name of the tool."""
        return self.arguments.tool

    @property
    def needs(self) -> tuple[str, ...]:
        """Return the names of the steps that it refers to."""
        return tuple(dict.fromkeys(handles_in(self.arguments)))


def handles_in(held: Any) -> Iterator[str]:
    """Yield the handles in arguments, in the order of the fields."""
    if isinstance(held, Handle):
        yield held.handle
    elif isinstance(held, BaseModel):
        for name in type(held).model_fields:
            yield from handles_in(getattr(held, name))
    elif isinstance(held, tuple):
        for one in held:
            yield from handles_in(one)


@dataclass(frozen=True)
class Program:
    """Steps in an order in which they can run; the last one's result is the answer."""

    steps: tuple[ProgramStep, ...]

    def __post_init__(self) -> None:
        """Check that steps refer backward.

        Raises:
            DataError: for no steps, a name that is there twice, or one that is not there yet.
        """
        known: set[str] = set()
        for step in self.steps:
            if step.name in known:
                raise DataError(f"two steps of a program are called '{step.name}'")
            if late := [name for name in step.needs if name not in known]:
                raise DataError(f"step '{step.name}' of a program needs '{late[0]}' before it")
            known.add(step.name)
        if not self.steps:
            raise DataError("a program has no steps")

    @property
    def answer(self) -> ProgramStep:
        """Return the step whose result is the answer."""
        return self.steps[-1]

    def written(self) -> list[dict[str, Any]]:
        """Return it as JSON values."""
        return [
            {
                "name": step.name,
                "tool": step.tool,
                "arguments": step.arguments.model_dump(mode="json", exclude_defaults=True),
            }
            for step in self.steps
        ]


def read_program(written: Sequence[Mapping[str, Any]]) -> Program:
    """Return the program that JSON values hold.

    Raises:
        DataError: if a step is none.
    """
    steps = []
    for one in written:
        try:
            arguments = TOOLS[one["tool"]].model_validate(one["arguments"])
            steps.append(ProgramStep(one["name"], arguments))
        except (KeyError, TypeError, ValueError) as error:
            first = str(error).splitlines()[0]
            raise DataError(f"a step of a program cannot be read: {first}") from error
    return Program(tuple(steps))


@dataclass(frozen=True)
class ProgramShape:
    """How much of a program there is.

    Attributes:
        steps: calls, without looking at the catalogue and without submitting.
        depth: calls on the longest path.
        branches: results of two calls that flow together, beyond the first.
        feeds: whether a computed value is an argument of a later filter.
    """

    steps: int
    depth: int
    branches: int
    feeds: bool

    @property
    def level(self) -> str:
        """Return easy, medium or hard, or an empty text where no level is of this shape."""
        if self.steps <= 2 and self.branches == 0:
            return "easy"
        if 3 <= self.steps <= 4 and self.depth <= 4 and self.branches <= 1:
            return "medium"
        return "hard" if self.steps >= 5 and (self.branches or self.feeds) else ""


_SCALARS = ("aggregate_column", "count_rows", "correlate", "get_value", "scalar_arithmetic")
_TALK = ("list_tables", "describe_table", "submit_answer")


def shape_of(program: Program) -> ProgramShape:
    """Return how much of a program there is."""
    depth: dict[str, int] = {}
    steps, branches, feeds = 0, 0, False
    tools = {step.name: step.tool for step in program.steps}
    for step in program.steps:
        counted = step.tool not in _TALK
        depth[step.name] = counted + max((depth[name] for name in step.needs), default=0)
        steps += counted
        branches += max(len(step.needs) - 1, 0)
        scalars = [name for name in step.needs if tools[name] in _SCALARS]
        feeds |= step.tool == "filter_rows" and bool(scalars)
    return ProgramShape(steps, max(depth.values()), branches, feeds)
