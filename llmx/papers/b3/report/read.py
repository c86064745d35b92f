"""Trainings as their stages left them: what a stage `contrastive` writes, under every seed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from llmx.core.errors import RunError
from llmx.papers.b3.report.points import (
    Floats,
    LoggedPoint,
    RetrievalPoint,
    TrainedArm,
    method_of,
)
from llmx.report.figures.read import readable
from llmx.store.files import read_json, read_lines

EVALUATIONS, CURVE, TRAINING = "evaluations.jsonl", "curve.jsonl", "training.json"
_LOGGED = 40  # points of a curve that are kept: the means of as many stretches


@dataclass(frozen=True)
class SeedTraining:
    """The folder of one training.

    Attributes:
        seed: its name, by which arms are paired.
        size: rows of a batch.
    """

    folder: Path
    seed: str
    size: int

    def evaluations(self, split: str, metric: str | None = None) -> list[dict[str, Any]]:
        """Return the evaluation points of a split, by samples seen.

        Args:
            metric: None = that of the first line.

        Raises:
            RunError: if there are none, naming the splits that there are.
        """
        path = self.folder / EVALUATIONS
        with readable(path):
            lines = list(read_lines(path)) if path.exists() else []
            splits = list(dict.fromkeys(str(one["split"]) for one in lines))
            own = [one for one in lines if one["split"] == split]
            asked = metric or (own[0]["metric"] if own else None)
            found = {int(one["step"]): one for one in own if one["metric"] == asked}
        if not found:
            known = ", ".join(splits) or "none"
            text = f"{path} holds no evaluation of {metric or 'the'} split '{split}'"
            raise RunError(text, f"split= one of those that were evaluated: {known}")
        return [found[step] for step in sorted(found)]

    def logged(self) -> list[LoggedPoint]:
        """Return what was logged, the means of as many stretches as a picture can show."""
        with readable(self.folder / CURVE):
            lines = [*_numbers(self.folder / CURVE)]
        parts = np.array_split(np.array(lines), min(_LOGGED, len(lines))) if lines else []
        return [LoggedPoint(float(p[-1, 0]), *map(float, p[:, 1:].mean(0))) for p in parts]

    def about(self) -> dict[str, Any]:
        """Return what the training says of itself."""
        with readable(self.folder / TRAINING):
            return dict(read_json(self.folder / TRAINING))


def _numbers(path: Path) -> Iterator[tuple[float, float, float]]:
    for one in read_lines(path) if path.exists() else ():
        yield float(one["samples"]), float(one["loss"]), float(one["in_batch_accuracy"])


def in_batch_end(folder: Path) -> float:
    """Return the in-batch accuracy at the end of a training: the mean of the last tenth.

    Raises:
        RunError: if nothing was logged.
    """
    path = folder / CURVE
    with readable(path):
        found = [accuracy for _, _, accuracy in _numbers(path)]
    if not found:
        raise RunError(f"{path} holds no line", "delete the stage's folder and run again")
    return float(np.mean(found[-max(1, len(found) // 10) :]))


def trained_arm(arm: str, trainings: Sequence[SeedTraining], split: str) -> TrainedArm:
    """Return an arm of its trainings, one a seed.

    Raises:
        RunError: if they were not evaluated alike: at other steps, or on no common query.
    """
    each = [one.evaluations(split) for one in trainings]
    steps = [[int(line["step"]) for line in lines] for lines in each]
    if any(own != steps[0] for own in steps):
        text = f"the seeds of '{arm}' were evaluated at different steps"
        raise RunError(text, "give all seeds one length of training")
    ids, clusters = _queries(arm, each)
    columns = [[_values(line, ids) for line in lines] for lines in each]
    points = tuple(_point(lines, list(values)) for lines, values in _by_point(each, columns))
    about = [one.about() for one in trainings]
    peaks = [one["peak_bytes"] for one in about if one.get("peak_bytes") is not None]
    size = trainings[0].size
    return TrainedArm(
        arm=arm,
        method=method_of(arm, size),
        size=size,
        metric=str(each[0][0]["metric"]),
        ids=tuple(ids),
        clusters=clusters,
        points=points,
        logged=tuple(_mean_logged([one.logged() for one in trainings])),
        negatives=int(about[0].get("negatives") or 0),
        peak_bytes=max(peaks, default=None),
        seeds=tuple(one.seed for one in trainings),
    )


def _queries(
    arm: str, each: Sequence[Sequence[Mapping[str, Any]]]
) -> tuple[list[str], tuple[str, ...]]:
    """Return the queries that have a value under every seed at every point, with their groups."""
    lines = [line for own in each for line in own]
    shared = set.intersection(*(set(_known(line)) for line in lines))
    if not shared:
        raise RunError(
            f"the seeds of '{arm}' share no query", "seed= changes no data: set data.seed"
        )
    groups = dict(zip(lines[0]["ids"], lines[0]["clusters"], strict=True))
    ids = [name for name in lines[0]["ids"] if name in shared]
    return ids, tuple(str(groups[name] or "") for name in ids)


def _known(line: Mapping[str, Any]) -> Iterator[str]:
    """Yield the queries with a value: one without a right target has none."""
    for name, value in zip(line["ids"], line["values"], strict=True):
        if value is not None and value == value:
            yield name


def _values(line: Mapping[str, Any], ids: Sequence[str]) -> Floats:
    if list(line["ids"]) == ids:
        return np.array(line["values"], dtype=np.float64)
    known = dict(zip(line["ids"], line["values"], strict=True))
    return np.array([known[name] for name in ids], dtype=np.float64)


def _by_point(
    each: Sequence[Sequence[Mapping[str, Any]]], columns: Sequence[Sequence[Floats]]
) -> Iterator[tuple[tuple[Mapping[str, Any], ...], tuple[Floats, ...]]]:
    yield from zip(zip(*each, strict=True), zip(*columns, strict=True), strict=True)


def _point(lines: Sequence[Mapping[str, Any]], columns: Sequence[Floats]) -> RetrievalPoint:
    seconds, texts = (float(np.mean([one[name] for one in lines])) for name in ("seconds", "texts"))
    return RetrievalPoint(float(lines[0]["samples"]), seconds, texts, np.stack(columns, axis=1))


def _mean_logged(each: Sequence[Sequence[LoggedPoint]]) -> Iterator[LoggedPoint]:
    for points in zip(*each, strict=False):
        loss, accuracy = (
            float(np.mean([getattr(one, name) for one in points]))
            for name in ("loss", "in_batch_accuracy")
        )
        yield LoggedPoint(points[0].samples, loss, accuracy)
