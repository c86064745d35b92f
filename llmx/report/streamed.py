"""What a paper's page reads of an ``ensemble.json``: quality beside latency, an arm a row."""

from __future__ import annotations

from math import isclose

from pydantic import ConfigDict, Field

from llmx.core.record import Frozen
from llmx.report.results import Span

FILE = "ensemble.json"


class Ends(Frozen):
    """An estimate and its 95 % interval, as that file writes it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    low: float | None
    estimate: float
    high: float | None

    def span(self) -> Span:
        """Return it as every page writes it."""
        return Span(estimate=self.estimate, low=self.low, high=self.high)

    def inverse(self) -> Span:
        """Return 1 over it: a ratio of times as one of speeds."""
        low, high = (None if not end else 1 / end for end in (self.high, self.low))
        return Span(estimate=1 / self.estimate, low=low, high=high)


class Streamed(Frozen):
    """One arm; gains, cuts and ratios are over the reference, paired."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    arm: str
    problems: int = 0
    accuracy: Ends | None = None
    gain: Ends | None = None
    ttft: float | None = Field(default=None, description="seconds, median over rounds")
    ttft_cut: Ends | None = None
    times: tuple[float, ...] = Field(default=(), description="the same of every round")
    total_ratio: Ends | None = Field(default=None, description="total time, of equal tokens")

    def figure(self, quantity: str) -> Span | None:
        """Return what :data:`llmx.report.paper.Quantity` names; None where it was not measured."""
        if quantity == "first token":
            return None if self.ttft is None else Span(estimate=self.ttft)
        if quantity == "end to end":
            return None if self.total_ratio is None else self.total_ratio.inverse()
        shares = {
            "accuracy": self.gain,
            "own accuracy": self.accuracy,
            "first token cut": self.ttft_cut,
        }
        found = shares.get(quantity)
        return None if found is None else found.span()


class Streams(Frozen):
    """The content of the file."""

    arms: tuple[Streamed, ...] = ()

    def figure(self, arm: str, quantity: str) -> Span | None:
        """Return a figure of an arm."""
        return next((one.figure(quantity) for one in self.arms if one.arm == arm), None)

    def times(self, arm: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Return an arm's seconds to the first token by round, and the reference's beside them.

        The reference is the one timed arm without a cut, since every other is compared with it. Of
        a file in which no such arm gives the cut that is stated the second is empty.
        """
        mine = next((one for one in self.arms if one.arm == arm), Streamed(arm=arm))
        bases = [one.times for one in self.arms if one.times and one.ttft_cut is None]
        if mine.ttft_cut is None or len(bases) != 1 or len(bases[0]) != len(mine.times):
            return mine.times, ()
        stated = 1 - sum(mine.times) / sum(bases[0])
        return mine.times, bases[0] if isclose(stated, mine.ttft_cut.estimate, abs_tol=1e-9) else ()
