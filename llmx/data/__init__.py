"""Datasets: procedural ones that need no network, and hub ones at a pinned revision."""

from __future__ import annotations

from typing import Any

from llmx.core.record import Sample
from llmx.core.registry import lookup
from llmx.core.spec import DataSpec
from llmx.data.drawn import problems

# Splits are drawn in the order test, calibration, validation, heldout, sft, train, lessons: none
# depends on a later one. The sizes of three of them are options of the kinds that have them.
_AFTER_CALIBRATION = {"heldout", "heldout_templates", "train", "validation", "sft", "lessons"}
_DRAWN_LATER = {
    "test": {"calibration", *_AFTER_CALIBRATION},
    "calibration": _AFTER_CALIBRATION,
    "validation": {"sft", "train", "lessons"},
    "sft": {"train", "lessons"},
    "train": {"lessons"},
}


def load(spec: DataSpec, split: str, limit: int | None = None) -> list[Sample]:
    """Return the first `limit` problems of a split, in the dataset's fixed order."""
    return problems(spec, split, limit)


def identity(spec: DataSpec) -> dict[str, Any]:
    """Return what a dataset's problems depend on, without drawing or fetching any."""
    found: dict[str, Any] = lookup("data", spec.kind).identity(spec)
    return found


def evaluation_identity(spec: DataSpec, split: str) -> dict[str, Any]:
    """Return what one evaluation split depends on: not how much of the others is drawn after it."""
    later = _DRAWN_LATER.get(split, set())
    found = identity(spec)
    kept = {name: value for name, value in found["spec"].items() if name not in later}
    options = kept.pop("options", {})
    if left := {name: value for name, value in options.items() if name not in later}:
        kept["options"] = left
    return {**found, "spec": kept, "split": split}
