"""What every engine that runs calls is: a method a tool, over values that it alone understands."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

from llmx.papers.indata.arguments import Handle, ToolArguments
from llmx.papers.indata.check import CallChecker
from llmx.papers.indata.literals import Value
from llmx.papers.indata.program import Program
from llmx.papers.indata.schema import NoteSchema, ScalarSchema, Schema, TableSchema
from llmx.papers.indata.world import DataWorld

EngineTable = TypeVar("EngineTable")
Row = tuple[Value, ...]


@dataclass(frozen=True)
class ResultOf(Generic[EngineTable]):
    """What a call returned: a table of the engine, or one value."""

    schema: Schema
    value: Any  # the engine's table, or a Value


class CallInputs(Generic[EngineTable]):
    """Resolves the arguments of one call: tables, scalars and their schemas."""

    def __init__(
        self, executor: Executor[EngineTable], results: Mapping[str, ResultOf[EngineTable]]
    ) -> None:
        known = {name: result.schema for name, result in results.items()}
        self.check = CallChecker(executor.world.catalogue, known)
        self._executor = executor
        self._results = results

    def table(self, given: Any) -> EngineTable:
        """Return the table that an argument names."""
        if isinstance(given, Handle):
            found: EngineTable = self._results[given.handle].value
            return found
        return self._executor.base(given)

    def schema(self, given: Any) -> TableSchema:
        """Return the schema of the table that an argument names."""
        return self.check.table(given)

    def scalar(self, given: Any) -> Value:
        """Return the value that an argument is or names."""
        if isinstance(given, Handle):
            given = self._results[given.handle].value
        return given  # type: ignore[no-any-return]

    def type(self, given: Any) -> ScalarSchema:
        """Return the type of the value that an argument is or names."""
        return self.check.scalar(given, "value")


class Executor(ABC, Generic[EngineTable]):
    """Runs calls on a world; a method for each tool that computes, named as the tool is."""

    kind: ClassVar[str]

    def __init__(self, world: DataWorld) -> None:
        self.world = world

    @abstractmethod
    def base(self, name: str) -> EngineTable:
        """Return a table of the catalogue."""

    @abstractmethod
    def rows(self, table: EngineTable, schema: TableSchema) -> list[Row]:
        """Return the rows of a table in their order."""

    def call(
        self, arguments: ToolArguments, name: str, results: Mapping[str, ResultOf[EngineTable]]
    ) -> ResultOf[EngineTable]:
        """Check a call, and run it.

        Raises:
            CallError: for whatever is wrong with it.
        """
        inputs = CallInputs(self, results)
        schema = inputs.check.result(arguments, name)
        if isinstance(schema, NoteSchema):
            return ResultOf(schema, None)
        compute = getattr(self, arguments.tool)
        return ResultOf(schema, compute(arguments, inputs, schema))

    def program(self, program: Program) -> dict[str, ResultOf[EngineTable]]:
        """Run a program, and return the result of each step.

        Raises:
            CallError: if a step does not fit.
        """
        results: dict[str, ResultOf[EngineTable]] = {}
        for step in program.steps:
            results[step.name] = self.call(step.arguments, step.name, results)
        return results

    def answer(self, program: Program) -> Value | list[Row]:
        """Return what a program comes to: a value, or the rows of a table.

        Raises:
            CallError: if a step does not fit.
        """
        return self.shown(self.program(program)[program.answer.name])

    def shown(self, result: ResultOf[EngineTable]) -> Value | list[Row]:
        """Return a result as Python values."""
        if isinstance(result.schema, TableSchema):
            return self.rows(result.value, result.schema)
        found: Value = result.value
        return found
