"""One episode's tools: calls are checked, run, and observed as far as the setting allows.

Handles are unguessable, belong to one episode and die with it. What a call says depends on the
schema, and on data only through released values.
"""

from __future__ import annotations

import hmac
from collections.abc import Collection
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Literal

from llmx.core.dialogue import CallFault
from llmx.papers.indata import arguments as a
from llmx.papers.indata.answers import answer_text
from llmx.papers.indata.check import CallChecker
from llmx.papers.indata.disclosure.policies import (
    AggregateQuery,
    DisclosurePolicy,
    DisclosureSpec,
    OffPolicy,
)
from llmx.papers.indata.distractors import SAID
from llmx.papers.indata.executors.executor import ResultOf
from llmx.papers.indata.executors.polars_executor import FROM, ID, PolarsExecutor
from llmx.papers.indata.literals import Value, plain
from llmx.papers.indata.program import Program, ProgramStep
from llmx.papers.indata.schema import (
    CallError,
    NoteSchema,
    ScalarSchema,
    TableSchema,
)
from llmx.papers.indata.wording import catalogue_text
from llmx.store.files import dumps
from llmx.tools.tool import FailedCallError, ToolResult

if TYPE_CHECKING:
    import polars as pl

ObservationMode = Literal["blind", "shape", "scalar", "full"]
_SHOWN = 20  # rows of a table that are shown
_FAULTS: dict[str, CallFault] = {"stale_handle": "stale_handle", "suppressed": "suppressed"}
_READING = (a.CountRows, a.AggregateColumn, a.Correlate, a.GroupAggregate, a.PivotTable)
_WINDOWS = ("derive_rank", "derive_cumulative", "derive_shift", "take_rows")


@dataclass(frozen=True)
class SubmittedAnswer:
    """How an episode ended.

    Attributes:
        value: the answer as a JSON value; None where its value was suppressed or is missing.
        handle: the result that was submitted; empty for a literal.
    """

    value: Any
    unit: str = ""
    handle: str = ""


