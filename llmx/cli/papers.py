"""What is known of a paper: its published figures, and the recipes that test it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from llmx.config import index, places
from llmx.config.compose import compose
from llmx.config.yaml_file import read, shown
from llmx.core.errors import ConfigError, nearest
from llmx.core.spec import RunSpec
from llmx.report.paper import Paper, load_paper

OFFERED = ("laptop", "desk")
"""Scales whose cost is told where no run is stored."""


def find(name: str, extra: Sequence[Path | str] = ()) -> Paper:
    """Return what is published.

    Raises:
        ConfigError: if nothing is known of such a paper, or its file has a problem.
    """
    known = places.claim_files(places.roots(extra))
    if name not in known:
        raise ConfigError(f"there is no paper '{name}'", nearest(name, known, "papers"))
    path = known[name]
    return load_paper(read(path).data, shown(path))


def specs(paper: str, extra: Sequence[Path | str] = ()) -> dict[str, dict[str, RunSpec]]:
    """Return recipe -> scale -> what it resolves to, for the recipes of a paper."""
    names = [entry.name for entry in index.entries(extra) if entry.paper == paper]
    return {
        name: {scale: compose(name, scale=scale, extra_paths=extra) for scale in OFFERED}
        for name in names
    }
