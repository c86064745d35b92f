"""What a stored run says of itself: enough to be told apart, dated and repeated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from llmx.core.record import Frozen
from llmx.core.spec import RunSpec


class Card(Frozen):
    """The content of a ``card.json``, which stands for spec and manifest in a committed result."""

    run: str
    recipe: str
    paper: str | None = None
    scale: str
    overrides: tuple[str, ...] = ()
    written: str = Field(description="UTC, ISO 8601")
    seconds: float = 0.0
    commit: str | None = None
    machine: str
    packages: dict[str, str] = Field(default={})
    deviations: tuple[str, ...] = ()

    @property
    def date(self) -> str:
        """The day on which the run ended."""
        return self.written[:10]

    @property
    def command(self) -> str:
        """The command that repeats the run."""
        words = list(self.overrides)
        if not any(word.startswith("scale=") for word in words):
            words.insert(0, f"scale={self.scale}")
        return " ".join(["llmx run", f"recipe={self.recipe}", *words])


def card(run: str, spec: RunSpec, manifest: Mapping[str, Any]) -> Card:
    """Return the card of a run folder."""
    code = manifest.get("code") or {}
    return Card(
        run=run,
        recipe=spec.name,
        paper=spec.paper,
        scale=spec.scale,
        overrides=spec.overrides,
        written=str(manifest.get("written", "")),
        seconds=float(manifest.get("seconds", 0.0)),
        commit=code.get("commit"),
        machine=_machine(manifest.get("machine") or {}),
        packages=dict(manifest.get("packages") or {}),
        deviations=spec.deviations,
    )


def _machine(found: Mapping[str, Any]) -> str:
    cards = found.get("accelerators") or []
    parts = [
        ", ".join(cards) if cards else "no accelerator",
        f"{found.get('cores', '?')} cores of {found.get('processor', 'an unknown processor')}",
        f"{found.get('memory_gib', '?')} GiB",
    ]
    return ", ".join(parts)