@dataclass
class AnalysisSession:
    """The tools of one episode over one world.

    Attributes:
        executor: of the world; it keeps nothing of an episode.
        key: secret of the episode, of which handles are made; the same key and calls give the
            same handles again.
        observation: how much of a result is shown.
        policy: which aggregates are released.
    """

    executor: PolarsExecutor
    key: bytes
    observation: ObservationMode = "scalar"
    policy: DisclosurePolicy = field(default_factory=lambda: OffPolicy(DisclosureSpec()))
    answer: SubmittedAnswer | None = None
    steps: list[ProgramStep] = field(default_factory=list)
    results: dict[str, ResultOf[Any]] = field(default_factory=dict)
    _closed: bool = False

    def close(self) -> None:
        """End the episode: every handle is dead from here on."""
        self._closed = True
        self.results.clear()

    def run(self, arguments: a.ToolArguments) -> ToolResult:
        """Make a call.

        Raises:
            FailedCallError: if it gives nothing: code, argument and what may stand there.
        """
        try:
            told = self._told(arguments)
        except CallError as error:
            text = dumps({"error": error.shown()})
            raise FailedCallError(_FAULTS.get(error.code, "refused"), text) from error
        answer = None if self.answer is None else answer_text(self.answer.value)
        return ToolResult(dumps(told), handle=told.get("handle", ""), answer=answer)

    def _told(self, arguments: a.ToolArguments) -> dict[str, Any]:
        if self._closed or self.answer is not None:
            raise CallError("ended", "", "the episode has ended")
        if arguments.tool not in a.TOOLS:
            return dict(SAID)
        if isinstance(arguments, a.SubmitAnswer):
            return self._submitted(arguments)
        return self._computed(arguments)

    def _computed(self, arguments: a.ToolArguments) -> dict[str, Any]:
        name = self._handle(len(self.steps))
        result = self.executor.call(arguments, name, self.results)
        if isinstance(result.schema, NoteSchema):
            return self._note(arguments)
        if not self._released(arguments):
            raise CallError("suppressed", "", "the result is suppressed")
        shown = self._kept(arguments, result)
        self.results[name] = shown
        self.steps.append(ProgramStep(name, arguments))
        return self._observed(name, shown)

    def _handle(self, number: int) -> str:
        digest = hmac.new(self.key, str(number).encode(), sha256).hexdigest()
        return f"r{digest[:20]}"

    def _note(self, arguments: a.ToolArguments) -> dict[str, Any]:
        catalogue = self.executor.world.catalogue
        if isinstance(arguments, a.DescribeTable):
            table = CallChecker(catalogue, self._schemas()).table(arguments.table)
            return {"columns": _columns(table)}
        return {"tables": catalogue_text(catalogue)}

    def _schemas(self) -> dict[str, Any]:
        return {name: result.schema for name, result in self.results.items()}

    def _observed(self, name: str, result: ResultOf[Any]) -> dict[str, Any]:
        schema = result.schema
        if isinstance(schema, ScalarSchema):
            found: dict[str, Any] = {"handle": name, "kind": schema.type}
            seen = self.observation in ("scalar", "full")
            return {**found, "value": plain(result.value)} if seen else found
        assert isinstance(schema, TableSchema)
        found = {"handle": name, "kind": "table", "columns": _columns(schema)}
        if self.observation == "blind":
            return found
        if schema.aggregated or isinstance(self.policy, OffPolicy):
            found["rows"] = result.value.height  # of single rows it is a count like any other
        short = schema.aggregated and result.value.height <= _SHOWN
        if self.observation == "full" or (self.observation == "scalar" and short):
            rows = self.executor.rows(result.value.head(_SHOWN), schema)
            found["values"] = [[plain(cell) for cell in row] for row in rows]
        return found

    def _submitted(self, arguments: a.SubmitAnswer) -> dict[str, Any]:
        self.executor.call(arguments, "answer", self.results)
        given = arguments.value
        if isinstance(given, a.Handle):
            result = self.results[given.handle]
            self.answer = SubmittedAnswer(
                _answer(self.executor, result), arguments.unit, given.handle
            )
        else:
            value = list(given) if isinstance(given, tuple) else given
            self.answer = SubmittedAnswer(value, arguments.unit)
        return {"submitted": True}

    def program(self) -> Program | None:
        """Return the calls that were answered; None where there are none."""
        return Program(tuple(self.steps)) if self.steps else None

    def provenance(self) -> frozenset[str]:
        """Return the tables that the submitted result descends from; none for a literal."""
        if self.answer is None or not self.answer.handle:
            return frozenset()
        return descent(self.steps, self.answer.handle)

    def _released(self, arguments: Any) -> bool:
        """Ask the policy about a value, or about rows that are compared with each other."""
        if isinstance(self.policy, OffPolicy):
            return True
        if arguments.tool in _WINDOWS and self.policy.kind == "audit":
            return self._schema_of(arguments.table).aggregated
        match arguments:
            case a.CountRows() | a.AggregateColumn() | a.Correlate():
                if self._schema_of(arguments.table).aggregated:
                    return True  # its cells were released, or withheld
                op = getattr(arguments, "op", arguments.tool.removesuffix("_rows"))
                return self.policy.release(self._query(op, arguments.table))
            case a.DistinctRows():
                return self._schema_of(arguments.table).aggregated
        return True

    def _schema_of(self, table: Any) -> TableSchema:
        return CallChecker(self.executor.world.catalogue, self._schemas()).table(table)

    def _frame(self, table: Any) -> pl.DataFrame:
        if isinstance(table, a.Handle):
            return self.results[table.handle].value  # type: ignore[no-any-return]
        return self.executor.base(table)

    def _query(self, op: str, table: Any, frame: pl.DataFrame | None = None) -> AggregateQuery:
        source = self._schema_of(table).source
        frame = self._frame(table) if frame is None else frame
        rows = frame[FROM if FROM in frame.columns else ID].cast(int).to_numpy()
        return AggregateQuery(op, rows, self.executor.base(source).height, source)

    def _kept(self, arguments: Any, result: ResultOf[Any]) -> ResultOf[Any]:
        """Return a result with suppressed groups taken out, and numbers as they are shown.

        What is computed from released values gives nothing away that they do not.
        """
        reads = isinstance(arguments, _READING)
        if isinstance(self.policy, OffPolicy) or not reads:
            return result
        if self._schema_of(arguments.table).aggregated:
            return result
        if isinstance(arguments, a.GroupAggregate | a.PivotTable):
            return ResultOf(result.schema, self._groups(arguments, result.value))
        if isinstance(result.value, float | int) and not isinstance(result.value, bool):
            return ResultOf(result.schema, self._number(result.value))
        return result

    def _number(self, value: float | None) -> float | None:
        """Return a number as the policy shows it; whole ones stay whole."""
        if value is None:
            return None
        shown = self.policy.shown(float(value))
        return round(shown) if isinstance(value, int) else shown

    def _groups(self, arguments: Any, made: pl.DataFrame) -> pl.DataFrame:
        """Drop each group of which a cell is suppressed."""
        import polars as pl

        pivot = isinstance(arguments, a.PivotTable)
        keys = list(arguments.index if pivot else arguments.keys)
        ops = [arguments.op] if pivot else [one.op for one in arguments.aggregates]
        by = [*keys, arguments.columns] if pivot else keys
        kept = []
        parts = self._frame(arguments.table).partition_by(by, as_dict=True)
        whole: dict[Any, bool] = {}
        for key in sorted(parts, key=str):
            asked = [self._query(op, arguments.table, parts[key]) for op in ops]
            allowed = all(self.policy.release(one) for one in asked)
            whole[key[: len(keys)]] = whole.get(key[: len(keys)], True) and allowed
        for at, row in enumerate(made.select(keys).rows()):
            if whole.get(row, True):
                kept.append(at)
        shown = made[kept]
        numbers = {n: t for n, t in shown.schema.items() if n not in (*keys, ID) and t.is_numeric()}
        return shown.with_columns(
            pl.Series(n, [self._number(value) for value in shown[n]], kind)
            for n, kind in numbers.items()
        )


def descent(steps: Collection[ProgramStep], name: str) -> frozenset[str]:
    """Return the tables of the catalogue that a result was computed from."""
    by_name = {step.name: step for step in steps}
    found: set[str] = set()
    left, seen = [name], set()
    while left:
        one = left.pop()
        if one in seen or one not in by_name:
            continue
        seen.add(one)
        step = by_name[one]
        left.extend(step.needs)
        for field_name in ("table", "left", "right"):
            table = getattr(step.arguments, field_name, None)
            if isinstance(table, str):
                found.add(table)
    return frozenset(found)


def _columns(schema: TableSchema) -> list[dict[str, Any]]:
    return [
        {"name": column.name, "type": column.type, **({"unit": column.unit} if column.unit else {})}
        for column in schema.columns
    ]


def _answer(executor: PolarsExecutor, result: ResultOf[Any]) -> Any:
    shown: Value | list[Any] = executor.shown(result)
    if not isinstance(shown, list):
        return plain(shown)
    if len(result.schema.columns) == 2:  # type: ignore[union-attr]
        return {str(plain(key)): plain(value) for key, value in shown}
    return [plain(row[0]) for row in shown]
