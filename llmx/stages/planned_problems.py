"""Which problems the records of an input answer if it is whole: those that were planned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from llmx.core.errors import RunError
from llmx.core.spec import StageSpec
from llmx.core.stage import StageInput
from llmx.stages.decode import DRAWS, SAMPLES, SUMMARY, problems_of, split_of
from llmx.store.files import read_json

_ANSWERING = ("decode", "ensemble_decode", "pool", "agent")


def planned_problems(given: StageInput, inputs: Mapping[str, Path]) -> int | None:
    """Return how many problems the first input with records was asked; None if nobody knows."""
    stage = _answering(given, inputs)
    return None if stage is None else problems_of(replace(given, stage=stage))


def _answering(given: StageInput, inputs: Mapping[str, Path]) -> StageSpec | None:
    """Return the stage that wrote the records, where its kind answers what its options say."""
    held = (need for need, folder in inputs.items() if (folder / SAMPLES).exists())
    stage = given.stages.get(next(held, ""))
    return stage if stage is not None and stage.kind in _ANSWERING else None


def require_planned(
    given: StageInput, inputs: Mapping[str, Path], there: Sequence[str], problems: Sequence[str]
) -> None:
    """Refuse records that do not answer just what was asked, as often as it was and in its order.

    Args:
        there: ids of the records.
        problems: ids of all problems of the split that the stage reads.

    Raises:
        RunError: naming the first that is not in its place.
    """
    stage = _answering(given, inputs)
    planned = planned_problems(given, inputs)
    known = stage is not None and split_of(given) == split_of(replace(given, stage=stage))
    folder = next(folder for folder in inputs.values() if (folder / SAMPLES).exists())
    draws = _draws(folder)
    wanted = [one for one in problems[:planned] for _ in range(draws)] if known else list(there)
    if list(there) == wanted and len(set(there)) * draws == len(there):
        return
    raise RunError(
        f"{folder / SAMPLES} is damaged: {_what(list(there), wanted)}",
        f"`llmx runs check --repair`, or delete {folder}; the same command makes it again",
    )


def _draws(folder: Path) -> int:
    """Return how often each problem was answered."""
    summary = folder / SUMMARY
    return int(read_json(summary).get(DRAWS, 1)) if summary.exists() else 1


def _what(there: Sequence[str], wanted: Sequence[str]) -> str:
    if len(there) != len(wanted):
        return f"it holds {len(there)} records, and {len(wanted)} problems were asked"
    moved = [(one, other) for one, other in zip(there, wanted, strict=True) if one != other]
    if not moved:
        return "it answers a problem twice"
    return f"it answers {moved[0][0]} in the place of {moved[0][1]}"
