"""Stage `retrieval_report`: what trainings on planned batches came to, over samples and seconds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from llmx.core.errors import ConfigError, nearest
from llmx.core.names import families, family, seed_of
from llmx.core.options import ArmName, NeedName, StageOptions
from llmx.core.stage import Cost, StageContext, StageInput
from llmx.papers.b3.stages.batches import DIAGNOSTICS, BatchesOptions
from llmx.store.files import read_json, read_lines

if TYPE_CHECKING:
    from llmx.papers.b3.report.points import TrainedArm

PAIRS, ABOUT = "pairs.jsonl", "stage.json"


class RetrievalReportOptions(StageOptions):
    """What is compared with what."""

    title: str = Field(default="Contrastive training", description="title of the page")
    training: NeedName | None = Field(
        default=None,
        description="stage of kind contrastive that is reported; null = the last among needs",
    )
    control: ArmName | None = Field(
        default=None,
        description="arm that the others are compared with, and with it the same with batches of"
        " other sizes; null = the reference",
    )
    rivals: tuple[str, ...] = Field(
        default=(),
        description="methods (an arm's name without its batch size) beside the control, whose"
        " quality the others may reach for less",
    )
    split: Literal["test", "calibration"] = Field(
        default="test", description="whose evaluations are read"
    )


class RetrievalReportStage:
    """Over recipe. Needs `contrastive`; shows what there is of `batches`, `rank` and other stages.

    Writes ``retrieval.md``, ``retrieval.html``, ``figures.json`` and a picture each of quality over
    samples and seconds, quality by batch, in-batch accuracy, and loss. Arms of one method that
    differ in the size of their batches are called so (``b3_32``, ``b3_96``), or are points of a
    sweep (``b3@size=32``); the size itself is that of the needed stage `batches`.
    """

    Options: ClassVar[type[StageOptions]] = RetrievalReportOptions
    kind: ClassVar[str] = "retrieval_report"
    version: ClassVar[int] = 1
    timing: ClassVar[bool] = False

    def identity(self, given: StageInput) -> Mapping[str, Any]:
        """The options, the arms in their order with the sizes of their batches, the control.

        Raises:
            ConfigError: if nothing that it needs trains, or it needs no plan.
        """
        options = given.read(RetrievalReportOptions)
        # A younger option: names from before it stay.
        left = set() if options.rivals else {"rivals"}
        return {
            "options": options.model_dump(mode="json", exclude=left),
            "arms": list(given.arms),
            "sizes": sizes_of(given),
            "control": control_of(given),
            "training": training_of(given),
        }

    def applies(self, given: StageInput) -> bool:
        """Always."""
        return True

    def plan(self, given: StageInput) -> Cost:
        """Some seconds: a test of equal quality at some hundred places, for each pair of arms."""
        return Cost(seconds=3.0 + len(given.arms))

    def run(self, context: StageContext) -> None:
        """Read the trainings, and write figures and pages."""
        from llmx.papers.b3.report.figures import TrainedRun
        from llmx.papers.b3.report.room import rooms_of
        from llmx.papers.b3.report.written import RetrievalRun, write
        from llmx.stages.availability import sentences

        given = context.given
        context.progress.start(2, unit="steps")
        arms = tuple(_trained(context))
        context.progress.advance()
        rivals = given.read(RetrievalReportOptions).rivals
        trained = TrainedRun(arms, _control_method(given, arms), rivals)
        plan = plan_of(given)
        folders = {family(arm): folder for arm, folder in _folders(context, plan).items()}
        run = RetrievalRun(
            trained=trained,
            plans={
                a: read_json(f / DIAGNOSTICS) for a, f in folders.items() if _has(f, DIAGNOSTICS)
            },
            pairs=_pairs(given, folders),
            rooms=rooms_of(context),
            seconds=_seconds(context),
            lost=sentences(context.unavailable),
        )
        write(context.out, run, given.read(RetrievalReportOptions).title)
        context.progress.advance()


def training_of(given: StageInput) -> str:
    """Return the stage that is reported.

    Raises:
        ConfigError: if none among the needs trains so, or the named one does not.
    """
    known = [n for n in given.stage.needs if _kind(given, n) == "contrastive"]
    named = given.read(RetrievalReportOptions).training
    if named is not None and named not in known:
        where = f"stages.{given.stage.name}.training is '{named}', no stage of kind contrastive"
        raise ConfigError(where, nearest(named, known, "trainings"))
    if not known:
        text = f"stage '{given.stage.name}' needs no stage of kind contrastive"
        raise ConfigError(text, f"add one to stages.{given.stage.name}.needs")
    return named or known[-1]


def plan_of(given: StageInput) -> str:
    """Return the stage of kind `batches` that the training needs.

    Raises:
        ConfigError: if the training has none, or the report does not need it.
    """
    training = training_of(given)
    planned = [n for n in given.stages[training].needs if _kind(given, n) == "batches"]
    found = next((need for need in planned if need in given.stage.needs), None)
    if found is None:
        text = f"stage '{given.stage.name}' does not need the plan of '{training}'"
        plan = planned[0] if planned else "a stage of kind batches"
        raise ConfigError(text, f"add {plan} to stages.{given.stage.name}.needs")
    return found


def sizes_of(given: StageInput) -> dict[str, int]:
    """Return the rows of a batch of each arm."""
    stage, default = given.stages[plan_of(given)], BatchesOptions.model_fields["size"].default
    options = {name: stage.of_arm(arm).options for name, arm in given.arms.items()}
    return {name: int(own.get("size", default)) for name, own in options.items()}


def control_of(given: StageInput) -> str:
    """Return the arm that others are compared with, without its seed.

    Raises:
        ConfigError: if neither the option nor the recipe names one.
    """
    named = given.read(RetrievalReportOptions).control or given.reference
    if named is None:
        text = f"stages.{given.stage.name}.control names no arm, and the recipe has no reference"
        raise ConfigError(text, f"stages.{given.stage.name}.control=ARM")
    return family(named)


def _kind(given: StageInput, need: str) -> str:
    stage = given.stages.get(need)
    return "" if stage is None else stage.kind


def _control_method(given: StageInput, arms: Sequence[TrainedArm]) -> str:
    """Return the method of the control; of a control that was swept, that of any of its points."""
    named = control_of(given)
    exact = next((arm.method for arm in arms if arm.arm == named), None)
    swept = (arm.method for arm in arms if arm.arm.partition("@")[0] == named)
    return exact or next(swept, named)


def _folders(context: StageContext, need: str) -> dict[str, Path]:
    """Return arm → the folder of a need, of the arms that have one."""
    known = {arm: context.inputs.get(f"{need}/{arm}") for arm in context.given.arms}
    return {arm: folder for arm, folder in known.items() if folder is not None}


def _trained(context: StageContext) -> Iterator[TrainedArm]:
    from llmx.papers.b3.report.read import SeedTraining, trained_arm

    given = context.given
    sizes, folders = sizes_of(given), _folders(context, training_of(given))
    split = given.read(RetrievalReportOptions).split
    for name, members in families(given.arms).items():
        seeds = [SeedTraining(folders[m], seed_of(m), sizes[m]) for m in members if m in folders]
        if seeds:
            yield trained_arm(name, seeds, split)


def _has(folder: Path, file: str) -> bool:
    return (folder / file).exists()


def _pairs(given: StageInput, folders: Mapping[str, Path]) -> dict[str, list[dict[str, Any]]]:
    """Return the pairs to read of the first arm whose batches are not random."""
    stage = given.stages[plan_of(given)]
    cuts = {family(n): str(stage.of_arm(a).options.get("cut", "")) for n, a in given.arms.items()}
    for arm, folder in folders.items():
        if not cuts[arm].startswith("random") and (found := read_lines(folder / PAIRS)):
            return {arm: found}
    return {}


def _seconds(context: StageContext) -> dict[str, dict[str, float]]:
    """Return need → arm → seconds that its stage took, as the cache keeps them."""
    found: dict[str, dict[str, float]] = {}
    for need in context.given.stage.needs:
        for arm, folder in _folders(context, need).items():
            if (about := folder / ABOUT).exists() and "seconds" in (told := read_json(about)):
                own = found.setdefault(need, {})
                own[family(arm)] = own.get(family(arm), 0.0) + float(told["seconds"])
    return found
