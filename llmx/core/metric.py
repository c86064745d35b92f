"""What a scorer measures beside right and wrong."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from llmx.core.record import Frozen, Score


class Metric(Frozen):
    """A number that a scorer gives every answer, and how several of them are read.

    A scorer declares its metrics (``metrics: ClassVar[tuple[Metric, ...]]``) and gives each answer
    a value of every one (``Score.values``). Everything that reads accuracy then reads them too.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_.@-]{0,39}$", description="e.g. ndcg@10")
    better: Literal["higher", "lower"] = "higher"
    aggregate: Literal["mean", "sum"] = Field(
        default="mean", description="over the problems of an arm"
    )
    unit: str = Field(
        default="",
        pattern=r"^[^`|<>\n]{0,20}$",
        description="of the aggregate; % = a share, shown as percent, its differences as points",
    )
    low: float | None = Field(default=None, allow_inf_nan=False, description="least of one answer")
    high: float | None = Field(default=None, allow_inf_nan=False, description="most of one answer")
    boolean: bool = Field(
        default=False, description="each answer has it or not: 1 or 0, as right and wrong are"
    )
    explain: str = Field(default="", description="a sentence for the legend of a table")

    @model_validator(mode="after")
    def _bounds_are_in_order(self) -> Metric:
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise ValueError(f"low={self.low:g} is not below high={self.high:g}")
        if self.boolean and (self.low, self.high) != (0.0, 1.0):
            raise ValueError("a metric that is had or not has low=0 and high=1")
        return self

    def of(self, score: Score) -> float:
        """Return the value of one answer."""
        return float(score.correct) if self.name == ACCURACY else score.values[self.name]

    def fault(self, value: object) -> str:
        """Return why no answer has this value; empty where one may."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return "is no number"
        if value != value or value in (float("inf"), float("-inf")):
            return "is not finite"
        if self.boolean and value not in (0, 1):
            return "is neither 0 nor 1"
        if self.low is not None and value < self.low:
            return f"is below {self.low:g}"
        if self.high is not None and value > self.high:
            return f"is above {self.high:g}"
        return ""

    @property
    def signed(self) -> int:
        """1 where more is better, else -1."""
        return 1 if self.better == "higher" else -1

    @property
    def reach(self) -> float | None:
        """How far two answers can be apart; None where a bound is missing."""
        return None if self.low is None or self.high is None else self.high - self.low


ACCURACY = "accuracy"
"""Name of the metric that every scorer has: whether the strict answer is right."""

METRICS = "metrics.json"
"""File beside ``scores.jsonl`` that holds what its `values` are; none where there are none."""

RIGHT = Metric(name=ACCURACY, unit="%", low=0.0, high=1.0, boolean=True)
