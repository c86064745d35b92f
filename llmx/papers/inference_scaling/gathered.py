"""What stages left of an arm: its draws as classes, and the outcomes of methods with calls."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from llmx.core.errors import DataError, RunError
from llmx.core.names import family
from llmx.core.spec import ArmSpec
from llmx.engines.size import model_size
from llmx.papers.inference_scaling.costs import ModelCost
from llmx.papers.inference_scaling.load import drawn
from llmx.papers.inference_scaling.points import COSTS, Floats, MethodPoint, ProblemDraws
from llmx.report.figures.read import readable
from llmx.report.gather import TimedBlock
from llmx.report.timing import rate, timing
from llmx.scoring.classes import read_classes
from llmx.store.files import read_lines
from llmx.store.rows import rows

SAMPLES, CLASSES, OUTCOMES = "samples.jsonl", "classes.jsonl", "outcomes.jsonl"
BLOCKS = "blocks.jsonl"
_COUNTED = ("prompt", "cached", "completion", "calls", "longest", "money")
_SAID = {"id", "method", "size", "correct", "unparsed", "cut", "attended", *COSTS}


@dataclass(frozen=True, eq=False)
class LiveOutcomes:
    """A method with calls at a size, on the problems that it was run on.

    Attributes:
        shares: what else its stage counted, name → (P,): `tied`, `lost`, `already` …
    """

    ids: tuple[str, ...]
    point: MethodPoint
    shares: Mapping[str, Floats]


@dataclass(frozen=True, eq=False)
class ArmFolders:
    """The folders of one arm under one seed, by what they hold.

    Attributes:
        samples: the file of its draws.
        live: files of outcomes, stage by stage.
    """

    samples: Path
    classes: Path
    live: tuple[Path, ...]

    def problems(self) -> list[ProblemDraws]:
        """Return the draws of each problem, in their order."""
        return drawn(self.samples, self.classes)

    def constant(self) -> float:
        """Return the share of problems that one and the same answer is right for."""
        answers = [one.expected for one in read_classes(self.classes)]
        most = max(Counter(one for one in answers if one).values(), default=0)
        return most / len(answers) if answers else 0.0

    def outcomes(self, arm: str, model: ModelCost) -> Iterator[LiveOutcomes]:
        """Yield every method with calls at each size."""
        for path in self.live:
            with readable(path):
                yield from outcomes_in(path, arm, model)


def folders_of(inputs: Mapping[str, Path], arm: str) -> ArmFolders:
    """Return the folders of an arm.

    Args:
        inputs: ``need/arm`` → folder.

    Raises:
        RunError: if it has no draws or classes, or several.
    """
    mine = [path for name, path in inputs.items() if name.partition("/")[2] == arm]
    samples, classes = (
        [path / file for path in mine if (path / file).exists()] for file in (SAMPLES, CLASSES)
    )
    if len(samples) != 1 or len(classes) != 1:
        named = ", ".join(name for name in inputs if name.partition("/")[2] == arm) or "nothing"
        text = f"a scaling stage needs one pool and its classes of '{arm}', its inputs are: {named}"
        raise RunError(text, "needs: [pool, classes, …]")
    live = (path / OUTCOMES for path in mine if (path / OUTCOMES).exists())
    return ArmFolders(samples[0], classes[0], tuple(live))


def token_seconds(inputs: Mapping[str, Path]) -> dict[str, float]:
    """Return family of arms → seconds of a completion token; empty where no stage timed any.

    All rounds together: the seconds of its blocks over their tokens.

    Args:
        inputs: ``need`` or ``need/arm`` → folder; that of a speed stage has timed blocks.

    Raises:
        DataError: for blocks of different batch sizes, whose seconds are not of one kind.
    """
    blocks: list[TimedBlock] = []
    for path in (folder / BLOCKS for folder in inputs.values()):
        if path.exists():
            with readable(path):
                blocks += rows(path, TimedBlock)
    if len(sizes := {one.batch_size for one in blocks}) > 1:
        named = " and ".join(map(str, sorted(size or 1 for size in sizes)))
        text = f"blocks of {named} rows at once were timed, and their seconds are not of one kind"
        raise DataError(text, "name one speed stage in needs of the scaling stage")
    own = [one.model_copy(update={"arm": family(one.arm)}) for one in blocks]
    clock = timing(own)
    rates = {arm: rate(clock, arm, "tokens") for arm in clock}
    return {arm: 1 / one.estimate for arm, one in rates.items() if one is not None}


def model_cost(arm: ArmSpec, seconds: float | None = None) -> ModelCost:
    """Return what the tokens of an arm's model take, as far as its folder and engine say it.

    Args:
        seconds: of a completion token; None = nobody timed any.
    """
    size = model_size(arm.model.target, arm.model.target_revision) if arm.model else None
    priced = arm.engine.price_in > 0 or arm.engine.price_out > 0
    known = size is not None and size.parameters > 0
    return ModelCost(
        parameters=size.parameters if size is not None and known else None,
        layers=size.layers if size is not None else 0,
        width=size.hidden if size is not None else 0,
        price_in=arm.engine.price_in if priced else None,
        price_out=arm.engine.price_out if priced else None,
        token_seconds=seconds,
    )


def outcomes_in(path: Path, arm: str, model: ModelCost) -> Iterator[LiveOutcomes]:
    """Yield every method of a file of outcomes, at each size."""
    grouped: dict[tuple[str, int], list[Mapping[str, Any]]] = {}
    for row in read_lines(path):
        grouped.setdefault((str(row["method"]), int(row["size"])), []).append(row)
    for (method, size), own in grouped.items():
        columns = {name: _column(own, name) for name in own[0] if name not in ("id", "method")}
        columns["attended"] = np.array([row.get("attended", 0.0) for row in own], dtype=np.float64)
        point = MethodPoint(
            arm=arm,
            method=method,
            size=size,
            accuracy=columns["correct"],
            costs=_costs(columns, model),
            unparsed=float(columns["unparsed"].mean()),
            cut=float(columns["cut"].mean()),
        )
        shares = {name: found for name, found in columns.items() if name not in _SAID}
        yield LiveOutcomes(tuple(str(row["id"]) for row in own), point, shares)


def _column(lines: Sequence[Mapping[str, Any]], name: str) -> Floats:
    return np.array([row[name] for row in lines], dtype=np.float64)


def _costs(columns: Mapping[str, Floats], model: ModelCost) -> dict[str, Floats]:
    """Return what was counted; money only where the engine has prices or said what it took."""
    found = {kind: columns[kind] for kind in _COUNTED if kind in columns}
    if model.price_in is None and "money" in found and not found["money"].any():
        del found["money"]
    if model.parameters is not None:
        computed = columns["prompt"] - columns["cached"] + columns["completion"]
        seen = 4.0 * model.layers * model.width * columns["attended"]
        found["flops"] = 2.0 * model.parameters * computed + seen
    if model.token_seconds is not None:
        found["seconds"] = model.token_seconds * columns["completion"]
    return found
