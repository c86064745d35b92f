"""Stage `train`: a Llama-architecture model from nothing, by the transformers Trainer.

Killed at any moment, the same command goes on from the newest whole checkpoint, with optimiser,
schedule, order of the rows and generator states as they were: the weights come out byte-equal.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from llmx.core.errors import ConfigError
from llmx.core.options import StageOptions
from llmx.core.progress import Progress
from llmx.core.registry import lookup
from llmx.core.spec import ShapeSpec, TrainerSpec
from llmx.core.stage import Cost, Memory, StageContext, StageInput, WritesRows
from llmx.engines.pair import ready_folder
from llmx.engines.pretrained import explained
from llmx.engines.size import ModelSize, local_folder, model_identity
from llmx.store.files import read_lines, sync_tree, write_json
from llmx.train.course.duration import on_cpu, supervised_seconds
from llmx.train.malloc import keep_freed_memory
from llmx.train.order import ByLength, follow

_ACCIDENTS = {"threads", "save_steps"}  # change the speed of a run, not what it means
_ORDER = 2  # of the rows: 1 was exact after a kill in the first pass only


class TrainOptions(StageOptions):
    """What stands in place of an arm's own settings."""

    base: str | None = Field(
        default=None,
        description="model to start from, with its tokenizer: a folder or zoo:NAME; "
        "of `shape` only the context is then read",
    )
    tokenizer: str | None = Field(
        default=None,
        description="a folder, or zoo:NAME, whose tokenizer is taken; null = of `base`, or of a "
        "stage among the needs",
    )
    shape: ShapeSpec | None = Field(default=None, description="null = the arm's `shape`")
    trainer: TrainerSpec | None = Field(default=None, description="null = the arm's `trainer`")
    seed: int | None = Field(default=None, description="null = the arm's `seed`")


class TrainStage:
    """Needs a corpus and a tokenizer; writes ``model/`` and ``training.json``.

    ``over: recipe`` needs ``shape`` and ``trainer``.
    """

    Options: ClassVar[type[StageOptions]] = TrainOptions
    kind: ClassVar[str] = "train"
    version: ClassVar[int] = 1
    timing: ClassVar[bool] = False

    def identity(self, given: StageInput) -> Mapping[str, Any]:
        """Shape, optimisation and seed.

        Trainings of several passes are apart from those of an order that a kill could change.

        Raises:
            ConfigError: if there is no such tokenizer, or one too many.
        """
        shape, trainer, seed = _specs(given)
        base, taken = given.read(TrainOptions).base, _taken_tokenizer(given)
        return {
            "shape": shape.model_dump(mode="json"),
            "trainer": trainer.model_dump(mode="json", exclude=_ACCIDENTS),
            "seed": seed,
            **({"base": model_identity(base, None)} if base else {}),
            **({"tokenizer": model_identity(taken, None)} if taken else {}),
            **({"order": _ORDER} if _several_passes(given, trainer) else {}),
        }

    def applies(self, given: StageInput) -> bool:
        """Always."""
        return True

    def plan(self, given: StageInput) -> Cost:
        """Parameters, and memory for weights, gradients and both AdamW moments in fp32."""
        shape, trainer, _ = _specs(given)
        layer = 4 * shape.hidden**2 + 3 * shape.hidden * shape.intermediate
        size = shape.layers * layer
        seconds = supervised_seconds(
            ModelSize(parameters=size), trainer.steps, trainer.batch_size, shape.context
        )
        return Cost(
            samples=trainer.steps * trainer.batch_size,
            seconds=seconds if on_cpu(given) else None,
            memory=Memory(weights=4 * size, optimiser=12 * size),
            notes=(f"{size / 1e6:.1f} M parameters without the embedding",),
        )

    def run(self, context: StageContext) -> None:
        """Train, or go on training."""
        import torch
        from transformers.utils.logging import disable_progress_bar

        if (context.out / "training.json").exists():  # a kill while the checkpoints were deleted
            shutil.rmtree(context.out / "checkpoints", ignore_errors=True)
            return
        shape, spec, _ = _specs(context.given)
        torch.set_num_threads(spec.threads)
        keep_freed_memory()
        disable_progress_bar()  # the run has a bar of its own
        tokenizer = _load_tokenizer(context)
        examples = _examples(context, tokenizer, shape.context)
        trainer = _build_trainer(context, tokenizer, examples)
        checkpoint = newest_checkpoint(context.out / "checkpoints")
        done = int(checkpoint.name.rpartition("-")[2]) if checkpoint else 0
        context.progress.start(spec.steps, done=done, unit="steps")
        _fit(trainer, checkpoint, left=spec.steps - done)
        trainer.save_model(str(context.out / "model"))
        (context.out / "model/training_args.bin").unlink(
            missing_ok=True
        )  # names this machine's places
        tokenizer.save_pretrained(context.out / "model")
        sync_tree(context.out / "model")  # before the checkpoints, its only copy, may go
        write_json(context.out / "training.json", _summary(trainer, len(examples)))
        shutil.rmtree(context.out / "checkpoints")


