"""Stage `answers`: problems with their answers in the asked form, for tasks without traces."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from llmx.core.options import NoOptions, StageOptions
from llmx.core.record import Sample
from llmx.core.stage import Cost, StageContext, StageInput
from llmx.data import evaluation_identity
from llmx.data.tasks.dataset import ReasoningTask, drawn_up_to, split_size
from llmx.data.tasks.readers import require_chat
from llmx.data.tasks.stage import asked_data
from llmx.data.tasks.tags import ANSWER, ANSWERED, THINK, THOUGHT
from llmx.data.tasks.tasks import SECONDS
from llmx.store.files import write_lines


class AnswersStage:
    """Writes ``train.jsonl`` (``data.options.sft`` problems), test and validation.

    What is thought is the answer itself, so a model that is trained on these learns the form and
    what answers look like, and nothing of the way to them. For models trained from nothing.
    """

    Options: ClassVar[type[StageOptions]] = NoOptions
    kind: ClassVar[str] = "answers"
    version: ClassVar[int] = 1
    timing: ClassVar[bool] = False

    def identity(self, given: StageInput) -> Mapping[str, Any]:
        """The problems.

        Raises:
            ConfigError: for other data than puzzles, arms that differ, or a raw wrapper.
        """
        spec = asked_data(given)
        require_chat(given, "data.options.wrapper=chat")
        return {"data": evaluation_identity(spec, "sft")}

    def applies(self, given: StageInput) -> bool:
        """Always."""
        return True

    def plan(self, given: StageInput) -> Cost:
        """By the time that a problem of the kind takes on one core."""
        spec = asked_data(given)
        seconds = drawn_up_to(spec, "sft") * SECONDS[spec.kind]
        return Cost(samples=split_size(spec, "sft"), seconds=seconds)

    def most_rows(self, given: StageInput) -> int:
        """Return the problems that are asked for."""
        return split_size(asked_data(given), "sft")

    def run(self, context: StageContext) -> None:
        """Draw the problems and write them."""
        spec = asked_data(context.given)
        dataset = ReasoningTask(spec)
        for split, file in (("test", "test"), ("validation", "validation"), ("sft", "train")):
            rows = [_row(spec.kind, sample) for sample in dataset.split(split)]
            write_lines(context.out / f"{file}.jsonl", rows)


def _row(kind: str, sample: Sample) -> dict[str, Any]:
    told = f"{THINK}\n{sample.answer}\n{THOUGHT}\n{ANSWER}{sample.answer}{ANSWERED}"
    return {
        "id": sample.id,
        "question": sample.question,
        "solution": told,
        "answer": sample.answer,
        "cluster": sample.cluster,
        "task": kind,
    }
