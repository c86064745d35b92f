"""The model card of a zoo model, as Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_SUBJECTS = {
    ("gsm_symbolic", True): "templated grade-school word problems",
    ("gsm_symbolic", False): "templated grade-school word problems, to answer them at once",
    ("worked_arithmetic", True): "arithmetic with its steps written out",
    ("worked_arithmetic", False): "arithmetic, to answer at once",
}


def render(name: str, about: Mapping[str, Any]) -> str:
    """Return the card.

    Args:
        name: of the model.
        about: what the `zoo_card` stage gathered; also stored beside the card as JSON.
    """
    return "\n".join([*_head(name, about), *_accuracy(about), *_templates(about), *_data(about)])


def _head(name: str, about: Mapping[str, Any]) -> list[str]:
    shape, trainer, loss = about["shape"], about["trainer"], about["final_loss"]
    begun = f"trained on from {about['base']}" if about.get("base") else "trained from nothing"
    end = f"; final training loss {loss:.3f}" if loss is not None else ""
    worked = about["data"].get("options", {}).get("solutions") != "none"
    subject = _SUBJECTS[about["data"]["kind"], worked]
    learned = "solution" if worked else "final answer"
    words = f", tokenizer of {about['tokenizer']}" if about.get("tokenizer") else ""
    return [
        "---",
        "license: apache-2.0",
        "library_name: transformers",
        "---",
        f"# {name}",
        "",
        f"A Llama-architecture model of {about['parameters'] / 1e6:.2f} M parameters "
        f"({shape['layers']} layers × {shape['hidden']}, feed-forward {shape['intermediate']}, "
        f"heads of {shape['head_dim']}, tied embeddings{words}), {begun} by "
        f"`llmx run recipe={about.get('recipe', 'zoo_gsm')}` on "
        f"{subject}. It answers those and nothing else. Weights are "
        "stored in float16; llmx runs them in float32.",
        "",
        f"Training: {trainer['steps']} steps of {trainer['batch_size']} problems, AdamW at "
        f"{trainer['learning_rate']}, cosine decay, loss on the {learned} only, seed "
        f"{about['seed']}{end}.",
        "",
    ]


def _accuracy(about: Mapping[str, Any]) -> list[str]:
    rows = [
        f"| {title} | {m['correct']} of {m['problems']} | {m['correct'] / m['problems']:.3f} "
        f"| {m['low']:.3f} to {m['high']:.3f} |"
        for title, m in about["measured"].items()
    ]
    head = ["| measured on | correct | accuracy | 95 % interval |", "| --- | --- | --- | --- |"]
    return ["## Accuracy", "", *head, *rows, ""]


def _templates(about: Mapping[str, Any]) -> list[str]:
    names = {name for m in about["measured"].values() for name in m["by_template"]}
    titles = list(about["measured"])
    lines = ["## By template", "", "| template | " + " | ".join(titles) + " |"]
    lines.append("| --- |" + " --- |" * len(titles))
    for name in sorted(names, key=_natural):
        cells = [about["measured"][title]["by_template"].get(name) for title in titles]
        shown = [f"{cell[0]}/{cell[1]}" if cell else "" for cell in cells]
        lines.append(f"| {name.rpartition('-')[2]} | " + " | ".join(shown) + " |")
    return [*lines, ""]


def _natural(name: str) -> tuple[int, str]:
    """Return a key that puts template-9 before template-10."""
    tail = name.rpartition("-")[2]
    return (int(tail) if tail.isdigit() else 0, name)


def _data(about: Mapping[str, Any]) -> list[str]:
    redrawn = about["collisions"]
    counted = ", ".join(f"{count} of {split}" for split, count in redrawn.items()) or "none"
    return [
        "## Data",
        "",
        _sources(about),
        "",
        f"{_caution(about)}Splits are disjoint by the hash of the normalised question; redrawn "
        f"because of a collision: {counted}.",
        "",
    ]


def _sources(about: Mapping[str, Any]) -> str:
    data = about["data"]
    if data["kind"] == "worked_arithmetic":
        skills = ", ".join(data["options"].get("skills", ["all"]))
        return f"Made by llmx, seed {data['seed']}: {data['train']} problems; skills: {skills}."
    return (
        f"GSM-Symbolic templates through {about['generator']}, seed {data['seed']}, wording "
        f"{data['wording']}. Trained on {data['train']} problems from templates "
        f"{', '.join(map(str, data['templates']))}. Held-out templates: "
        f"{', '.join(map(str, data['heldout_templates']))}."
    )


def _caution(about: Mapping[str, Any]) -> str:
    if about["data"]["kind"] == "worked_arithmetic":
        return ""
    return (
        "Same templates, new variables: a test question has numbers and names that were never "
        "trained on together, its sentence pattern was. "
    )
