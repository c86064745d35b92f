"""What a paper's page reads of an ``ensemble.json``: quality beside latency, an arm a row."""

from __future__ import annotations

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
    rounds: int = Field(default=0, description="answers that were timed; all times are of these")
    ttft: float | None = Field(default=None, description="seconds, median over rounds")
    ttft_cut: Ends | None = None
    total_ratio: Ends | None = Field(default=None, description="total time")
    speed: Ends | None = Field(default=None, description="tokens/s end to end")

    def figure(self, quantity: str) -> Span | None:
        """Return what :data:`llmx.report.paper.Quantity` names; None where it was not measured."""
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

    def rounds(self, arm: str) -> int:
        """Return how many answers of an arm were timed; 0 for an arm that was not."""
        return next((one.rounds for one in self.arms if one.arm == arm), 0)
