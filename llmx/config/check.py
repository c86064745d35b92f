"""Check one recipe wholly: the file, then every scale of it with every arm."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from llmx.config.compose import compose, load
from llmx.config.problems import Problems
from llmx.core.errors import ConfigError


def validate(recipe: str, extra_paths: Sequence[Path | str] = ()) -> list[str]:
    """Return the scales that compose.

    Raises:
        ConfigError: naming every problem of every scale at once.
    """
    mount = load(recipe, extra_paths)
    problems = Problems()
    scales = sorted({*mount.choices("scale"), *mount.recipe.scales})
    for scale in scales:
        try:
            compose(recipe, scale=scale, extra_paths=extra_paths)
        except ConfigError as error:
            problems.take(error)
    problems.raise_any()
    return scales
