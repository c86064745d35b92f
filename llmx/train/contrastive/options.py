"""The options of a contrastive training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator

from llmx.core.errors import ConfigError
from llmx.core.options import Count, InputModel, wrong
from llmx.engines.embed.vision import VISION
from llmx.train.contrastive.students import LAYERS, STATIC, WHOLE, WORDS, check_student
from llmx.train.course.fields import ARGUMENTS, Source
from llmx.train.course.options import CourseOptions

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


class ContrastiveOptions(CourseOptions):
    """The student, the loss, what is masked, and how often it is evaluated."""

    sources: ClassVar[tuple[Source, ...]] = SOURCES
    reserved: ClassVar[Mapping[str, str]] = RESERVED
    usual: ClassVar[Mapping[str, Any]] = USUAL

    settings: dict[str, Any] = Field(
        default={}, description="SentenceTransformerTrainingArguments, by their names"
    )
    lora: dict[str, Any] | None = Field(
        default=None, description="peft's LoraConfig, of student: whole; null = all weights"
    )
    model: InputModel = Field(
        default=WORDS,
        description="start: `words` or `vision` from nothing; a folder, package:NAME, stage:NAME"
        " or OWNER/NAME[@COMMIT]",
    )
    student: str = Field(
        default=STATIC,
        description="`static` = token vectors, averaged; `layers:N` = the first N layers; `whole`",
        examples=["layers:2"],
    )
    dimension: Count = Field(default=256, description="of the vectors of model=words")
    pixels: Count | None = Field(
        default=None, description="of a picture, at most; null = as the model's settings say"
    )
    sparse: bool | None = Field(
        default=None,
        description="of student: static: gradients of the batch's tokens; null = where it can",
    )
    temperature: float = Field(default=0.02, gt=0, description="of the loss")
    mini_batch: Count | None = Field(
        default=None, description="rows that are encoded at once (GradCache); null = all"
    )
    mask: tuple[Literal["equal_target", "leaked", "teacher_margin"], ...] = Field(
        default=(), description="targets of the batch that are no negatives of a query"
    )
    annotated: int = Field(
        default=0,
        ge=0,
        description="of the wrong texts that pairs bring: so many are negatives of the whole batch",
    )
    leaked_ranks: Count = Field(
        default=30, description="of mask leaked: first ranks of a query, of a need of kind rank"
    )
    margin: float = Field(
        default=0.0,
        description="of mask teacher_margin: how much farther than its own a negative must be",
    )
    split: Literal["train", "calibration", "test"] = Field(default="train", description="of rows")
    query_prompt: str = Field(default="", description="stands before each query")
    target_prompt: str = Field(default="", description="stands before each target")
    evaluations: int = Field(
        default=9,
        ge=0,
        description="points of evaluation, the first before training",
    )
    evaluation_splits: tuple[Literal["calibration", "test"], ...] = Field(
        default=("test",), description="whose queries are searched for at each point"
    )
    evaluation_queries: Count | None = Field(
        default=None, description="first queries of a split and dataset; null = all"
    )

    @field_validator("student")
    @classmethod
    def _student(cls, found: str) -> str:
        try:
            return check_student(found)
        except ConfigError as error:
            raise wrong(error.message, error.hint) from error

    def check(self) -> None:
        """Refuse options that exclude each other.

        Raises:
            ConfigError: naming both.
        """
        if self.annotated and "teacher_margin" in self.mask:
            text = "annotated: wrong texts have no vectors of the teacher, which mask"
            raise ConfigError(f"{text} teacher_margin reads", "annotated: 0, or another mask")
        if self.lora is not None and self.student != WHOLE:
            raise ConfigError("a lora adapts a whole encoder", "student: whole, or lora: null")
        if self.mini_batch is not None and self.student == STATIC:
            text = "mini_batch is for encoders: token vectors are no batch that can be parted"
            raise ConfigError(text, "mini_batch: null; a static student takes little memory")
        if self.model == VISION and self.student != WHOLE:
            raise ConfigError("model=vision is no table of token vectors", "student: whole")
        if self.model == WORDS and self.student != STATIC:
            text = f"student={self.student} needs an encoder, and model=words is none"
            raise ConfigError(text, f"model=FOLDER; `{LAYERS}N` are its first layers")
