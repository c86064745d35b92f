"""One episode's tools: calls are checked, run, and observed as far as the setting allows.

Handles are unguessable, belong to one episode and die with it. What a call says depends on the
schema, and on data only through released values.
"""

from __future__ import annotations

import hmac
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Literal

from pydantic import ValidationError

from llmx.papers.indata import arguments as a
from llmx.papers.indata.check import CallChecker
from llmx.papers.indata.disclosure.policies import (
    AggregateQuery,
    DisclosurePolicy,
    DisclosureSpec,
    OffPolicy,
)
from llmx.papers.indata.distractors import SAID, distractors
from llmx.papers.indata.executors.executor import ResultOf
from llmx.papers.indata.executors.polars_executor import FROM, ID, PolarsExecutor
from llmx.papers.indata.literals import Value, plain
from llmx.papers.indata.program import Program, ProgramStep, handles_in
from llmx.papers.indata.schema import (
    CallError,
    NoteSchema,
    ScalarSchema,
    TableSchema,
)
from llmx.papers.indata.wording import catalogue_text
from llmx.papers.indata.world import DataWorld

if TYPE_CHECKING:
    import polars as pl

ObservationMode = Literal["blind", "shape", "scalar", "full"]
_SHOWN = 20  # rows of a table that are shown
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
        tools: names that may be called; None = all 26.
        extra: further tools that lead nowhere.
    """

    executor: PolarsExecutor
    key: bytes
    observation: ObservationMode = "scalar"
    policy: DisclosurePolicy = field(default_factory=lambda: OffPolicy(DisclosureSpec()))
    tools: Collection[str] | None = None
    extra: int = 0
    answer: SubmittedAnswer | None = None
    steps: list[ProgramStep] = field(default_factory=list)
    results: dict[str, ResultOf[Any]] = field(default_factory=dict)
    _withheld: set[str] = field(default_factory=set)
    _closed: bool = False

    @property
    def offered(self) -> dict[str, type[a.ToolArguments]]:
        """Return the tools that may be called, by name."""
        kept = {n: t for n, t in a.TOOLS.items() if self.tools is None or n in self.tools}
        return {**kept, **distractors(self.extra)}

    def schemas(self) -> list[dict[str, Any]]:
        """Return name, description and JSON schema of each tool."""
        return [
            {
                "name": name,
                "description": " ".join((tool.__doc__ or "").split()),
                "parameters": tool.model_json_schema(),
            }
            for name, tool in self.offered.items()
        ]

    def close(self) -> None:
        """End the episode: every handle is dead from here on."""
        self._closed = True
        self.results.clear()

    def call(self, tool: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """Run a call, and return what a model sees of it; faults are returned, not raised."""
        try:
            return self._called(tool, given)
        except CallError as error:
            return {"error": error.shown()}
        except ValidationError as error:
            return {"error": _invalid(error)}

    def _called(self, tool: str, given: Mapping[str, Any]) -> dict[str, Any]:
        if self._closed or self.answer is not None:
            raise CallError("ended", "", "the episode has ended")
        if tool not in self.offered:
            raise CallError("unknown_tool", "", "there is no such tool", tuple(self.offered))
        if tool not in a.TOOLS:
            distractors(self.extra)[tool].model_validate(given)
            return dict(SAID)
        arguments = a.TOOLS[tool].model_validate(given)
        if isinstance(arguments, a.SubmitAnswer):
            return self._submitted(arguments)
        return self._computed(arguments)

    def _computed(self, arguments: a.ToolArguments) -> dict[str, Any]:
        name = self._handle(len(self.steps))
        if isinstance(arguments, a.GetValue | a.CompareScalars | a.ScalarArithmetic):
            self._known(arguments)
        result = self.executor.call(arguments, name, self.results)
        if isinstance(result.schema, NoteSchema):
            return self._note(arguments)
        if not self._released(arguments):
            raise CallError("suppressed", "", "the result is suppressed")
        shown = self._kept(name, arguments, result)
        self.results[name] = shown
        self.steps.append(ProgramStep(name, arguments))
        return self._observed(name, shown)

    def _known(self, arguments: Any) -> None:
        """Refuse what rests on a suppressed cell."""
        if self._withheld & set(handles_in(arguments)):
            raise CallError("suppressed", "", "the result is suppressed")

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
        found["rows"] = result.value.height
        short = schema.aggregated and result.value.height <= _SHOWN
        if self.observation == "full" or (self.observation == "scalar" and short):
            rows = self.executor.rows(result.value.head(_SHOWN), schema)
            found["values"] = [[plain(cell) for cell in row] for row in rows]
        return found

    def _submitted(self, arguments: a.SubmitAnswer) -> dict[str, Any]:
        self.executor.call(arguments, "answer", self.results)
        given = arguments.value
        if isinstance(given, a.Handle):
            self._known(arguments)
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

    def _kept(self, name: str, arguments: Any, result: ResultOf[Any]) -> ResultOf[Any]:
        """Return a result with suppressed groups taken out, and numbers as they are shown."""
        if isinstance(self.policy, OffPolicy):
            return result
        grouped = isinstance(arguments, a.GroupAggregate | a.PivotTable)
        if grouped and not self._schema_of(arguments.table).aggregated:
            return ResultOf(result.schema, self._groups(arguments, result.value))
        if isinstance(result.value, float | int) and not isinstance(result.value, bool):
            shown = self.policy.shown(float(result.value))
            value = int(shown) if isinstance(result.value, int) else shown
            return ResultOf(result.schema, value)
        return result

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
        numbers = [n for n in shown.columns if n not in keys and shown[n].dtype == pl.Float64]
        return shown.with_columns(
            pl.col(n).map_elements(self.policy.shown, pl.Float64) for n in numbers
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


def _invalid(error: ValidationError) -> dict[str, Any]:
    """Return the first fault of arguments, without the value that was given."""
    first = error.errors(include_input=False, include_context=False, include_url=False)[0]
    codes = {"missing": "missing_argument", "extra_forbidden": "unknown_argument"}
    path = ".".join(map(str, first["loc"]))
    return {"code": codes.get(first["type"], "ill_typed"), "path": path, "message": first["msg"]}


def session_of(world: DataWorld, key: bytes, **settings: Any) -> AnalysisSession:
    """Return a session over a world, with an executor of its own."""
    return AnalysisSession(PolarsExecutor(world), key, **settings)
