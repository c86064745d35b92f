"""The card of a trained model, as Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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
    settings = [f"| `{name}` | `{value}` |" for name, value in sorted(about["settings"].items())]
    return "\n".join([
        "---",
        "library_name: transformers",
        "---",
        f"# Trained by {_METHODS.get(about['kind'], about['kind'])}",
        "",
        f"{about['steps']} steps from `{parent['name']}` ({known}) on {rows['count']} rows"
        f" ({rows['hash']}), seed {about['seed']}. At the end: {ends or 'nothing was logged'}.",
        *([f"Rewards: {', '.join(about['rewards'])}."] if about["rewards"] else []),
        *([f"LoRA, merged into the weights: `{about['lora']}`."] if about["lora"] else []),
        "",
        f"Weights: {made['result']['content']}. Chat template: {made['template']}.",
        "",
        "| setting | value |",
        "| --- | --- |",
        *settings,
        "",
    ])  # fmt: skip
