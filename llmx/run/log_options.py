"""The options of a divergence log: which draft, which measures, of which distributions."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import Field

from llmx.core.options import ArmName, Count, Split, StageOptions
from llmx.core.spec import Divergence

_TopK = Annotated[int, Field(ge=0)]


class DivergenceLogOptions(StageOptions):
    """What is logged of which texts."""

    arms: tuple[ArmName, ...] | None = Field(
        default=None,
        description="arms to log, without their point of a sweep; null = all",
        examples=["names of arms: [sd, fsd]"],
    )
    problems: Count | None = Field(
        default=None, description="how many texts; null = the scale's for calibration"
    )
    stride: Count = Field(default=5, description="a block at every fifth token")
    draft: Literal["greedy", "sampled"] = Field(
        default="greedy", description="how replayed blocks are drafted"
    )
    divergences: tuple[Divergence, ...] = Field(
        default=get_args(Divergence), min_length=1, description="what is measured"
    )
    top_k: tuple[_TopK, ...] = Field(
        default=(0, 50),
        min_length=1,
        description="cuts of the raw distributions; 0 = all tokens",
        examples=["whole numbers, 0 = all tokens"],
    )
    on: tuple[Literal["raw", "warped"], ...] = Field(
        default=("raw", "warped"), min_length=1, description="which distributions"
    )
    split: Split = Field(default="test", description="split whose texts are replayed")

    def measured(self) -> dict[str, Any]:
        """Return how blocks are drafted and what is logged of them."""
        lists = {name: list(getattr(self, name)) for name in ("divergences", "on", "top_k")}
        return {"draft": self.draft, **lists}
