"""What acts in place of a model: the gold program, words, chance, no tool; and a planner's plan.

Controls know the metadata of a problem. Of those that call tools each call goes the way of a
model's; where one is refused, the policy says that the question cannot be answered.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any, ClassVar

from llmx.core.episode import EpisodeTurn, Said, Say, Steps
from llmx.core.errors import DataError
from llmx.core.record import Message, Sample, ToolCall
from llmx.dialogue.agent.acting import Act, acted
from llmx.dialogue.agent.loop import AgentTask, EpisodeTally, ended
from llmx.dialogue.agent.policy import Policy
from llmx.dialogue.agent.section import AgentSection
from llmx.papers.indata.answers import UNKNOWN, answer_text, run_program
from llmx.papers.indata.arguments import TOOLS, Handle
from llmx.papers.indata.check import schemas
from llmx.papers.indata.dataset import executor_of, world_of
from llmx.papers.indata.planner.plan_text import drawn_symbols, prompt_text, read_plan
from llmx.papers.indata.program import Program, ProgramStep, read_program
from llmx.papers.indata.schema import NUMBERS, CallError, Catalogue, DataColumn
from llmx.store.files import dumps


def calls_of(program: Program) -> Act:
    """Return what makes the calls of a program, one a turn, and submits what the last one gave."""
    written = program.written()

    def act(before: Sequence[EpisodeTurn]) -> Sequence[ToolCall]:
        seen = [one for turn in before for one in turn.observations]
        if any(one.fault is not None for one in seen):
            return [_call("submit_answer", {"value": UNKNOWN})]
        handles = {step["name"]: one.handle for step, one in zip(written, seen, strict=False)}
        if len(seen) == len(written):
            return [_call("submit_answer", {"value": {"handle": seen[-1].handle}})]
        step = written[len(seen)]
        return [_call(step["tool"], _with_handles(step["arguments"], handles))]

    return act


def _call(tool: str, arguments: Mapping[str, Any]) -> ToolCall:
    return ToolCall(id="", name=tool, arguments=dumps(dict(arguments)))


def _with_handles(held: Any, handles: Mapping[str, str]) -> Any:
    """Return arguments that refer to results of an episode, where they named steps of a program."""
    if isinstance(held, dict) and held.keys() == {"handle"}:
        return {"handle": handles[held["handle"]]}
    if isinstance(held, dict):
        return {name: _with_handles(one, handles) for name, one in held.items()}
    return [_with_handles(one, handles) for one in held] if isinstance(held, list) else held


class ProgramPolicy(Policy):
    """Base of those that call the tools of a program."""

    def episode(self, spec: AgentSection, task: AgentTask, sample: Sample) -> Steps:
        """Return the loop of one episode."""
        lot = Random(f"{self.kind}/{sample.id}/{task.draw}")
        return acted(spec, task, calls_of(self.program(sample, lot)))

    @abstractmethod
    def program(self, sample: Sample, lot: Random) -> Program:
        """Return the calls of a problem."""


class OracleToolsPolicy(ProgramPolicy):
    """Makes the calls of the gold program: all that tools and rules may take away is theirs."""

    kind: ClassVar[str] = "oracle_tools"

    def program(self, sample: Sample, lot: Random) -> Program:
        """Return the gold program."""
        return read_program(sample.metadata["program"])


class KeywordPolicy(ProgramPolicy):
    """Filters by a label of the question, aggregates the column that shares most of its words."""

    kind: ClassVar[str] = "keyword"

    def program(self, sample: Sample, lot: Random) -> Program:
        """Return a filter, where the question names a label, and an aggregate."""
        asked = sample.metadata["asked"].lower()
        events = world_of(sample).catalogue.tables[0]
        steps: list[ProgramStep] = []
        table: str | Handle = events.name
        for column in events.columns:
            for value in column.values:
                if re.search(rf"\b{re.escape(value)}\b", asked) and not steps:
                    given = {"table": table, "column": column.name, "op": "eq", "value": value}
                    steps.append(_step("filter_rows", given, steps))
                    table = Handle(handle=steps[-1].name)
        return Program((*steps, _last(asked, table, events.columns, steps)))


_OPS = {"median": "median", "largest": "max", "smallest": "min", "total": "sum", "mean": "mean"}


def _last(
    asked: str, table: str | Handle, columns: tuple[DataColumn, ...], steps: list[ProgramStep]
) -> ProgramStep:
    numbers = [column for column in columns if column.type in NUMBERS]
    if asked.startswith("how many") or not numbers:
        return _step("count_rows", {"table": table}, steps)
    words = set(re.findall(r"[a-z]+", asked))
    best = max(numbers, key=lambda c: len(words & set(c.description.lower().split())))
    op = next((op for word, op in _OPS.items() if word in asked), "mean")
    return _step("aggregate_column", {"table": table, "column": best.name, "op": op}, steps)


def _step(tool: str, given: Mapping[str, Any], steps: Sequence[ProgramStep]) -> ProgramStep:
    return ProgramStep(f"s{len(steps) + 1}", TOOLS[tool].model_validate(dict(given)))


class RandomToolPolicy(ProgramPolicy):
    """Aggregates a column that is drawn, with an operator that is drawn."""

    kind: ClassVar[str] = "random_tool"

    def program(self, sample: Sample, lot: Random) -> Program:
        """Return one call."""
        events = world_of(sample).catalogue.tables[0]
        numbers = [column.name for column in events.columns if column.type in NUMBERS]
        op = lot.choice(["count", "sum", "mean", "median", "min", "max"])
        given = {"table": events.name, "column": lot.choice(numbers), "op": op}
        return Program((_step("aggregate_column", given, ()),))


class OraclePlanPolicy(Policy):
    """Runs the gold program past the tools, and says where it cannot run: right throughout."""

    kind: ClassVar[str] = "oracle_plan"

    def episode(self, spec: AgentSection, task: AgentTask, sample: Sample) -> Steps:
        """Return the loop of one episode, which calls nothing."""
        return acted(spec, task, lambda before: answer_text(_planned(sample)))


def _planned(sample: Sample) -> Any:
    told, executor = sample.metadata, executor_of(sample)
    program = read_program(told["program"])
    lacking = told["without"].get("tool")
    if lacking is not None and any(step.tool == lacking for step in program.steps):
        return UNKNOWN
    try:
        schemas(program, executor.world.catalogue)
    except CallError:
        return UNKNOWN
    return run_program(program, executor, told["answer_type"])


class NoToolPolicy(Policy):
    """Guesses from the catalogue: yes or no, one of its labels, or a number. The floor."""

    kind: ClassVar[str] = "no_tool"

    def episode(self, spec: AgentSection, task: AgentTask, sample: Sample) -> Steps:
        """Return the loop of one episode, which calls nothing."""
        lot = Random(f"{self.kind}/{sample.id}/{task.draw}")
        guess = _guess(world_of(sample).catalogue, sample.metadata["answer_type"], lot)
        return acted(spec, task, lambda before: answer_text(guess))


def _guess(catalogue: Catalogue, answer_type: str, lot: Random) -> Any:
    labels = [v for table in catalogue.tables for c in table.columns for v in c.values]
    guesses: dict[str, Any] = {
        "boolean": lot.random() < 0.5,
        "string": lot.choice(labels),
        "integer": lot.randint(1, 1000),
        "float": round(lot.uniform(0, 100), 2),
    }
    return guesses.get(answer_type)


class PlannerPolicy(Policy):
    """Asks a planner once for a plan in words, and makes its calls with the tools.

    The planner is shown what `data=indata_plans` shows: catalogue under symbols, and question.
    A text that is no plan ends the episode as malformed; ``unknown`` says that there is none.
    """

    kind: ClassVar[str] = "indata_planner"
    asks: ClassVar[bool] = True

    def episode(self, spec: AgentSection, task: AgentTask, sample: Sample) -> Steps:
        """Return the loop of one episode."""
        catalogue = world_of(sample).catalogue
        symbols = drawn_symbols(catalogue, Random(f"symbols/{sample.id}/{task.draw}"))
        shown = prompt_text(catalogue, symbols, sample.metadata["asked"])
        tally = EpisodeTally(spec)
        said = yield Say((Message(role="user", content=shown),), (), tally.left)
        assert isinstance(said, Said)
        if said.record is None:
            return ended(
                task, tally, "out_of_context" if said.lost == "context" else "engine_failed"
            )
        tally.replied(said.record)
        text = said.record.text.strip()
        yield EpisodeTurn(id=task.id, draw=task.draw, turn=tally.turns, record=said.record)
        if text == "unknown":
            return ended(task, tally, "no_call", answer_text(UNKNOWN))
        try:
            plan = read_plan(text, symbols)
        except DataError:
            return ended(task, tally, "malformed")
        return (yield from acted(spec, task, calls_of(plan), tally))
