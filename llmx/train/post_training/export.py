"""From the last checkpoint to ``model/``, ``training.json`` and a card."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from llmx.core.errors import RunError
from llmx.engines.derived import tidy_tokenizer
from llmx.engines.size import content_hash
from llmx.store.files import read_json, sync_tree, write_json
from llmx.store.fingerprint import fingerprint
from llmx.store.page import write_marked
from llmx.train.batch_reward import FILE as STATES
from llmx.train.course.card import framed, require_finite
from llmx.train.course.checkpoints import Checkpoint
from llmx.train.course.fit import ABOUT
from llmx.train.course.watch import curve
from llmx.train.post_training.audit import Audited
from llmx.train.post_training.job import Job
from llmx.train.post_training.rows import row_hashes
from llmx.train.reward import rewards_identity

_METHODS = {
    "sft": "supervised fine-tuning",
    "dpo": "direct preference optimisation",
    "grpo": "group relative policy optimisation",
    "rloo": "REINFORCE with a leave-one-out baseline",
}


def card(about: Mapping[str, Any]) -> str:
    """Return the card; `about` is the content of ``training.json``."""
    made = about["provenance"]
    parent, rows = made["parent"], made["rows"]
    known = parent.get("content") or parent.get("revision") or "unknown"
    last = about["curve"][-1] if about["curve"] else {}
    ends = ", ".join(f"{n} {last[n]:.4g}" for n in ("loss", "reward", "length") if n in last)
    lines = [
        f"{about['steps']} steps from `{parent['name']}` ({known}) on {rows['count']} rows"
        f" ({rows['hash']}), seed {about['seed']}. At the end: {ends or 'nothing was logged'}.",
        *([f"Rewards: {', '.join(about['rewards'])}."] if about["rewards"] else []),
        *([f"LoRA, merged into the weights: `{about['lora']}`."] if about["lora"] else []),
        "",
        f"Weights: {made['result']['content']}. Chat template: {made['template']}.",
    ]
    title = f"Trained by {_METHODS.get(about['kind'], about['kind'])}"
    return framed("transformers", title, lines, about["settings"])


# What a checkpoint holds beside the model: states, and files that name places of this machine.
_NOT_MODEL = {"trainer_state.json", "whole.json", "training_args.bin", "README.md", STATES}
_NOT_MODEL_SUFFIX = {".pt", ".pth", ".bin"}


def export(
    job: Job,
    audited: Audited,
    last: Checkpoint,
    complete: Callable[[Job, Path], None] = lambda job, model: None,
) -> None:
    """Write everything that the stage leaves; doing it twice gives the same files.

    Args:
        complete: adds to ``model/`` what the trainer does not save.

    Raises:
        RunError: if the checkpoint has no whole weights, or one that is not finite.
    """
    model = job.out / "model"
    shutil.rmtree(model, ignore_errors=True)
    if job.options.lora is None:
        _copy(last.path, model)
    else:
        _copy(last.path, job.out / "adapter")
        _merge(job, last.path, model)
    complete(job, model)
    require_finite(model, last.step)
    hashes = row_hashes(job.rows)
    write_json(job.out / "rows.json", hashes)
    about = _about(job, audited, last, hashes)
    write_marked(model / "README.md", card(about))
    sync_tree(job.out)
    write_json(job.out / ABOUT, about)  # last: with it, all is there


def _copy(checkpoint: Path, to: Path) -> None:
    to.mkdir(exist_ok=True)
    for path in checkpoint.iterdir():
        if path.is_file() and path.name not in _NOT_MODEL and path.suffix not in _NOT_MODEL_SUFFIX:
            shutil.copyfile(path, to / path.name)
    if (to / "tokenizer_config.json").exists():
        tidy_tokenizer(to / "tokenizer_config.json")
    if (to / "config.json").exists():  # the Trainer switched the cache off, for training alone
        write_json(to / "config.json", {**read_json(to / "config.json"), "use_cache": True})
    if not list(to.glob("*.safetensors")):
        raise RunError(
            f"{checkpoint} holds no whole weights",
            "with FSDP or DeepSpeed ask for full weights: fsdp_state_dict_type: FULL_STATE_DICT,"
            " zero3_save_16bit_model: true",
        )


def _merge(job: Job, checkpoint: Path, to: Path) -> None:
    """Add the adapter to the model that it was trained on, so that every engine loads it."""
    import torch

    from llmx.engines.pretrained import causal_model, with_adapter

    base = causal_model(job.base.place, job.base.revision, dtype=torch.float32)
    merged = with_adapter(base, checkpoint).merge_and_unload()
    merged.save_pretrained(to)
    job.tokenizer.save_pretrained(to)
    tidy_tokenizer(to / "tokenizer_config.json")


def _about(job: Job, audited: Audited, last: Checkpoint, hashes: Sequence[str]) -> dict[str, Any]:
    state = read_json(last.path / "trainer_state.json")
    return {
        "kind": job.kind,
        "steps": last.step,
        "epochs": state["epoch"],
        "seed": job.context.given.arm.seed,
        "settings": dict(job.settings),
        "lora": job.options.lora,
        "rewards": rewards_identity(job.options.rewards),
        "curve": curve(state["log_history"]),
        "provenance": {
            "rows": {"count": len(hashes), "hash": fingerprint(hashes), "each": "rows.json"},
            "mask": audited.mask_statistics(),
            "template": fingerprint(getattr(job.tokenizer, "chat_template", None)),
            "parent": job.base.provenance(),
            "result": {"content": content_hash(job.out / "model")},
        },
    }
