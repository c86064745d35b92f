"""A verdict as data."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from llmx.core.record import Frozen
from llmx.report.results import Span

Word = Literal[
    "shown here",
    "not shown here",
    "contradicted here",
    "exploratory",
    "measured",
    "not comparable",
    "not testable here",
    "withheld",
]
Unit = Literal["points", "times", "share", "tokens", "backtracks", "reward", "of 1"]


class Number(Frozen):
    """One figure that a verdict rests on."""

    what: str = Field(description="e.g. accuracy difference")
    arm: str
    against: str | None = None
    span: Span
    unit: Unit
    p: float | None = Field(default=None, description="adjusted for all comparisons of the verdict")


class Verdict(Frozen):
    """What one run says of one statement."""

    id: str = Field(default="", description="of the finding; the tests themselves do not know it")
    test: str = ""
    statement: str = Field(default="", description="what is asked, where no paper states it")
    word: Word
    reason: str = Field(description="one or two sentences that the word follows from")
    numbers: tuple[Number, ...] = ()
    arms: tuple[str, ...] = ()
    problems: int = 0
    seeds: int = 0
    audited: bool = Field(default=False, description="whether every arm has passed an audit")
    withheld: tuple[str, ...] = Field(default=(), description="arms whose audit failed")


class Verdicts(Frozen):
    """The content of a ``verdicts.json``."""

    schema_version: Literal[1] = 1
    verdicts: tuple[Verdict, ...] = ()
    failed: tuple[str, ...] = Field(default=(), description="arms whose audit failed")
    unavailable: tuple[str, ...] = Field(
        default=(), description="a sentence for each arm that cannot be had"
    )
