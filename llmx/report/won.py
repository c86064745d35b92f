"""What a paper's page reads of a ``win_rates.json``: what a judge gave each arm."""

from __future__ import annotations

from llmx.core.record import Frozen
from llmx.report.judged import ArmWins, JudgeKind, Range
from llmx.report.results import Span

RATE, CONTROLLED = "win rate", "length-controlled win rate"


class Judge(Frozen):
    """Who judged; ``kind`` None and no name: the file is of an older version and does not say."""

    name: str = ""
    kind: JudgeKind | None = None

    def said(self) -> str:
        """Return the judge in words."""
        if self.kind is None:
            return "by a judge that the run does not name"
        if self.kind == "rule":
            return f"by the rule `{self.name}` on this machine, which knows nothing of quality"
        return f"by `{self.name}`" + (" on this machine" if self.kind == "local" else "")


class Wins(Frozen):
    """The content of the file."""

    arms: tuple[ArmWins, ...] = ()

    def figure(self, arm: str, quantity: str) -> tuple[str, Span] | None:
        """Return (quantity, share) of an arm; a plain rate where lengths were not controlled for.

        None for an arm that is not there or of which no game could be read, and for quantities
        that no judge gives.
        """
        found = self.row(arm)
        if found is None or quantity not in (RATE, CONTROLLED):
            return None
        if quantity == CONTROLLED and found.controlled is not None:
            return CONTROLLED, _span(found.controlled)
        return None if found.rate is None else (RATE, _span(found.rate))

    def row(self, arm: str) -> ArmWins | None:
        """Return the figures of an arm."""
        return next((one for one in self.arms if one.arm == arm), None)

    def judge(self, arm: str) -> Judge | None:
        """Return who judged an arm."""
        found = self.row(arm)
        return None if found is None else Judge(name=found.judge, kind=found.judge_kind)


def _span(found: Range) -> Span:
    return Span(estimate=found.estimate, low=found.low, high=found.high)
