"""The document of a comparison. All differences are the second side minus the first."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from llmx.core.figure import Span
from llmx.core.record import Frozen, Metric, Sparse
from llmx.report.results import Difference


class Side(Frozen):
    """One of the two things compared."""

    run: str
    arm: str
    problems: int
    seeds: int
    accuracy: Span | None
    output_tokens: float | None
    draft_share: float | None
    unparsed_share: float | None
    cut_share: float | None


class Flip(Frozen):
    """A sample that only one side got right."""

    id: str
    seed: int = Field(description="place of the seed among the common ones")
    becomes: Literal["right", "wrong"] = Field(description="what the second side makes of it")
    question: str
    expected: str
    answers: tuple[str | None, str | None] = Field(description="as read; None = not in the form")
    texts: tuple[str, str]
    differs_at: int | None = Field(description="first token that differs; None = none does")


class Changed(Frozen):
    """A setting that the two sides do not share, as JSON; None = absent."""

    key: str
    first: str | None
    second: str | None


class Agreed(Frozen):
    """Where the two part: samples (problems × seeds) that are alike, layer by layer."""

    samples: int
    same_prompt: int = Field(description="equal token ids were sent")
    same_tokens: int = Field(description="equal token ids came back")
    same_answer: int = Field(description="equal answers were read")
    same_verdict: int = Field(description="both right or both wrong")


class SharedMetric(Frozen):
    """A metric that the scorers of both sides declare, on the problems of the comparison."""

    metric: Metric
    first: Span
    second: Span
    difference: Difference


class Comparison(Sparse):
    """The second side against the first, on the problems that both have answered."""

    younger: ClassVar[frozenset[str]] = frozenset({"metrics"})

    first: Side
    second: Side
    problems: int
    only_first: int = Field(description="problems that the second side has not answered")
    only_second: int
    difference: Difference
    lone: bool = Field(default=False, description="whether it is of one seed of a training run")
    holm: float = Field(description="its p-value after Holm, over the pairs compared here")
    length: Span | None = Field(description="mean tokens over the first side's")
    speed: Span | None = Field(description="tokens/s over the first side's, paired by round")
    speed_problems: Span | None = Field(description="the same in problems/s")
    layers: Agreed
    changed: tuple[Changed, ...]
    flips: tuple[Flip, ...]
    metrics: tuple[SharedMetric, ...] = ()


class Compared(Frozen):
    """What ``llmx compare`` found."""

    schema_version: Literal[1] = 1
    comparisons: tuple[Comparison, ...] = Field(min_length=1)
    notes: tuple[str, ...] = Field(
        default=(), exclude=True, description="for whoever asked: a newer run has not ended"
    )
