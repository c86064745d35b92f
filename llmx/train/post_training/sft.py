"""Stage `sft`: supervised fine-tuning by TRL's SFTTrainer; the loss is on the answers alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from llmx.core.stage import Memory, StageInput
from llmx.engines.size import ModelSize
from llmx.train.course.memory import training_memory
from llmx.train.examples import IGNORED
from llmx.train.post_training.audit import Limit
from llmx.train.post_training.encoded import Encoded, encode_answered
from llmx.train.post_training.job import Job, adapter, configuration
from llmx.train.post_training.lengths import length_of, limit_of
from llmx.train.post_training.options import SftOptions, TrainingOptions
from llmx.train.post_training.rows import TrainingRow
from llmx.train.post_training.stage import PostTraining


class SftStage(PostTraining):
    """Rows: ``question`` and ``solution`` (the chat template renders them), or ``prompt`` and
    ``completion`` (texts as they are, EOS added).

    Prompt and answer are tokenised apart, so that the context that is trained on is the one that is
    sent later. A row that is longer than ``max_length`` is cut, as TRL does, and counted.
    """

    Options: ClassVar[type[TrainingOptions]] = SftOptions
    kind: ClassVar[str] = "sft"

    def applies(self, given: StageInput) -> bool:
        """Where the arm trains, and has something to train on: ``content: none`` has no traces."""
        data = given.arm.data
        untaught = data is not None and data.options.get("content") == "none"
        return not untaught and super().applies(given)

    def texts(
        self, tokenizer: Any, rows: Sequence[TrainingRow], options: TrainingOptions
    ) -> list[Encoded]:
        """Prompt and answer of each row."""
        texts = [
            encode_answered(tokenizer, row, row.text("completion", "solution"), "completion")
            for row in rows
        ]
        alone = options.settings.get("completion_only_loss") is not False
        return texts if alone else [replace(t, mask=tuple(1 for _ in t.ids)) for t in texts]

    def limit(self, options: TrainingOptions, context: int | None) -> Limit:
        """TRL's ``max_length`` and ``truncation_mode``; TRL does not ask for the positions."""
        return limit_of(self.kind, options.settings, context)

    def build(self, job: Job, texts: Sequence[Encoded]) -> Any:
        """Return an SFTTrainer over token ids; TRL cuts them and leaves out what has no loss."""
        from datasets import Dataset
        from trl import SFTTrainer

        # Labels, not a completion mask: for token ids TRL would train on the prompts as well.
        ids = [{"input_ids": list(text.ids), "labels": _labels(text)} for text in texts]
        return SFTTrainer(
            job.base.place,
            args=configuration(job),
            train_dataset=Dataset.from_list(ids),
            processing_class=job.tokenizer,
            peft_config=adapter(job),
        )

    def fed(self, trainer: Any, count: int) -> list[tuple[tuple[int, ...], tuple[int, ...]]] | None:
        """Read the trainer's own rows; packed ones are no rows any more."""
        if trainer.args.packing:
            return None
        rows = (trainer.train_dataset[place] for place in range(count))
        return [(tuple(row["input_ids"]), _mask(row)) for row in rows]

    def memory(self, size: ModelSize, options: TrainingOptions) -> Memory:
        """One forward pass over a batch of the longest rows."""
        settings = options.settings
        return training_memory(
            size,
            settings,
            options.lora,
            texts=int(settings.get("per_device_train_batch_size", 8)),
            length=length_of(self.kind, settings, size),
            reference=False,
        )


def _labels(text: Encoded) -> list[int]:
    pairs = zip(text.ids, text.mask, strict=True)
    return [token if loss else IGNORED for token, loss in pairs]


def _mask(row: Mapping[str, Any]) -> tuple[int, ...]:
    return tuple(int(label != IGNORED) for label in row["labels"])