def _fit(trainer: Any, checkpoint: Path | None, left: int) -> None:
    """Train what is left; from its last checkpoint the Trainer would take one step too many."""
    from transformers.trainer_callback import TrainerState

    place = str(checkpoint) if checkpoint else None
    if left > 0 or checkpoint is None:
        trainer.train(resume_from_checkpoint=place)
        return
    trainer._load_from_checkpoint(place)
    trainer.state = TrainerState.load_from_json(str(checkpoint / "trainer_state.json"))


def _specs(given: StageInput) -> tuple[ShapeSpec, TrainerSpec, int]:
    options = given.read(TrainOptions)
    arm = next(iter(given.arms.values())) if given.stage.options else given.arm
    shape, trainer = options.shape or arm.shape, options.trainer or arm.trainer
    if shape is None or trainer is None:
        raise ConfigError("stage kind 'train' needs a shape and a trainer", "add shape=… trainer=…")
    return shape, trainer, arm.seed if options.seed is None else options.seed


def _taken_tokenizer(given: StageInput) -> str | None:
    options, where = given.read(TrainOptions), f"stages.{given.stage.name}"
    if options.tokenizer is None:
        return None
    if options.base is not None:
        raise ConfigError(
            f"{where}.tokenizer: base={options.base} has its own", f"{where}.tokenizer=null"
        )
    if local_folder(options.tokenizer) is None:
        raise ConfigError(f"{where}.tokenizer is {options.tokenizer!r}", "a folder, or zoo:NAME")
    return options.tokenizer


