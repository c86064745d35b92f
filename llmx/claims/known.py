"""What is known of a paper: its published figures, and the recipes that test it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from llmx.claims.paper import Paper, load_paper
from llmx.config import index, places
from llmx.config.compose import compose
from llmx.config.yaml_file import read, shown
from llmx.core.errors import ConfigError, nearest
from llmx.core.names import fault
from llmx.core.names import shown as shown_name
from llmx.core.registry import short_names
from llmx.core.spec import RunSpec

OFFERED = ("laptop", "desk")
"""Scales whose cost is told where no run is stored."""


def find(name: str, extra: Sequence[Path | str] = ()) -> Paper:
    """Return what is published.

    Args:
        name: of the file, or a short name that the paper's recipes may begin with.

    Raises:
        ConfigError: if nothing is known of such a paper, or its file has a problem.
    """
    known = places.claim_files(places.roots(extra))
    if name not in known:
        short = {one: paper for one, paper in short_names().items() if paper in known}
        if name not in short:
            hint = nearest(name, [*known, *short], "papers")
            raise ConfigError(f"there is no paper '{name}'", hint)
        name = short[name]
    if hint := fault(name):
        raise ConfigError(f"'{shown_name(name)}' cannot be a paper", hint)
    path = known[name]
    return load_paper(read(path).data, shown(path))


def specs(paper: str, extra: Sequence[Path | str] = ()) -> dict[str, dict[str, RunSpec]]:
    """Return recipe -> scale -> what it resolves to, for the recipes of a paper."""
    names = [entry.name for entry in index.entries(extra) if entry.paper == paper]
    return {name: _offered(name, extra) for name in names}


def _offered(name: str, extra: Sequence[Path | str]) -> dict[str, RunSpec]:
    """Add the scale `paper` where the others put its own problems to smaller models."""
    found = {scale: compose(name, scale=scale, extra_paths=extra) for scale in OFFERED}
    published = compose(name, scale="paper", extra_paths=extra)
    (data, models), others = _used(published), [_used(spec) for spec in found.values()]
    if all(data == theirs and models != smaller for theirs, smaller in others):
        found["paper"] = published
    return found


def _used(spec: RunSpec) -> tuple[set[str], set[str]]:
    """Return the kinds of data and the targets of a recipe."""
    arms = spec.arms.values()
    data = {arm.data.kind for arm in arms if arm.data is not None}
    return data, {arm.model.target for arm in arms if arm.model is not None}
