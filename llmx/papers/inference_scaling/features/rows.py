"""The table of markers of an arm, and of votes by them, as they are written and shown."""

from __future__ import annotations

from math import isfinite
from typing import Literal

from pydantic import Field

from llmx.core.figure import Span
from llmx.core.record import Frozen
from llmx.papers.inference_scaling.features.votes import GainWord
from llmx.stats.interval import Interval

Cell = str | int | float | bool | None
Reading = Literal["more", "fewer", "unclear"]
SPANS = ("pooled", "effect", "within", "auc", "auc_within")


class MarkerRow(Frozen):
    """A feature in right answers and in wrong ones; what is None could not be computed.

    Attributes:
        category: ``length``, ``certainty``, ``hedging``, ``thinking``, ``discourse``.
        filing: of the disputed words; empty for a length or certainty.
        part: ``all``, ``thinking``, ``final``.
        measure: ``tokens``, ``characters``, ``rank``, ``logprob`` (mean, nats), ``density`` (per
            1,000 words) …
        draws, problems, mixed: draws with such a part, their problems, and of these the ones with
            right and wrong answers.
        right, wrong: means over draws, in the unit of the measure.
        pooled: right less wrong over all draws; `effect` is Cohen's d of it.
        within: right less wrong of the same problem, the mean over mixed problems.
        above, below, p_sign: mixed problems whose right answers have more, fewer; the sign test.
        auc, auc_within: P(a right answer has more than a wrong one), over all pairs of draws, and
            the mean of the mixed problems' own.
        thirds_right, thirds_wrong: share of the markers that begin in each third of the part.
    """

    category: str
    filing: str
    part: str
    measure: str
    draws: int
    problems: int
    mixed: int
    right: float | None = None
    wrong: float | None = None
    pooled: Span | None = None
    effect: Span | None = None
    within: Span | None = None
    above: int = 0
    below: int = 0
    p_sign: float | None = None
    auc: Span | None = None
    auc_within: Span | None = None
    thirds_right: tuple[float, float, float] | None = None
    thirds_wrong: tuple[float, float, float] | None = None

    @property
    def read_pooled(self) -> Reading:
        """Whether right answers have more or fewer, over all draws."""
        return _read(self.pooled)

    @property
    def read_within(self) -> Reading:
        """Whether right answers have more or fewer than wrong ones of the same problem."""
        return _read(self.within)

    def as_row(self) -> dict[str, Cell]:
        """Return the row flat: an interval is ``NAME``, ``NAME_low`` and ``NAME_high``."""
        row: dict[str, Cell] = {
            name: getattr(self, name)
            for name in type(self).model_fields
            if name not in SPANS and not name.startswith("thirds_")
        }
        for name in SPANS:
            row |= _cells(name, getattr(self, name))
        return row | {"read_pooled": self.read_pooled, "read_within": self.read_within}


class LogitRow(Frozen):
    """The weight of one feature where all stand together, with a constant for each problem.

    Attributes:
        weight: log odds of being right a standard deviation within the problem; None where the
            feature never differs within a problem, or the fit did not converge.
    """

    category: str
    filing: str
    part: str
    measure: str
    problems: int
    converged: bool
    weight: Span | None = None

    def as_row(self) -> dict[str, Cell]:
        """Return the row flat."""
        names = [name for name in type(self).model_fields if name != "weight"]
        return {name: getattr(self, name) for name in names} | _cells("weight", self.weight)


class VoteRow(Frozen):
    """A vote by features beside plain voting of the same draws; shares of 1.

    Attributes:
        rule: ``weighted``, ``filter``, ``best_of``, ``tie_break``, ``logit``.
        feature: category of the feature; ``all`` = length and the three densities (logit).
        accuracy: over the problems, each with what was best on the others.
        gain: over plain voting; `control` that of the same rule with random features.
        excess: of the gain over the control's.
        p: of the gain and the excess, by sign flips, adjusted for all votes of the table (Holm).
        over_length: of the vote over the same rule with length alone; None for length itself.
        settings: different ones that were chosen in the folds, in order; none of a logit.
    """

    rule: str
    feature: str
    filing: str
    problems: int
    accuracy: float
    plain: float
    gain: Span
    control: Span
    excess: Span
    p: float
    over_length: Span | None = None
    settings: tuple[float, ...] = ()
    claim: GainWord

    def as_row(self) -> dict[str, Cell]:
        """Return the row flat."""
        spans = ("gain", "control", "excess", "over_length")
        names = [name for name in type(self).model_fields if name not in (*spans, "settings")]
        row: dict[str, Cell] = {name: getattr(self, name) for name in names}
        for name in spans:
            row |= _cells(name, getattr(self, name))
        return row | {"settings": ", ".join(f"{one:g}" for one in self.settings)}


class MarkerTable(Frozen):
    """All features of one arm.

    Attributes:
        hashes: of the lexicons' files, by name.
        problems, draws: of the pool.
    """

    schema_version: Literal[1] = 1
    arm: str
    problems: int
    draws: int
    hashes: dict[str, str] = Field(description="file of a lexicon → hash of its content")
    rows: tuple[MarkerRow, ...]
    logit: tuple[LogitRow, ...] = ()
    votes: tuple[VoteRow, ...] = ()

    def as_rows(self) -> list[dict[str, Cell]]:
        """Return the markers flat, a row each."""
        return [row.as_row() for row in self.rows]

    def claimed(self) -> tuple[VoteRow, ...]:
        """Return the votes of which a gain is claimed."""
        return tuple(row for row in self.votes if row.claim == "gain")


def span_of(interval: Interval) -> Span:
    """Return an interval as it is written; an end that is not finite is none."""
    ends = [end if isfinite(end) else None for end in (interval.low, interval.high)]
    return Span(estimate=interval.estimate, low=ends[0], high=ends[1], level=interval.level)


def _read(span: Span | None) -> Reading:
    if span is None:
        return "unclear"
    return "more" if span.above(0.0) else "fewer" if span.below(0.0) else "unclear"


def _cells(name: str, span: Span | None) -> dict[str, Cell]:
    ends = (None, None, None) if span is None else (span.estimate, span.low, span.high)
    return dict(zip((name, f"{name}_low", f"{name}_high"), ends, strict=True))
