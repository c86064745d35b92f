"""Why an answer is wrong, by comparing the calls of a model with the gold program.

No judge: the cause is at the first call of the gold program that the model's calls do not hold.
Calls are alike whatever their results and derived columns are called.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel

from llmx.papers.indata.arguments import AnswerType, Handle
from llmx.papers.indata.program import Program, ProgramStep

Cause = Literal[
    "wrong_tool", "wrong_column", "wrong_constant", "wrong_order", "missing_step",
    "wrong_reference", "null_or_tie", "unit_or_rounding", "head_arithmetic", "premature_answer",
    "no_progress", "malformed_call", "budget",
]  # fmt: skip
CAUSES: tuple[Cause, ...] = Cause.__args__  # type: ignore[attr-defined]
_COLUMNS = frozenset({
    "column", "columns", "keys", "left_column", "right_column", "a", "b", "x", "y", "order_by",
    "partition_by", "index", "values", "on", "left", "right",
})  # fmt: skip
_CONVENTIONS = frozenset({"method"})
_NAMES = frozenset({"new_column", "name"})
_COMPUTE = ("scalar_arithmetic", "compare_scalars")


@dataclass(frozen=True)
class FailedAttempt:
    """What a model did that came to a wrong answer.

    Attributes:
        program: calls that were answered; None for none.
        answer: as a JSON value; None for none.
        handle: the submitted result; empty for a literal or none.
        ending: how the episode ended, in the words of the loop.
        errors: codes of the calls that were refused.
        repeated: how often the most frequent call was made.
        seen: numbers that were shown along the way.
    """

    program: Program | None = None
    answer: Any = None
    handle: str = ""
    ending: str = "submitted"
    errors: Collection[str] = ()
    repeated: int = 1
    seen: Sequence[float] = field(default=())


BUDGETS = frozenset({"turns", "calls", "tokens", "seconds", "context"})
_STUCK = 4


def cause_of(
    attempt: FailedAttempt, gold: Program, answer_type: AnswerType, expected: Any
) -> Cause:
    """Return why an attempt failed; the first that fits, from how it ended to what it computed."""
    if attempt.ending == "malformed":
        return "malformed_call"
    if attempt.ending in BUDGETS:
        return "no_progress" if attempt.repeated >= _STUCK else "budget"
    if _unit_or_rounding(attempt.answer, expected, answer_type):
        return "unit_or_rounding"
    return _parted(attempt, gold)


def _unit_or_rounding(given: Any, expected: Any, answer_type: AnswerType) -> bool:
    numbers = (int, float)
    if answer_type not in ("integer", "float") or isinstance(given, bool):
        return False
    if not (isinstance(given, numbers) and isinstance(expected, numbers)) or not expected:
        return False
    scales = (100.0, 0.01, 1000.0, 0.001)
    if any(abs(given * scale - expected) <= 1e-6 * abs(expected) for scale in scales):
        return True
    return any(abs(given - round(expected, n)) <= 1e-9 * abs(expected) for n in range(6))


def _parted(attempt: FailedAttempt, gold: Program) -> Cause:
    mine = canonical(attempt.program) if attempt.program else {}
    wanted = canonical(gold)
    held = set(mine.values())
    lost = [step for step in gold.steps if wanted[step.name] not in held]
    if not lost:
        return "wrong_reference"
    if _turned(mine, wanted, hasattr(lost[0].arguments, "table")):
        return "wrong_order"
    return _at(lost[0], attempt, mine, wanted, gold)


def _at(
    first: ProgramStep,
    attempt: FailedAttempt,
    mine: Mapping[str, Any],
    wanted: Mapping[str, Any],
    gold: Program,
) -> Cause:
    steps = attempt.program.steps if attempt.program else ()
    known = set(wanted.values())
    strange = [step for step in steps if mine[step.name] not in known]
    alike = [step for step in strange if step.tool == first.tool]
    if alike:
        return min((_difference(mine[s.name], wanted[first.name]) for s in alike), key=_RANK.index)
    if "stale_handle" in attempt.errors:
        return "wrong_reference"
    if not strange:
        if first.tool in _COMPUTE and not attempt.handle and attempt.answer is not None:
            return "head_arithmetic"
        return "premature_answer"
    later = {step.tool for step in gold.steps if wanted[step.name] not in set(mine.values())}
    return "missing_step" if strange[0].tool in later else "wrong_tool"


_RANK: tuple[Cause, ...] = (
    "wrong_constant", "wrong_column", "null_or_tie", "wrong_tool", "wrong_reference",
)  # fmt: skip
"""Of several calls that could have been meant, the one that is least off."""


def _difference(mine: Any, wanted: Any) -> Cause:
    """Return in what two calls of one tool differ."""
    fields = [name for name in wanted[1] if mine[1].get(name) != wanted[1].get(name)]
    fields += [name for name in mine[1] if name not in wanted[1]]
    if any(_is_result(mine[1].get(name)) or _is_result(wanted[1].get(name)) for name in fields):
        return "wrong_reference"
    if any(name in _CONVENTIONS for name in fields) or _on_null(mine, wanted):
        return "null_or_tie"
    if any(name in _COLUMNS for name in fields):
        return "wrong_column"
    if any(name in ("op", "kind", "mode", "aggregates", "part", "unit") for name in fields):
        return "wrong_tool"
    return "wrong_constant"


class CallArguments(dict[str, Any]):
    """Arguments of a call that can be compared and hashed by what they say."""

    def __hash__(self) -> int:  # type: ignore[override]
        """Hash by content."""
        return hash(repr(sorted(self.items(), key=lambda pair: pair[0])))


def _is_result(held: Any) -> bool:
    return isinstance(held, tuple) and len(held) == 2 and isinstance(held[1], CallArguments)


def _on_null(mine: Any, wanted: Any) -> bool:
    ops = {mine[1].get("op"), wanted[1].get("op")}
    return len(ops) == 2 and bool(ops & {"is_null", "not_null"})


def _turned(mine: Mapping[str, Any], wanted: Mapping[str, Any], tables: Any) -> bool:
    """Whether the same calls were made, each with its own arguments, in another order."""
    return sorted(map(_own, mine.values())) == sorted(map(_own, wanted.values())) and bool(tables)


def _own(call: Any) -> str:
    """Return a call without what it is computed from."""
    left = {n: v for n, v in call[1].items() if n not in _INPUTS and not _is_result(v)}
    return f"{call[0]} {sorted(left.items(), key=str)}"


_INPUTS = ("table", "left", "right")


def canonical(program: Program) -> dict[str, Any]:
    """Return each step as (tool, arguments) in which results are what they were computed by."""
    found: dict[str, Any] = {}
    names: dict[str, str] = {}
    for step in program.steps:
        fields = type(step.arguments).model_fields
        said = CallArguments(
            {
                name: _said(getattr(step.arguments, name), found, names)
                for name in fields
                if name not in _NAMES and getattr(step.arguments, name) is not None
            }
        )
        found[step.name] = (step.tool, said)
        _name_columns(step, names)
    return found


def _name_columns(step: ProgramStep, names: dict[str, str]) -> None:
    """Call derived columns by what derives them, so that a model may name them as it likes."""
    arguments: Any = step.arguments
    if (new := getattr(arguments, "new_column", None)) is not None:
        names[new] = f"{step.tool}:{getattr(arguments, 'op', getattr(arguments, 'part', ''))}"
    for one in getattr(arguments, "aggregates", ()):
        column = names.get(one.column, one.column)
        names[one.name] = f"{one.op}:{column}"


def _said(held: Any, found: Mapping[str, Any], names: Mapping[str, str]) -> Any:
    if isinstance(held, Handle):
        return found.get(held.handle, ("unknown", CallArguments()))
    if isinstance(held, BaseModel):
        fields = type(held).model_fields
        return CallArguments(
            {f: _said(getattr(held, f), found, names) for f in fields if f not in _NAMES}
        )
    if isinstance(held, tuple):
        return tuple(_said(one, found, names) for one in held)
    return names.get(held, held) if isinstance(held, str) else held
