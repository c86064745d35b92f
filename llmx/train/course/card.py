"""What a model is left with: a card, and weights that are numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from llmx.core.errors import RunError
from llmx.train.course.watch import STABLE


def framed(library: str, title: str, lines: Sequence[str], settings: Mapping[str, Any]) -> str:
    """Return a card of Markdown.

    Args:
        library: that loads the model, by the hub's name.
        lines: what is said of it.
        settings: of the training, for a table.
    """
    rows = [f"| `{name}` | `{value}` |" for name, value in sorted(settings.items())]
    head = ["---", f"library_name: {library}", "---", f"# {title}", ""]
    return "\n".join([*head, *lines, "", "| setting | value |", "| --- | --- |", *rows, ""])


def require_finite(model: Path, step: int) -> None:
    """Refuse a model that answers nothing: its last step broke it, after its last loss.

    Args:
        model: the folder with its weights, somewhere below.
        step: the last one.

    Raises:
        RunError: naming the first weight that is not finite.
    """
    from safetensors.torch import load_file

    for path in sorted(model.rglob("*.safetensors")):
        for name, weight in load_file(path).items():
            if not weight.isfinite().all():
                text = f"the training diverged: {name} is not finite at step {step}"
                raise RunError(text, STABLE)
