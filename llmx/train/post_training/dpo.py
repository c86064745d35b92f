"""Stage `dpo`: direct preference optimisation by TRL's DPOTrainer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from llmx.core.stage import Memory
from llmx.engines.size import ModelSize
from llmx.train.course.memory import training_memory
from llmx.train.post_training.audit import Limit
from llmx.train.post_training.encoded import Encoded, encode_answered
from llmx.train.post_training.job import Job, adapter, configuration
from llmx.train.post_training.lengths import length_of, limit_of
from llmx.train.post_training.options import DpoOptions, TrainingOptions
from llmx.train.post_training.rows import TrainingRow
from llmx.train.post_training.stage import PostTraining

_PARTS = ("chosen", "rejected")


class DpoStage(PostTraining):
    """Rows: ``prompt`` (a text) or ``question`` (the chat template renders it), ``chosen`` and
    ``rejected``. The reference is the model that the training starts from, loaded from its folder
    a second time, or the same one without its adapter.
    """

    Options: ClassVar[type[TrainingOptions]] = DpoOptions
    kind: ClassVar[str] = "dpo"

    def texts(
        self, tokenizer: Any, rows: Sequence[TrainingRow], options: TrainingOptions
    ) -> list[Encoded]:
        """Both answers of each row, chosen first."""
        return [
            encode_answered(tokenizer, row, row.text(part), part) for row in rows for part in _PARTS
        ]

    def limit(self, options: TrainingOptions, context: int | None) -> Limit:
        """TRL's ``max_length`` and ``truncation_mode``; TRL does not ask for the positions."""
        return limit_of(self.kind, options.settings, context)

    def build(self, job: Job, texts: Sequence[Encoded]) -> Any:
        """Return a DPOTrainer; it renders and tokenises the rows itself."""
        from datasets import Dataset
        from trl import DPOTrainer

        return DPOTrainer(
            job.base.place,
            args=configuration(job),
            train_dataset=Dataset.from_list([_row(row) for row in job.rows]),
            processing_class=job.tokenizer,
            peft_config=adapter(job),
        )

    def fed(self, trainer: Any, count: int) -> list[tuple[tuple[int, ...], tuple[int, ...]]] | None:
        """Collate the trainer's first rows, and read each text without its padding."""
        if trainer.args.padding_free:
            return None
        rows = [trainer.train_dataset[place] for place in range((count + 1) // 2)]
        batch = trainer.data_collator(rows)
        texts = list(_unpadded(batch))
        pairs = zip(texts[: len(rows)], texts[len(rows) :], strict=True)
        return [text for pair in pairs for text in pair][:count]

    def memory(self, size: ModelSize, options: TrainingOptions) -> Memory:
        """A forward pass over both answers, beside the reference model."""
        settings = options.settings
        return training_memory(
            size,
            settings,
            options.lora,
            texts=2 * int(settings.get("per_device_train_batch_size", 8)),
            length=length_of(self.kind, settings, size),
            reference=not settings.get("precompute_ref_log_probs", False),
        )


def _row(row: TrainingRow) -> dict[str, Any]:
    answers = {part: row.text(part) for part in _PARTS}
    if isinstance(row.prompt, str):
        return {"prompt": row.prompt, **answers}
    turns = {p: [{"role": "assistant", "content": text}] for p, text in answers.items()}
    return {"prompt": row.prompt, **turns}


def _unpadded(batch: Any) -> Any:
    for ids, there, loss in zip(
        batch["input_ids"].tolist(),
        batch["attention_mask"].tolist(),
        batch["completion_mask"].tolist(),
        strict=True,
    ):
        kept = [place for place, seen in enumerate(there) if seen]
        yield tuple(ids[place] for place in kept), tuple(loss[place] for place in kept)
