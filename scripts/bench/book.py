"""The figures as they come: printed at once, and kept for the JSON file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bench.settings import PARTS
from bench.spans import Span


@dataclass(frozen=True)
class Figure:
    """A number by each clock, or one that no clock gave.

    Attributes:
        spans: ``processor`` and ``wall``, or ``count`` alone.
    """

    part: int
    name: str
    unit: str
    spans: dict[str, Span]

    def line(self) -> str:
        """Return what is printed."""
        parts = [str(span) if name == "count" else f"{span} {name}"
                 for name, span in self.spans.items()]  # fmt: skip
        unit = f" {self.unit}" if self.unit else ""
        return f"  {self.name}:{unit} {'; '.join(parts)}"


@dataclass
class Book:
    """Every figure so far, and the samples behind them."""

    figures: list[Figure] = field(default_factory=list)
    samples: dict[str, Any] = field(default_factory=dict)
    part: int = 0

    def begin(self, part: int) -> None:
        """Print the heading of a part."""
        self.part = part
        print(f"\n{part}. {PARTS[part]}", flush=True)

    def clocked(self, name: str, unit: str, spans: Mapping[str, Span]) -> None:
        """Add a figure by each clock, or by one of them."""
        self._add(Figure(self.part, name, unit, dict(spans)))

    def counted(self, name: str, unit: str, span: Span) -> None:
        """Add a figure that depends on no clock."""
        self._add(Figure(self.part, name, unit, {"count": span}))

    def _add(self, figure: Figure) -> None:
        self.figures.append(figure)
        print(figure.line(), flush=True)

    def write(self, path: Path, about: dict[str, Any], settings: dict[str, Any]) -> None:
        """Write everything."""
        whole = {
            "about": about,
            "settings": settings,
            "figures": [asdict(figure) for figure in self.figures],
            "samples": self.samples,
        }
        path.write_text(json.dumps(whole, indent=1, default=str))
