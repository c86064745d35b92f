"""From a stage's own document to figures, by a table: where a value stands, and what it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from llmx.core.figure import Figure, Span

Raw = Mapping[str, Any]


@dataclass(frozen=True)
class FigurePlace:
    """A value of a document.

    Attributes:
        path: keys down to it, with dots between; an interval, or a number.
        beside: whether it is over what the arm is compared with.
        p: path of its p value.
        plain: whether the document has a number there where a figure has no interval.
    """

    path: str
    quantity: str
    unit: str
    beside: bool = False
    p: str = ""
    plain: bool = False


def dig(raw: Any, path: str) -> Any:
    """Return what stands at a path of keys; None where a key is missing."""
    for key in path.split("."):
        raw = raw.get(key) if isinstance(raw, Mapping) else None
    return raw


def span_of(value: Any) -> Span | None:
    """Return an interval, or a number without one; None for nothing.

    Raises:
        ValidationError: for anything else.
    """
    if value is None:
        return None
    return Span.model_validate({"estimate": value} if isinstance(value, int | float) else value)


def figures_at(
    raw: Raw, entries: Sequence[FigurePlace], arm: str, against: str | None, **counts: Any
) -> Iterator[Figure]:
    """Yield the figures of an arm that a document holds.

    Args:
        against: what those beside another arm are over.
        counts: further fields of every figure, e.g. n and seeds.

    Raises:
        ValidationError: for a value that is no figure.
    """
    for entry in entries:
        span = span_of(dig(raw, entry.path))
        if span is not None:
            yield Figure(
                quantity=entry.quantity,
                arm=arm,
                against=against if entry.beside else None,
                span=span,
                unit=entry.unit,
                p=dig(raw, entry.p) if entry.p else None,
                **counts,
            )
