"""One figure of a run: a quantity of an arm, alone or beside another, with its interval.

Every stage that reports writes its figures to one kind of file; tables, pictures, pages, verdicts
and a paper's page look them up by quantity, arm and what the arm is compared with. So a quantity
that nobody has thought of yet needs no reader of its own.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import Any, Literal

from pydantic import Field

from llmx.core.record import Frozen, Metric

FILE = "figures.json"

JudgeKind = Literal["rule", "local", "endpoint"]


class Span(Frozen):
    """An estimate with its interval; low and high are None where one round gives no interval."""

    estimate: float
    low: float | None = None
    high: float | None = None
    level: float = 0.95

    def above(self, value: float) -> bool:
        """Whether the whole interval lies above `value`; False without an interval."""
        return self.low is not None and self.low > value

    def below(self, value: float) -> bool:
        """Whether the whole interval lies below `value`; False without an interval."""
        return self.high is not None and self.high < value

    def ends(self) -> tuple[float, float]:
        """Return the ends of the interval; both are the estimate where there is none."""
        low = self.estimate if self.low is None else self.low
        return low, self.estimate if self.high is None else self.high

    def scaled(self, factor: float) -> Span:
        """Return all three values times a factor; a negative one exchanges the ends."""
        ends = [None if end is None else factor * end for end in (self.low, self.high)]
        low, high = ends if factor >= 0 else reversed(ends)
        return Span(estimate=factor * self.estimate, low=low, high=high, level=self.level)


class JudgeName(Frozen):
    """Who judged; ``kind`` None and no name: the file is of an older version and does not say."""

    name: str = ""
    kind: JudgeKind | None = None


class Rounds(Frozen):
    """What a ratio of rates follows from: amounts and seconds by round, and those it is over.

    Attributes:
        saved: whether the figure is 1 − ratio, a share that is saved.
    """

    amounts: tuple[float, ...]
    seconds: tuple[float, ...]
    over_amounts: tuple[float, ...]
    over_seconds: tuple[float, ...]
    saved: bool = False


class Spread(Frozen):
    """Accepted and emitted tokens of texts: what a test of their ratio needs.

    Attributes:
        variances: sample variance of the accepted tokens, covariance, variance of the emitted.
    """

    items: int = Field(ge=1)
    accepted: float = Field(description="mean")
    emitted: float = Field(description="mean")
    variances: tuple[float, float, float]


class MeanErrors(Frozen):
    """What a test of a mean follows from: the errors that were taken; the widest counts.

    Attributes:
        errors: (standard error, degrees of freedom) of Student's t, over items, clusters or seeds.
    """

    errors: tuple[tuple[float, int], ...] = Field(min_length=1)


class Figure(Frozen):
    """One figure. Its name is quantity, arm, `against` and, of a sweep, `setting` and `at`.

    Attributes:
        unit: of all values in `span`: ``share`` (of 1), ``points`` (a difference of shares, of 1),
            ``times``, ``seconds``, ``tokens/s``, …
        n: problems, games or texts that it was measured on; 0 = on none.
        lone: whether it is of one seed of a training.
        basis: what the p value of another value than nothing follows from; see
            :func:`llmx.report.figures.p_at.p_at`.
    """

    quantity: str
    arm: str
    against: str | None = Field(default=None, description="the arm that it is compared with")
    metric: str = Field(default="", description="of the scorer; empty = right or wrong")
    span: Span
    unit: str
    n: int = 0
    seeds: int = 0
    rounds: int = Field(default=0, description="timed ones")
    p: float | None = None
    lone: bool = False
    setting: str = Field(default="", description="what was varied, e.g. tokens of a draft")
    at: float | None = Field(default=None, description="the value of the setting")
    expected: float | None = Field(default=None, description="asked for, published, or by a law")
    over: tuple[str, ...] = Field(default=(), description="arms, of a figure over several")
    judge: JudgeName | None = None
    basis: Rounds | Spread | MeanErrors | None = None

    def swept(self) -> bool:
        """Whether it is one point of a sweep, so that its name alone does not tell it."""
        return bool(self.setting)


class Figures(Frozen):
    """The content of a ``figures.json``.

    Attributes:
        marks: mark → arms that bear it, e.g. ``broken`` on purpose.
        metrics: those that scorers declare, of figures whose ``metric`` names one.
    """

    schema_version: Literal[1] = 1
    figures: tuple[Figure, ...] = ()
    marks: dict[str, tuple[str, ...]] = Field(default={})
    metrics: tuple[Metric, ...] = ()

    def find(self, quantity: str, arm: str, against: str | None = None) -> Figure | None:
        """Return the first figure of a name that is no point of a sweep."""
        name = (quantity, arm, against)
        known = (one for one in self.figures if not one.swept())
        return next((one for one in known if (one.quantity, one.arm, one.against) == name), None)

    def of(self, quantity: str, arms: Container[str] | None = None) -> tuple[Figure, ...]:
        """Return all figures of a quantity, of the named arms or of all."""
        found = (one for one in self.figures if one.quantity == quantity)
        return tuple(one for one in found if arms is None or one.arm in arms)

    def marked(self, mark: str) -> tuple[str, ...]:
        """Return the arms that bear a mark."""
        return self.marks.get(mark, ())

    def dump(self) -> dict[str, Any]:
        """Return the content of the file: what is at its default is left out."""
        kept = [one.model_dump(mode="json", exclude_defaults=True) for one in self.figures]
        marks = {"marks": {name: list(arms) for name, arms in self.marks.items()}}
        metrics = [one.model_dump(mode="json", exclude_defaults=True) for one in self.metrics]
        return {
            "schema_version": self.schema_version,
            "figures": kept,
            **(marks if self.marks else {}),
            **({"metrics": metrics} if metrics else {}),
        }


def joined(found: Iterable[Figures]) -> Figures:
    """Return the figures of several files as one, in their order."""
    all_ = list(found)
    marks: dict[str, tuple[str, ...]] = {}
    for one in all_:
        for name, arms in one.marks.items():
            marks[name] = tuple(dict.fromkeys([*marks.get(name, ()), *arms]))
    return Figures(
        figures=tuple(f for one in all_ for f in one.figures),
        marks=marks,
        metrics=tuple(dict.fromkeys(metric for one in all_ for metric in one.metrics)),
    )
