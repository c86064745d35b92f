"""A verdict as data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

from pydantic import Field

from llmx.core.figure import Span
from llmx.core.record import Frozen, Sparse

Word = Literal[
    "shown here",
    "not shown here",
    "contradicted here",
    "indicative",
    "exploratory",
    "measured",
    "not comparable",
    "not testable here",
    "withheld",
    "cannot be recomputed",
]
DECISIVE: tuple[Word, ...] = ("shown here", "contradicted here")
CANNOT: Literal["cannot be recomputed"] = "cannot be recomputed"
"""Of a committed result without outcomes by problem; no test gives it."""

Unit = str
"""``points`` and ``share`` are shares of 1, ``times`` a ratio; others, those of metrics among
them, are written as they are."""


class Number(Sparse):
    """One figure that a verdict rests on."""

    younger: ClassVar[frozenset[str]] = frozenset({"metric"})

    what: str = Field(description="e.g. accuracy difference")
    arm: str
    against: str | None = None
    span: Span
    unit: Unit
    p: float | None = Field(default=None, description="adjusted for all comparisons of the verdict")
    problems: int = Field(default=0, description="that it was measured on; 0 = on none")
    seeds: int = 0
    rounds: int = Field(default=0, description="timed ones")
    lone: bool = Field(default=False, description="whether it is of one seed of a training run")
    metric: str = Field(default="", description="that it is of, where that is not accuracy")


def rests_on(numbers: Sequence[Number]) -> dict[str, int]:
    """Return problems, seeds and rounds of the figures that rest on the fewest, but on some."""
    return {
        what: min((n for number in numbers if (n := getattr(number, what))), default=0)
        for what in ("problems", "seeds", "rounds")
    }


class Verdict(Frozen):
    """What one run says of one statement."""

    id: str = Field(default="", description="of the finding; the tests themselves do not know it")
    test: str = ""
    statement: str = Field(default="", description="what is asked, where no paper states it")
    word: Word
    reason: str = Field(description="one or two sentences that the word follows from")
    p: float | None = Field(
        default=None,
        description="that a decisive word rests on, adjusted for all comparisons of the verdict",
    )
    leans: Word | None = Field(default=None, description="what an indicative verdict points to")
    p_all: float | None = Field(
        default=None, description="p after Holm over all findings tested on the page"
    )
    tested: int = Field(default=0, description="how many findings were tested on the page")
    numbers: tuple[Number, ...] = ()
    arms: tuple[str, ...] = ()
    problems: int = Field(default=0, description="that its figures were measured on")
    seeds: int = 0
    rounds: int = Field(default=0, description="timed ones that its figures were measured in")
    audited: bool = Field(default=False, description="whether every arm has passed an audit")
    withheld: tuple[str, ...] = Field(default=(), description="arms whose audit failed")


class Verdicts(Frozen):
    """The content of a ``verdicts.json``.

    Version 1 knows no p value of a verdict, and no indicative one.
    """

    schema_version: Literal[1, 2] = 2
    verdicts: tuple[Verdict, ...] = ()
    failed: tuple[str, ...] = Field(default=(), description="arms whose audit failed")
    unavailable: tuple[str, ...] = Field(
        default=(), description="a sentence for each arm that is unavailable"
    )
