"""The settings of a contrastive training: which classes name them, and which cannot be set."""

from __future__ import annotations

from typing import Any

from llmx.train.course.fields import ARGUMENTS, Source

SOURCES: tuple[Source, ...] = (
    ARGUMENTS,
    ("sentence_transformers", "base/training_args.py", "BaseTrainingArguments"),
)
_PLAN = "the plan says which rows share a batch: stages.batches.size"
_POINTS = "write evaluations: N"
RESERVED: dict[str, str] = {
    "per_device_train_batch_size": "a batch is that of the plan: stages.batches.size",
    "gradient_accumulation_steps": "it adds no negatives, as each part is a batch of its own;"
    " mini_batch: N encodes a large batch in parts of N rows (GradCache)",
    **dict.fromkeys(("batch_sampler", "multi_dataset_batch_sampler"), _PLAN),
    **dict.fromkeys(("dataloader_drop_last", "train_sampling_strategy"), _PLAN),
    "prompts": "write query_prompt and target_prompt",
    **dict.fromkeys(("router_mapping", "learning_rate_mapping"), "a student has one part"),
    "model_init_kwargs": "the stage loads the model",
    "per_device_eval_batch_size": "the stage evaluates by searching",
    **dict.fromkeys(("eval_strategy", "eval_on_start"), _POINTS),
    **dict.fromkeys(("eval_steps", "eval_delay"), _POINTS),
}
USUAL: dict[str, Any] = {"logging_steps": 20, "save_steps": 500}
"""Steps are short: a point of the curve for each, or a checkpoint often, would take longer."""
