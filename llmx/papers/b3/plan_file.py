"""A plan on the disk: ``plan.npz`` holds its clusters, ``plan.json`` all else and its hash."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from llmx.core.errors import RunError
from llmx.papers.b3.hard_negatives import HardNegatives
from llmx.papers.b3.plan import BatchPlan, Group
from llmx.store.files import read_json, write_bytes, write_json

_ARRAYS, _ABOUT = "plan.npz", "plan.json"


def write_plan(folder: Path, plan: BatchPlan, made_of: Mapping[str, Any]) -> None:
    """Write a plan; equal plans are equal bytes.

    Args:
        made_of: hashes of what it was made of.
    """
    arrays: dict[str, Any] = {}
    for number, group in enumerate(plan.groups):
        arrays[f"clusters_{number}"] = group.clusters.astype("<i4")
        arrays[f"loose_{number}"] = group.loose.astype("<i4")
        if group.apart is not None:
            arrays[f"apart_{number}"] = group.apart.astype("<i4")
    if plan.hard is not None:
        arrays["negatives"] = plan.hard.rows.astype("<i4")
        arrays["target_id"] = plan.hard.target_id.astype("<i8")
    memory = io.BytesIO()
    np.savez(memory, **arrays)
    write_bytes(folder / _ARRAYS, memory.getvalue())
    told = {
        "groups": [group.name for group in plan.groups],
        "size": plan.size,
        "seed": plan.seed,
        "redraw": plan.redraw,
        "tail": plan.tail,
        "batches": plan.count(),
        "without_batch": list(plan.vanishing()),
        "negatives": 0 if plan.hard is None else plan.hard.count,
        "form": None if plan.hard is None else plan.hard.form,
        "hash": plan.digest(),
    }
    write_json(folder / _ABOUT, {**told, "made_of": dict(made_of)})


def read_plan(folder: Path) -> BatchPlan:
    """Return the plan of a folder.

    Raises:
        RunError: if it is not the plan that its hash is of.
    """
    about = read_json(folder / _ABOUT)
    with np.load(folder / _ARRAYS, allow_pickle=False) as held:
        arrays = dict(held)
    groups = tuple(
        Group(
            name,
            arrays[f"clusters_{number}"],
            arrays[f"loose_{number}"],
            arrays.get(f"apart_{number}"),
        )
        for number, name in enumerate(about["groups"])
    )
    hard = None
    if about["negatives"]:
        rows = (arrays["negatives"], arrays["target_id"])
        hard = HardNegatives(about["negatives"], about["form"], *rows)
    plan = BatchPlan(groups, about["size"], about["seed"], about["redraw"], about["tail"], hard)
    if plan.digest() != about["hash"]:
        raise RunError(f"{folder} holds another plan than its hash is of", "run it again")
    return plan