def _several_passes(given: StageInput, trainer: TrainerSpec) -> bool:
    """Whether the training goes on after its first pass over the rows, as far as the plan knows.

    Rows that a stage or the context leaves out make passes shorter than the plan can know.
    """
    rows = _most_rows(given)
    return rows is not None and trainer.steps > -(-rows // trainer.batch_size)


def _most_rows(given: StageInput) -> int | None:
    """Return how long ``train.jsonl`` may become; None where no stage of the recipe says so."""
    for need in (given.stages[name] for name in given.stage.needs if name in given.stages):
        stage = lookup("stage", need.kind)()
        if isinstance(stage, WritesRows):
            return stage.most_rows(replace(given, stage=need))
    return None


def _need(context: StageContext, file: str) -> Path:
    for folder in context.inputs.values():
        if (folder / file).exists():
            return folder
    raise ConfigError(f"stage '{context.given.stage.name}' needs a stage that writes {file}")


def _load_tokenizer(context: StageContext) -> Any:
    from llmx.engines.pretrained import tokenizer

    folder = _named(context, "tokenizer") or _base(context) or _need(context, "tokenizer.json")
    with explained(str(folder)):
        return tokenizer(str(folder))


def _base(context: StageContext) -> Path | None:
    """Return the folder of the model to go on from."""
    return _named(context, "base")


def _named(context: StageContext, option: str) -> Path | None:
    """Return the folder of the model that an option names.

    Raises:
        ConfigError: if it is not on this machine.
    """
    name: str | None = getattr(context.given.read(TrainOptions), option)
    folder = ready_folder(name, None, context.inputs) if name else None
    if name and folder is None:
        raise ConfigError(
            f"stage option {option}={name} is no folder here", "a folder, or zoo:NAME"
        )
    return folder


def _examples(context: StageContext, tokenizer: Any, longest: int) -> list[dict[str, list[int]]]:
    from llmx.train.examples import encode_corpus

    context.progress.note("encoding the corpus")
    return encode_corpus(
        tokenizer, read_lines(_need(context, "train.jsonl") / "train.jsonl"), longest
    )


def _start(base: Path | None, shape: ShapeSpec, tokenizer: Any, seed: int, bf16: bool) -> Any:
    """Return the model to train: a new one, or `base` with room for `shape.context` positions."""
    if base is None:
        return build_model(shape, tokenizer, seed, bf16)
    import torch

    from llmx.engines.pretrained import causal_model

    torch.manual_seed(seed)
    with explained(str(base)):
        model = causal_model(str(base), dtype=torch.float32, attn_implementation=_attention(bf16))
    model.config.max_position_embeddings = shape.context
    return model


def _attention(bf16: bool) -> str:
    """Return what is fast: fused attention, but for bfloat16 on a CPU."""
    import torch

    return "eager" if bf16 and not torch.cuda.is_available() else "sdpa"


def build_model(shape: ShapeSpec, tokenizer: Any, seed: int, bf16: bool = True) -> Any:
    """Return a freshly initialised ``LlamaForCausalLM`` (tied embeddings, fp32)."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(seed)
    heads = shape.hidden // shape.head_dim
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=shape.hidden,
        intermediate_size=shape.intermediate,
        num_hidden_layers=shape.layers,
        num_attention_heads=heads,
        num_key_value_heads=heads,
        max_position_embeddings=shape.context,
        tie_word_embeddings=True,
        initializer_range=0.02,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        attn_implementation=_attention(bf16),
    )
    return LlamaForCausalLM(config)


def _arguments(spec: TrainerSpec, out: Path, seed: int) -> Any:
    import torch
    from transformers import TrainingArguments

    return TrainingArguments(
        output_dir=str(out / "checkpoints"),
        max_steps=spec.steps,
        per_device_train_batch_size=spec.batch_size,
        learning_rate=spec.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=spec.warmup_steps,
        weight_decay=spec.weight_decay,
        adam_beta2=0.98,
        max_grad_norm=1.0,
        bf16=spec.bf16,
        use_cpu=not torch.cuda.is_available(),
        save_steps=spec.save_steps,
        save_total_limit=2,
        logging_steps=50,
        seed=seed,
        report_to=[],
        disable_tqdm=True,
        remove_unused_columns=False,
        dataloader_pin_memory=False,
    )


def _build_trainer(context: StageContext, tokenizer: Any, examples: Any) -> Any:
    from transformers import Trainer
    from transformers.trainer_callback import PrinterCallback

    from llmx.train.examples import pad_batch

    shape, spec, seed = _specs(context.given)
    trainer = Trainer(
        model=_start(_base(context), shape, tokenizer, seed, spec.bf16),
        args=_arguments(spec, context.out, seed),
        train_dataset=examples,
        data_collator=partial(pad_batch, tokenizer.pad_token_id),
        callbacks=[_report_to(context.progress)],
    )
    trainer.remove_callback(PrinterCallback)
    lengths = [len(example["input_ids"]) for example in examples]
    follow(trainer, ByLength(lengths, spec.batch_size, seed))
    return trainer


def _report_to(progress: Progress) -> Any:
    from transformers import TrainerCallback

    class _Report(TrainerCallback):  # type: ignore[misc]
        def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            progress.advance()

        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
            if logs and "loss" in logs:
                progress.note(f"loss {float(logs['loss']):.3f}")

    return _Report()


def newest_checkpoint(folder: Path) -> Path | None:
    """Return the newest checkpoint that was written whole.

    The Trainer writes ``trainer_state.json`` last, so a checkpoint that a kill cut short has none.
    """
    whole = [path.parent for path in folder.glob("checkpoint-*/trainer_state.json")]
    return max(whole, key=lambda path: int(path.name.rpartition("-")[2]), default=None)


def _summary(trainer: Any, examples: int) -> dict[str, Any]:
    return {
        "examples": examples,
        "steps": trainer.state.global_step,
        "parameters": sum(p.numel() for p in trainer.model.parameters()),
        "curve": [
            {"step": row["step"], "loss": row["loss"]}
            for row in trainer.state.log_history
            if "loss" in row
        ],
    }
