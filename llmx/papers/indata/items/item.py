"""An item: a question, its gold program, and the certificate that two engines agree on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from importlib.metadata import version
from random import Random
from typing import Any

from pydantic import Field

from llmx.core.errors import DataError
from llmx.core.record import Frozen
from llmx.papers.indata.answers import as_answer, equal, is_trivial
from llmx.papers.indata.arguments import AnswerType
from llmx.papers.indata.executors.duckdb_executor import DuckdbExecutor
from llmx.papers.indata.executors.executor import Executor
from llmx.papers.indata.executors.polars_executor import PolarsExecutor
from llmx.papers.indata.items.draft import AskedQuestion, NoFit, QuestionDraft
from llmx.papers.indata.items.easy import EASY
from llmx.papers.indata.items.hard import HARD
from llmx.papers.indata.items.medium import MEDIUM
from llmx.papers.indata.items.necessity import decorative
from llmx.papers.indata.program import Program, shape_of
from llmx.papers.indata.schema import CallError
from llmx.papers.indata.tables.drawn_world import DrawnWorld, WorldSpec, drawn_world
from llmx.store.files import dumps

VERSION = 1  # to be raised with every change of a template, a test or a table
Maker = Callable[[QuestionDraft], AskedQuestion]
TEMPLATES: dict[str, dict[str, Maker]] = {
    level: {one.__name__: one for one in makers}
    for level, makers in (("easy", EASY), ("medium", MEDIUM), ("hard", HARD))
}
"""By level and name."""
LEVELS = tuple(TEMPLATES)
_EVERY = 4


def held_out(level: str) -> frozenset[str]:
    """Return the templates of a level that no training and no test sees, one in four."""
    return frozenset(sorted(TEMPLATES[level])[_EVERY - 1 :: _EVERY])


class AnsweredItem(Frozen):
    """What a question is known to come to."""

    template: str
    level: str
    question: str
    world: WorldSpec
    program: tuple[dict[str, Any], ...]
    answer_type: AnswerType
    answer: Any
    decimals: int | None = None
    steps: int
    depth: int
    branches: int
    columns: tuple[str, ...] = Field(description="that the program needs, TABLE.COLUMN")
    certificate: dict[str, str] = Field(description="engines, data and program it holds for")


@dataclass(frozen=True)
class Workbench:
    """The engines that items of one world are drawn with.

    Attributes:
        turned: has its rows in reverse.
        second: another engine, or None where nobody is to check items.
    """

    drawn: DrawnWorld
    watching: PolarsExecutor
    turned: PolarsExecutor
    second: DuckdbExecutor | None
    digest: str


@lru_cache(maxsize=2)
def workbench(spec: WorldSpec, second: bool = True) -> Workbench:
    """Return the engines of a world; one has its rows in reverse, so that every tie is seen.

    Args:
        second: whether items are to be checked by the other engine, which takes half of the time.
    """
    drawn = drawn_world(spec)
    orders = {
        name: range(len(next(iter(cells.values()))))[::-1]
        for name, cells in drawn.world.tables.items()
    }
    return Workbench(
        drawn,
        PolarsExecutor(drawn.world, watch=True),
        PolarsExecutor(drawn.world.reordered(orders)),
        DuckdbExecutor(drawn.world) if second else None,
        drawn.world.digest(),
    )


@dataclass
class DrawCounts:
    """What became of draws: kept, and refused for each reason."""

    kept: int = 0
    refused: dict[str, int] = None  # type: ignore[assignment]

    def refuse(self, reason: str) -> None:
        """Count a refusal."""
        self.refused = self.refused or {}
        self.refused[reason] = self.refused.get(reason, 0) + 1


def draw_item(
    bench: Workbench, rng: Random, level: str, template: str, counts: DrawCounts | None = None
) -> AnsweredItem | None:
    """Draw a question once; None where it was refused.

    Refused is what is empty, missing or trivial, rests on a tie, a rounding or few rows, has a step
    that changes nothing, changes with the order of rows, or on which the engines part.
    """
    counts = counts or DrawCounts()
    draft = QuestionDraft(bench.drawn, bench.watching, rng)
    bench.watching.doubts.clear()
    try:
        asked = TEMPLATES[level][template](draft)
        program = draft.program()
        answer = _answer(bench, draft, asked)
    except (CallError, NoFit, ValueError):
        counts.refuse("nothing")
        return None
    if (reason := _refusal(bench, program, asked, answer, level)) is not None:
        counts.refuse(reason)
        return None
    counts.kept += 1
    return _certified(bench, draft, asked, answer, template, level)


def _answer(bench: Workbench, draft: QuestionDraft, asked: AskedQuestion) -> Any:
    result = draft.results[draft.program().answer.name]
    return as_answer(bench.watching.shown(result), asked.answer_type)


def _refusal(
    bench: Workbench, program: Program, asked: AskedQuestion, answer: Any, level: str
) -> str | None:
    if is_trivial(answer, asked.answer_type):
        return "trivial"
    if bench.watching.doubts:
        return sorted(bench.watching.doubts)[0]
    if shape_of(program).level != level:
        return "level"
    if decorative(program, bench.turned, asked.answer_type, answer) is not None:
        return "decorative"
    engines: tuple[tuple[Executor[Any] | None, str], ...] = (
        (bench.turned, "order"),
        (bench.second, "engines"),
    )
    for engine, reason in engines:
        if engine is None:
            continue
        found = as_answer(engine.answer(program), asked.answer_type)
        if not agrees(found, answer, asked.answer_type):
            return reason
    return None


def agrees(found: Any, answer: Any, answer_type: AnswerType) -> bool:
    """Whether two engines came to the same: floats within 1e-9."""
    if answer_type == "float":
        return bool(abs(found - answer) <= 1e-9 * max(1.0, abs(answer)))
    return equal(found, answer, answer_type)


def _certified(
    bench: Workbench,
    draft: QuestionDraft,
    asked: AskedQuestion,
    answer: Any,
    template: str,
    level: str,
) -> AnsweredItem:
    program = draft.program()
    shape = shape_of(program)
    written = program.written()
    used = ("polars",) if bench.second is None else ("polars", "duckdb")
    engines = ", ".join(f"{name} {version(name)}" for name in used)
    text = sha256(dumps(written).encode()).hexdigest()
    return AnsweredItem(
        template=template,
        level=level,
        question=asked.question,
        world=bench.drawn.spec,
        program=tuple(written),
        answer_type=asked.answer_type,
        answer=answer,
        decimals=asked.decimals,
        steps=shape.steps,
        depth=shape.depth,
        branches=shape.branches,
        columns=tuple(sorted(f"{table}.{column}" for table, column in draft.used)),
        certificate={"engines": engines, "data": bench.digest, "program": text},
    )


_ATTEMPTS = 400


def next_item(
    bench: Workbench,
    rng: Random,
    level: str,
    templates: Sequence[str],
    counts: DrawCounts | None = None,
) -> AnsweredItem:
    """Draw until an item is kept.

    Raises:
        DataError: if nothing is kept after many draws.
    """
    for _ in range(_ATTEMPTS):
        found = draw_item(bench, rng, level, rng.choice(list(templates)), counts)
        if found is not None:
            return found
    text = f"no {level} question of {', '.join(templates)} was kept in {_ATTEMPTS} draws"
    raise DataError(text, "allow more templates, or other tables")
