"""Room: what random batches leave to learn, known before anybody trains on planned ones.

A student that was warmed up on random batches tells its target from the others of such a batch
nearly always; among all targets it does so less often. The difference is what harder batches could
still teach. Where it is small, so is what they can gain.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from llmx.core.figure import Figure, Span
from llmx.core.names import families
from llmx.core.spec import ArmSpec
from llmx.core.stage import StageContext, StageInput
from llmx.papers.b3 import figure_names as names
from llmx.papers.b3.report.read import in_batch_end
from llmx.papers.b3.stages.batches import BatchesOptions
from llmx.report.numbers import percent, points
from llmx.stages.rank import ABOUT as RANKED
from llmx.store.files import read_json


@dataclass(frozen=True)
class BatchRoom:
    """What a warm student does on the rows that it was trained on.

    Attributes:
        arm: whose student it is; the stage's name where all arms have one.
        size: rows of its random batches.
        in_batch: share of rows whose own target is the nearest of their batch, at the end.
        first: share of rows whose own target, or an equal text, is the nearest of all.
    """

    arm: str
    size: int
    in_batch: float
    first: float


def warm_student(given: StageInput) -> str | None:
    """Return the stage whose model is the teacher of needed ranks; None where there is none."""
    for need in given.stage.needs:
        stage = given.stages.get(need)
        if (
            stage is not None
            and stage.kind == "contrastive"
            and any(_ranks(given, need, arm) is not None for arm in given.arms.values())
        ):
            return need
    return None


def _ranks(given: StageInput, warm: str, arm: ArmSpec) -> str | None:
    """Return the needed stage of kind `rank` whose vectors are of a student, in an arm.

    An arm may have another teacher: its ranks say nothing of the student.
    """
    for need in given.stage.needs:
        stage = given.stages.get(need)
        if stage is None or stage.kind != "rank":
            continue
        held = [given.stages[one].of_arm(arm) for one in stage.needs if one in given.stages]
        models = [one.options.get("model") for one in held]
        if f"stage:{warm}" in models:
            return need
    return None


def rooms_of(context: StageContext) -> list[BatchRoom]:
    """Return the room of each different student; nothing where none was warmed up."""
    given = context.given
    warm = warm_student(given)
    if warm is None:
        return []
    found: dict[tuple[Path, Path], tuple[str, ArmSpec]] = {}
    for family, members in families(given.arms).items():
        arm = given.arms[members[0]]
        needs = (warm, _ranks(given, warm, arm))
        student, ranks = (context.inputs.get(f"{need}/{members[0]}") for need in needs)
        if student is not None and ranks is not None:
            found.setdefault((student.resolve(), ranks.resolve()), (family, arm))
    alone = len(found) == 1
    return [
        BatchRoom(
            warm if alone else family,
            _size(given, warm, arm),
            in_batch_end(student),
            float(read_json(ranks / RANKED)["own_target_first"]),
        )
        for (student, ranks), (family, arm) in found.items()
    ]


def _size(given: StageInput, warm: str, arm: ArmSpec) -> int:
    """Return the rows of the batches that a student was warmed up on."""
    for need in given.stages[warm].needs:
        stage = given.stages.get(need)
        if stage is not None and stage.kind == "batches":
            default = BatchesOptions.model_fields["size"].default
            return int(stage.of_arm(arm).options.get("size", default))
    return 0


def room_figures(room: BatchRoom) -> Iterator[Figure]:
    """Yield the two shares and their difference."""
    for quantity, value, unit in (
        (names.WARM_IN_BATCH, room.in_batch, "share"),
        (names.WARM_FIRST, room.first, "share"),
        (names.ROOM, room.in_batch - room.first, "points"),
    ):
        yield Figure(quantity=quantity, arm=room.arm, span=Span(estimate=value), unit=unit)


def room_said(room: BatchRoom) -> str:
    """Return it as a sentence."""
    size = f" of {room.size}" if room.size else ""
    return (
        f"Room: random batches{size} are {percent(room.in_batch)} % solved by `{room.arm}`, the"
        f" corpus of the same rows {percent(room.first)} % at rank 1:"
        f" {points(room.in_batch - room.first)} points for harder batches to teach."
    )
