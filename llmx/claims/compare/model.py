"""The document of a comparison. All differences are the second side minus the first."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from llmx.core.figure import Figure, Figures
from llmx.core.record import Frozen
from llmx.report.figures.names import ACCURACY_GAP


class Side(Frozen):
    """One of the two things compared; `name` is what figures call it."""

    run: str
    arm: str
    name: str = Field(description="the arm, with its run where the two sides' runs differ")


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


class Comparison(Frozen):
    """The second side against the first, on the problems that both have answered.

    Attributes:
        figures: of each side, and of the second beside the first.
    """

    first: Side
    second: Side
    problems: int
    only_first: int = Field(description="problems that the second side has not answered")
    only_second: int
    figures: Figures
    holm: float = Field(description="p of the difference after Holm, over the pairs compared here")
    layers: Agreed
    changed: tuple[Changed, ...]
    flips: tuple[Flip, ...]

    @property
    def difference(self) -> Figure:
        """Accuracy of the second side minus that of the first."""
        found = self.beside(ACCURACY_GAP)
        assert found is not None  # a pair without a common problem is refused
        return found

    def beside(self, quantity: str) -> Figure | None:
        """Return a figure of the second side beside the first."""
        return self.figures.find(quantity, self.second.name, self.first.name)


class Compared(Frozen):
    """What ``llmx compare`` found."""

    schema_version: Literal[2] = 2
    comparisons: tuple[Comparison, ...] = Field(min_length=1)
    notes: tuple[str, ...] = Field(
        default=(), exclude=True, description="for whoever asked: a newer run has not ended"
    )

    def dump(self) -> dict[str, Any]:
        """Return the content of the file; figures are written as in a ``figures.json``."""
        found = self.model_dump(mode="json")
        for one, written in zip(self.comparisons, found["comparisons"], strict=True):
            written["figures"] = one.figures.dump()
        return found
