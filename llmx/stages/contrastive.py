"""Stage `contrastive`: an embedder learns from pairs, in the batches of a plan."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from zipfile import BadZipFile

from llmx.core.audit import Check
from llmx.core.errors import ConfigError, DataError, EngineError, LlmxError, RunError
from llmx.core.install import with_extra
from llmx.core.item import shown
from llmx.core.options import StageOptions
from llmx.core.registry import kinds, lookup
from llmx.core.stage import Cost, StageContext, StageInput
from llmx.data import identity
from llmx.data.pairs.splits import normal
from llmx.engines.embed.place import STAGE, embedder_content, embedder_folder, is_here, pinned
from llmx.engines.embed.vision import VISION
from llmx.stages.embed import pair_data
from llmx.stages.pair_table import input_with
from llmx.store.files import read_json, sync_tree
from llmx.train.contrastive.options import ContrastiveOptions
from llmx.train.contrastive.students import WORDS
from llmx.train.course.accelerate_file import read_processes
from llmx.train.course.checks import check
from llmx.train.course.fields import installed
from llmx.train.course.settings import ACCIDENTS
from llmx.train.course.steps import steps_of

if TYPE_CHECKING:
    from llmx.data.pairs.pairs import PairRows
    from llmx.train.contrastive.job import ContrastiveJob
    from llmx.train.contrastive.masks import Mask
    from llmx.train.contrastive.pairs import TrainingPairs
    from llmx.train.contrastive.points import Evaluate

_PACKAGES = ("sentence_transformers", "datasets", "accelerate")


class ContrastiveStage:
    """Writes ``model/``, ``training.json``, ``curve.jsonl``, ``evaluations.jsonl`` and ``audit.*``.

    Needs a stage whose kind has a reader of plans in the registry (`plan`): it says which rows of
    the arm's data share a batch. Killed at any moment, the same command goes on from the newest
    whole checkpoint and ends at the same weights on a CPU.
    """

    Options: ClassVar[type[StageOptions]] = ContrastiveOptions
    kind: ClassVar[str] = "contrastive"
    version: ClassVar[int] = 1
    timing: ClassVar[bool] = False

    def identity(self, given: StageInput) -> Mapping[str, Any]:
        """The pairs, the model to begin with, the options, the seed, and several processes.

        Raises:
            ConfigError: for options that exclude each other, or data that are no pairs.
            EngineError: for a model that is not here.
        """
        options = _options(given)
        processes = read_processes(options.accelerate, f"stages.{given.stage.name}.accelerate")
        left = {"settings", "trackers", "accelerate"}
        # Younger options: names from before them stay.
        left |= {name for name in ("annotated", "pixels") if not getattr(options, name)}
        told = options.model_dump(mode="json", exclude=left)
        settings = {n: v for n, v in options.settings.items() if n not in ACCIDENTS}
        data = {"data": identity(pair_data(given)), "seed": given.arm.seed}
        start = _start(options)  # a model is its content, wherever it lies
        found = {**data, **told, "settings": settings, "model": start or options.model}
        return found if processes.plain else {**found, "processes": processes.identity()}

    def applies(self, given: StageInput) -> bool:
        """Always."""
        return True

    def plan(self, given: StageInput) -> Cost:
        """Rows times epochs at a measured rate, for token vectors on a CPU."""
        from llmx.stages.contrastive_cost import cost

        return cost(given, _options(given), _refusal(given))

    def steps(self, context: StageContext) -> None:
        """Do what is left of the steps: the share of one process, where there are several."""
        from llmx.train.contrastive.train import steps

        steps(_job(context))

    def run(self, context: StageContext) -> None:
        """Train, or go on training."""
        from llmx.train.contrastive.students import require_library

        require_library()
        from llmx.train.contrastive.train import leave, steps
        from llmx.train.course.fit import course

        def rest() -> None:
            job = _job(context)
            steps(job)
            leave(job)

        course(context, _options(context.given).accelerate, rest)


def _options(given: StageInput) -> ContrastiveOptions:
    options = given.read(ContrastiveOptions)
    options.check()
    steps_of(options.settings, f"stages.{given.stage.name}.settings")
    return options


def _start(options: ContrastiveOptions) -> str | None:
    """Return the content of the model to begin with; of a stage's, its own name says it.

    A model of the hub that is not here is its name, so that a plan can be shown without it.
    """
    name = options.model
    if name in (WORDS, VISION) or name.startswith(STAGE) or not (pinned(name) or is_here(name)):
        return None
    return embedder_content(options.model)


def _refusal(given: StageInput) -> LlmxError | None:
    """Return why the stage cannot be done here, before anything starts."""
    wanted = [*_PACKAGES, *(["peft"] if _options(given).lora is not None else [])]
    for package in wanted:
        if not installed(package):
            text = f"stage '{given.stage.name}' needs {package}, which is not installed"
            return EngineError(text, with_extra("retrieval"))
    model = _options(given).model
    # Of the hub at a commit a plan is of use before it is fetched.
    if model not in (WORDS, VISION) and not pinned(model) and not is_here(model):
        try:
            embedder_folder(model)
        except EngineError as error:
            return error
    return None


def _job(context: StageContext) -> ContrastiveJob:
    """Return what is trained on, looked at.

    Raises:
        ConfigError: if no need has a plan.
        DataError: if the plan is of other rows.
    """
    from llmx.train.contrastive.job import ContrastiveJob
    from llmx.train.contrastive.plan import WithAnnotated, check_plan
    from llmx.train.course.checkpoints import newest_whole
    from llmx.train.course.fit import ready

    given, options = context.given, _options(context.given)
    ready(context)
    context.progress.note("reading the pairs")
    spec = pair_data(given)
    rows = lookup("data", spec.kind)(spec).pairs(options.split)
    folder, plan = _plan(context)
    if (made := read_json(folder / "plan.json").get("made_of", {}).get("data")) != rows.hash:
        text = f"the plan is of other rows ({made}, and these are {rows.hash})"
        raise DataError(text, "plan and training read the same data: run the plan's stage again")
    check_plan(plan, len(rows))
    done = newest_whole(context.out)
    start = None
    if options.model == VISION:
        start = _from_nothing(context, rows)
    elif options.model != WORDS:
        start = embedder_folder(options.model, stages=context.inputs)
    pairs = _pairs(rows, options.annotated)
    return ContrastiveJob(
        context=context,
        options=options,
        step=done.step if done is not None else 0,
        pairs=pairs,
        plan=WithAnnotated(plan, len(rows), options.annotated) if options.annotated else plan,
        folder=start,
        mask=_mask(context, options, pairs),
        evaluate=_evaluate(given, options),
        checks=_checks(given, rows, plan),
    )


def _from_nothing(context: StageContext, rows: PairRows) -> Path:
    """Return the folder of a small model of pictures; an adapter names it, so that it stays."""
    from llmx.engines.embed.vision import write_vision

    folder = context.out / "start"
    if not folder.is_dir():
        scratch = context.out / f".start.{os.getpid()}.tmp"
        texts = [text for row in rows for text in (row.query, row.target)]
        write_vision(scratch, texts, context.given.arm.seed)
        sync_tree(scratch)
        scratch.rename(folder)
    return folder


def _pairs(rows: PairRows, annotated: int) -> TrainingPairs:
    """Return the texts that are trained on.

    Args:
        annotated: wrong texts of each row that are taken too.

    Raises:
        DataError: naming the first row that brings fewer.
    """
    from llmx.train.contrastive.pairs import TrainingPairs

    short = next((row for row in rows if len(row.negatives) < annotated), None)
    if short is not None:
        text = (
            f"row {short.id} brings {len(short.negatives)} wrong texts, and annotated={annotated}"
        )
        raise DataError(text, "data with negatives, or annotated: 0")
    found = TrainingPairs(
        [row.id for row in rows],
        [row.asked for row in rows],
        [row.answer for row in rows],
        rows.target_id,
    )
    if not annotated:
        return found
    return found.with_annotated([[row.negatives[at] for row in rows] for at in range(annotated)])


def _plan(context: StageContext) -> tuple[Path, Any]:
    """Return the folder of the plan among the needs, and the plan."""
    given = context.given
    for need in given.stage.needs:
        stage = given.stages.get(need)
        if stage is not None and stage.kind in kinds("plan") and need in context.inputs:
            return context.inputs[need], _read(stage.kind, context.inputs[need])
    known = ", ".join(sorted(kinds("plan")))
    text = f"stage '{given.stage.name}' needs a plan of batches"
    raise ConfigError(text, f"add a stage of kind {known} to its needs")


def _read(kind: str, folder: Path) -> Any:
    """Return the plan of a folder.

    Raises:
        RunError: if its files are not whole, or not of one plan.
    """
    try:
        return lookup("plan", kind)(folder)
    except (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile) as error:
        text = f"the plan in {folder} cannot be read: {' '.join(str(error).split())}"
        raise RunError(text, "delete that folder; the same command makes it again") from error


def _mask(context: StageContext, options: ContrastiveOptions, pairs: TrainingPairs) -> Mask | None:
    import numpy as np

    from llmx.engines.embed.vectors import open_vectors
    from llmx.stages.rank import RANKS
    from llmx.train.contrastive.masks import Mask, check_mask

    if not options.mask:
        return None
    near = teacher = None
    if "leaked" in options.mask:
        ranks = np.load(input_with(context.inputs, RANKS, "rank") / RANKS, allow_pickle=False)
        near = ranks[:, : options.leaked_ranks]
    if "teacher_margin" in options.mask:
        folder = input_with(context.inputs, "rows.json", "embed")
        teacher = (open_vectors(folder / "query").array, open_vectors(folder / "target").array)
    equal = pairs.target_id if "equal_target" in options.mask else None
    mask = Mask(equal, near, teacher, options.margin)
    check_mask(mask, len(pairs), len(pairs.targets))
    return mask


def _evaluate(given: StageInput, options: ContrastiveOptions) -> Evaluate:
    """Return what looks at a model: a row for each split, made of all of its searches."""
    if not options.evaluations:
        return lambda model: ()
    from functools import partial

    from llmx.engines.embed.batched import BatchedEncoder
    from llmx.stages.searches import point, searches

    spec, most = pair_data(given), options.evaluation_queries
    asked = {split: searches(spec, split, most) for split in options.evaluation_splits}
    query, target = BatchedEncoder(options.query_prompt), BatchedEncoder(options.target_prompt)

    def look(model: Any) -> Sequence[Mapping[str, Any]]:
        sides = (partial(query.encode, model), partial(target.encode, model))
        return [{"split": split, **point(held, *sides)} for split, held in asked.items()]

    return look


def _checks(given: StageInput, rows: PairRows, plan: Any) -> tuple[Check, ...]:
    """Return what was found in the rows before they are trained on."""
    sides = [(shown(row.asked), shown(row.answer)) for row in rows]
    empty = sum(not query.strip() or not target.strip() for query, target in sides)
    twice = len(rows) - len(set(sides))
    batches = plan.epoch(0).batches
    left = len(rows) - len(set(batches.ravel().tolist()))
    return (
        check("without text", empty, len(rows), "query or target is empty", "fail"),
        check("duplicates", twice, len(rows), "rows with query and target of an earlier one"),
        check("outside of batches", left, len(rows), "rows of no batch in the first epoch"),
        check("equal targets", *_equal(rows, batches), "rows that meet their own target again"),
        *_overlaps(given, rows),
    )


def _equal(rows: PairRows, batches: Any) -> tuple[int, int]:
    import numpy as np

    met = np.sort(rows.target_id[batches], axis=1)
    same = met[:, 1:] == met[:, :-1]
    padded = np.pad(same, ((0, 0), (1, 1)))
    return int((padded[:, 1:] | padded[:, :-1]).sum()), int(batches.size)


def _overlaps(given: StageInput, rows: PairRows) -> list[Check]:
    spec = pair_data(given)
    data, asked = lookup("data", spec.kind)(spec), {normal(shown(row.asked)) for row in rows}
    found = []
    for split in data.evaluated:
        if not getattr(spec, split):
            continue
        seen = sum(normal(shown(row.asked)) in asked for row in data.pairs(split))
        detail = f"queries of the {split} split that are trained on"
        found.append(check(f"overlap with {split}", seen, len(rows), detail, "fail"))
    return found
