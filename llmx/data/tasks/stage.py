"""Stage `prompts`: problems to learn from by reward, with the raw prompt that is sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from llmx.core.errors import ConfigError
from llmx.core.options import NoOptions, StageOptions
from llmx.core.record import Sample, as_json
from llmx.core.spec import DataSpec
from llmx.core.stage import Cost, StageContext, StageInput
from llmx.data import identity
from llmx.data.tasks.dataset import ReasoningTask, drawn_up_to
from llmx.data.tasks.options import sent_wrapper, wrap
from llmx.data.tasks.tasks import SECONDS, TASKS
from llmx.store.files import write_json, write_lines

_WRITTEN = ("test", "validation", "train")


class PromptsStage:
    """Writes ``train.jsonl`` (problems of reinforcement learning), test and validation.

    Rows are samples; with ``data.options.wrapper`` other than `chat` they have a ``prompt`` too,
    which is sent as it is. With `chat` the stage `corpus` writes the same problems.
    """

    Options: ClassVar[type[StageOptions]] = NoOptions
    kind: ClassVar[str] = "prompts"
    version: ClassVar[int] = 1
    timing: ClassVar[bool] = False

    def identity(self, given: StageInput) -> Mapping[str, Any]:
        """The problems, and what is put around a question.

        Raises:
            ConfigError: for an unknown option, other data, or arms that differ.
        """
        spec = asked_prompts(given)
        return {"data": identity(spec), "wrapper": sent_wrapper(spec)}

    def applies(self, given: StageInput) -> bool:
        """Always."""
        return True

    def plan(self, given: StageInput) -> Cost:
        """By the time that a problem of the kind takes on one core."""
        spec = asked_prompts(given)
        return Cost(samples=spec.train, seconds=drawn_up_to(spec, "train") * SECONDS[spec.kind])

    def most_rows(self, given: StageInput) -> int:
        """Return the problems that are asked for."""
        return asked_prompts(given).train

    def run(self, context: StageContext) -> None:
        """Draw and write every split that prompts are needed of."""
        spec, wrapper = asked_prompts(context.given), context.identity["wrapper"]
        dataset = ReasoningTask(spec)
        context.progress.start(len(_WRITTEN), unit="splits")
        for split in _WRITTEN:
            rows = (_row(spec.kind, sample, wrapper) for sample in dataset.split(split))
            write_lines(context.out / f"{split}.jsonl", rows)
            context.progress.advance()
        write_json(
            context.out / "prompts.json", {"collisions": dataset.collisions, **context.identity}
        )


def _row(kind: str, sample: Sample, wrapper: str) -> dict[str, Any]:
    prompt = wrap(kind, sample.question, wrapper)
    return {**as_json(sample), "task": kind, **({} if prompt is None else {"prompt": prompt})}


def asked_prompts(given: StageInput) -> DataSpec:
    """Return the data of all arms that the stage covers, which ask for the same prompts."""
    given.read(NoOptions)
    return _one(given, lambda spec: (identity(spec), sent_wrapper(spec)))


def asked_data(given: StageInput) -> DataSpec:
    """Return the data of all arms that the stage covers, which ask for the same problems.

    Raises:
        ConfigError: for other data than puzzles, or arms that differ.
    """
    return _one(given, identity)


def _one(given: StageInput, asks: Callable[[DataSpec], Any]) -> DataSpec:
    stage = given.stage
    specs = [arm.data for arm in given.arms.values() if arm.data is not None]
    if not specs or any(spec.kind not in TASKS for spec in specs):
        raise ConfigError(f"stage '{stage.name}' needs reasoning puzzles", "add data=countdown")
    if any(asks(spec) != asks(specs[0]) for spec in specs):
        raise ConfigError(
            f"stage '{stage.name}' writes one set of prompts and the arms ask for several",
            "make it over: arm",
        )
    return specs[0]
