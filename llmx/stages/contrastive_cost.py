"""What a contrastive training is planned to take: rows, seconds on a CPU, and memory."""

from __future__ import annotations

from dataclasses import replace

from llmx.core.errors import LlmxError
from llmx.core.registry import lookup
from llmx.core.spec import DataSpec
from llmx.core.stage import Cost, Memory, StageInput
from llmx.engines.embed.place import STAGE, embedder_folder, is_here
from llmx.engines.embed.vision import VISION
from llmx.engines.size import ModelSize, local_size
from llmx.stages.embed import pair_data, pair_rows
from llmx.stages.vision_cost import (
    RATE,
    gpu_hours,
    is_of_pictures,
    vision_memory,
    vision_notes,
    vision_size,
)
from llmx.train.contrastive.options import ContrastiveOptions
from llmx.train.contrastive.students import LAYERS, STATIC, WORDS
from llmx.train.course.accelerate_file import read_processes
from llmx.train.course.duration import OPERATIONS as CPU_RATE
from llmx.train.course.duration import on_cpu, step_seconds
from llmx.train.course.memory import training_memory
from llmx.train.course.steps import steps_of, without_end

_TEXT = 0.13e-3  # seconds of a text of a static student at 32 rows a batch, on one core
_POINT = 4.0  # seconds of an evaluation by a static student
_STARTS = 20.0  # seconds to load libraries and pairs
_EPOCHS = 3.0  # the library's default
_VOCABULARY = 30_000  # words of a model from nothing
_BATCH = 128  # where no plan says it
_TOKENS = 32  # of a text of a pair, where an encoder reads it


def cost(given: StageInput, options: ContrastiveOptions, refused: LlmxError | None) -> Cost:
    """Return the plan of a training.

    Args:
        refused: why it cannot be done here, if it can't.
    """
    where = f"stages.{given.stage.name}.settings"
    rows = _samples(given, options)
    if is_of_pictures(options.model):
        return _of_pictures(given, options, rows, refused)
    size = _size(options)
    steps = steps_of(options.settings, where)
    endless = without_end(given, steps or (rows and 1) or None, where)
    return Cost(
        samples=rows or 0,
        seconds=_seconds(options, rows, _texts(given) + options.annotated, size)
        if on_cpu(given)
        else None,
        unknown="" if rows else "the number of rows is not known: data.train=N",
        memory=_memory(options, size, _batch(given)),
        device=given.arm.engine.device,
        refusal=refused or endless,
    )


def _of_pictures(
    given: StageInput, options: ContrastiveOptions, rows: int | None, refused: LlmxError | None
) -> Cost:
    """Return the plan of a model that reads pictures; its seconds on a CPU are those of a GPU's
    operations at the rate of one core."""
    size = vision_size(options.model) or ModelSize()
    batch, texts, name = _batch(given), _texts(given), given.stage.name
    processes = read_processes(options.accelerate, f"stages.{name}.accelerate").count
    seconds = 3600 * gpu_hours(options, size, rows or 0, texts) * RATE / CPU_RATE
    small = options.model == VISION
    return Cost(
        samples=rows or 0,
        seconds=_STARTS + seconds if on_cpu(given) and small else None,
        unknown="" if small else "no GPU was measured; notes say what is assumed",
        memory=vision_memory(options, size, batch, texts, processes),
        device=given.arm.engine.device,
        notes=() if small else vision_notes(name, options, size, batch, rows or 0, texts),
        refusal=refused,
    )


def _batch(given: StageInput) -> int:
    """Return the rows of a batch, as the stage of the plan is told."""
    planned = (given.stages[need].options for need in given.stage.needs if need in given.stages)
    return next((int(one["size"]) for one in planned if one.get("size")), _BATCH)


def _texts(given: StageInput) -> int:
    """Return the texts of a row, as the stage of the plan is told."""
    planned = (given.stages[need].options for need in given.stage.needs if need in given.stages)
    return 2 + next((int(one["negatives"]) for one in planned if one.get("negatives")), 0)


def _samples(given: StageInput, options: ContrastiveOptions) -> int | None:
    """Return the pairs that are trained on, repeated ones among them."""
    steps, spec = options.settings.get("max_steps", -1), pair_data(given)
    if steps > 0:
        return int(steps) * _batch(given)
    epochs = float(options.settings.get("num_train_epochs", _EPOCHS))
    if (planned := lookup("data", spec.kind).planned(spec, "train")) is not None:
        return round(epochs * sum(planned.values())) or None
    return round(epochs * (spec.train or _counted(spec))) or None


def _counted(spec: DataSpec) -> int:
    """Return how many rows train where all of a file do; 0 where it cannot be read yet."""
    try:
        return len(pair_rows(spec, "train"))
    except LlmxError:
        return 0


def _size(options: ContrastiveOptions) -> ModelSize:
    """Return the size of the student; zeros where it is still to be trained."""
    if options.model == WORDS:
        return ModelSize(parameters=_VOCABULARY * options.dimension, hidden=options.dimension)
    if options.model.startswith(STAGE) or not is_here(options.model):
        return ModelSize()
    found = local_size(str(embedder_folder(options.model)))
    if options.student == STATIC:
        return ModelSize(parameters=found.vocabulary * found.hidden, hidden=found.hidden)
    if options.student.startswith(LAYERS) and found.layers:
        kept = int(options.student.removeprefix(LAYERS))
        words = found.vocabulary * found.hidden
        layers = (found.parameters - words) * kept // found.layers
        return replace(found, layers=kept, parameters=words + layers)
    return found


def _seconds(
    options: ContrastiveOptions, rows: int | None, texts: int, size: ModelSize
) -> float | None:
    """Return the seconds on a CPU, None where they are not known.

    Args:
        texts: of a row: query, target and hard negatives.
    """
    if rows is None:
        return None
    if options.student == STATIC:
        return _STARTS + _TEXT * texts * rows + _POINT * options.evaluations
    if not size.parameters:
        return None
    again = 4 / 3 if options.mini_batch is not None else 1.0  # GradCache encodes twice
    return _STARTS + again * texts * rows * (
        step_seconds(size, 1, _TOKENS) - step_seconds(size, 0, 0)
    )


def _memory(options: ContrastiveOptions, size: ModelSize, batch: int) -> Memory:
    """Return the bytes of a step: of token vectors weights, moments and gradients alone."""
    if options.student == STATIC:
        whole = 4 * size.parameters
        dense = 0 if options.sparse is not False else whole
        return Memory(weights=whole, optimiser=2 * whole, gradients=dense)
    if not size.parameters:
        return Memory()
    texts = 2 * (options.mini_batch or batch)
    return training_memory(
        size, options.settings, options.lora, texts=texts, length=_TOKENS, reference=False
    )
