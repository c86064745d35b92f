"""What a paper's page reads of an ``ensemble.json``: quality beside latency, an arm a row."""

from __future__ import annotations

from collections.abc import Sequence
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
    total_ratio: Ends | None = Field(default=None, description="total time")
    speed: Ends | None = Field(default=None, description="tokens/s end to end")
    totals: tuple[float, ...] = Field(default=(), description="total seconds of every round")
    tokens: tuple[int, ...] = Field(default=(), description="of every round's answer")

    def figure(self, quantity: str) -> Span | None:
        """Return what a quantity of that name is; None where it was not measured."""
        if quantity == "first token":
            return None if self.ttft is None else Span(estimate=self.ttft)
        spans = {
            "accuracy": self.gain,
            "own accuracy": self.accuracy,
            "first token cut": self.ttft_cut,
            "end to end": self.speed,
        }
        found = spans.get(quantity)
        return None if found is None else found.span()


class Streams(Frozen):
    """The content of the file."""

    arms: tuple[Streamed, ...] = ()

    def figure(self, arm: str, quantity: str) -> Span | None:
        """Return a figure of an arm."""
        return next((one.figure(quantity) for one in self.arms if one.arm == arm), None)

    def times(self, arm: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Return an arm's seconds to the first token by round, and the reference's beside them.

        Of a file that does not hold what its cuts were taken over the second is empty.
        """
        mine, base = self._beside(arm)
        return mine.times, () if base is None else base.times

    def rates(self, arm: str) -> tuple[Sequence[float], ...]:
        """Return tokens and seconds of an arm by round, then those of the reference.

        Empty for a file that does not hold them.
        """
        mine, base = self._beside(arm)
        if base is None or not mine.tokens:
            return ()
        return mine.tokens, mine.totals, base.tokens, base.totals

    def _beside(self, arm: str) -> tuple[Streamed, Streamed | None]:
        """Return an arm and the reference.

        That is the one timed arm without a cut, since every other is compared with it; None where
        no such arm gives the cut that is stated.
        """
        mine = next((one for one in self.arms if one.arm == arm), Streamed(arm=arm))
        bases = [one for one in self.arms if one.times and one.ttft_cut is None]
        if mine.ttft_cut is None or len(bases) != 1 or len(bases[0].times) != len(mine.times):
            return mine, None
        stated = 1 - sum(mine.times) / sum(bases[0].times)
        return mine, bases[0] if isclose(stated, mine.ttft_cut.estimate, abs_tol=1e-9) else None
