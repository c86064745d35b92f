"""What stages left of an arm: its draws as classes, and the outcomes of methods with calls."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from llmx.core.errors import RunError
from llmx.core.spec import ArmSpec
from llmx.engines.size import model_size
from llmx.papers.inference_scaling.costs import ModelCost
from llmx.papers.inference_scaling.load import drawn
from llmx.papers.inference_scaling.points import COSTS, Floats, MethodPoint, ProblemDraws
from llmx.report.figures.read import readable
from llmx.scoring.classes import read_classes
from llmx.store.files import read_lines

SAMPLES, CLASSES, OUTCOMES = "samples.jsonl", "classes.jsonl", "outcomes.jsonl"
_COUNTED = ("prompt", "cached", "completion", "calls", "longest", "money")
_SAID = {"id", "method", "size", "correct", "unparsed", "cut", *COSTS}


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
                yield from _outcomes(list(read_lines(path)), arm, model)


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


def model_cost(arm: ArmSpec) -> ModelCost:
    """Return what the tokens of an arm's model take, as far as its folder and engine say it."""
    size = model_size(arm.model.target, arm.model.target_revision) if arm.model else None
    priced = arm.engine.price_in > 0 or arm.engine.price_out > 0
    known = size is not None and size.parameters > 0
    return ModelCost(
        parameters=size.parameters if size is not None and known else None,
        layers=size.layers if size is not None else 0,
        width=size.hidden if size is not None else 0,
        price_in=arm.engine.price_in if priced else None,
        price_out=arm.engine.price_out if priced else None,
    )


def _outcomes(
    rows: Sequence[Mapping[str, Any]], arm: str, model: ModelCost
) -> Iterator[LiveOutcomes]:
    grouped: dict[tuple[str, int], list[Mapping[str, Any]]] = {}
    for row in rows:
        grouped.setdefault((str(row["method"]), int(row["size"])), []).append(row)
    for (method, size), own in grouped.items():
        columns = {name: _column(own, name) for name in own[0] if name not in ("id", "method")}
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


def _column(rows: Sequence[Mapping[str, Any]], name: str) -> Floats:
    return np.array([row[name] for row in rows], dtype=np.float64)


def _costs(columns: Mapping[str, Floats], model: ModelCost) -> dict[str, Floats]:
    """Return what was counted; money only where the engine has prices or said what it took."""
    found = {kind: columns[kind] for kind in _COUNTED if kind in columns}
    if model.price_in is None and "money" in found and not found["money"].any():
        del found["money"]
    if model.parameters is not None:
        # Attention is left out: sums of calls do not say which tokens stand where it counts.
        computed = columns["prompt"] - columns["cached"] + columns["completion"]
        found["flops"] = 2.0 * model.parameters * computed
    return found
