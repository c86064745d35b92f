"""What traces are like: ``data.options`` of the arms, and options of the stage `traces`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from llmx.core.errors import ConfigError
from llmx.core.record import Frozen
from llmx.core.spec import DataSpec
from llmx.data.tasks.options import Wrapper, read_options

Content = Literal["correct", "incorrect", "malformed", "shuffled", "none"]
Control = Literal["none", "verbose"]
Wording = Literal["plain", "terse"]
Style = Literal["exact", "authors"]


class TraceOptions(Frozen):
    """What the traces depend on besides the problems: no split and no evaluation reads these."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    k: int = Field(default=0, ge=0, description="backtracks in each trace")
    mixture: tuple[Annotated[int, Field(ge=0)], ...] = Field(
        default=(), strict=False, description="k by turns, in place of one k"
    )
    supports: int | None = Field(
        default=None, ge=0, description="only problems that have so many; None = k"
    )
    content: Content = Field(default="correct", description="none = the arm has no traces")
    control: Control = Field(default="none", description="verbose = as long, without backtracks")
    match: int = Field(default=1, ge=1, description="k whose length `verbose` takes")
    wording: Wording = Field(default="plain", description="of the steps")
    style: Style = Field(default="exact", description="authors = as the released generators")
    wrapper: Wrapper = Field(default="chat", description="what is put around a question")
    split: Literal["sft", "lessons"] = Field(default="sft", description="whose problems are traced")

    @property
    def least(self) -> int:
        """Backtracks that a problem must offer to be used."""
        asked = max(self.k, *self.mixture, self.match if self.control == "verbose" else 0)
        return max(asked, self.supports or 0)

    def of(self, place: int) -> TraceOptions:
        """Return what the trace at a place of the set is like: k is that of its turn."""
        if not self.mixture:
            return self
        k = self.mixture[place % len(self.mixture)]
        return self.model_copy(update={"k": k, "mixture": (), "supports": self.least})


def trace_options(spec: DataSpec, stage: Mapping[str, Any] | None = None) -> TraceOptions:
    """Return the part of the options that only traces depend on.

    Args:
        stage: options that stand above those of the data section.

    Raises:
        ConfigError: for an option that does not exist, or two that contradict.
    """
    above = {**spec.options, **(stage or {})}
    options = read_options(TraceOptions, spec.model_copy(update={"options": above}))
    asked = options.mixture or (options.k,)  # a mixture stands in place of k
    if options.control == "verbose" and any(asked):
        name = f"mixture={list(asked)}" if options.mixture else f"k={options.k}"
        raise ConfigError(
            f"data.options.control=verbose is a trace without backtracks, not of {name}",
            "set data.options.k=0 and no mixture; data.options.match=K takes the length of k=K",
        )
    if options.style == "authors" and (options.content, options.control) != ("correct", "none"):
        raise ConfigError(
            "data.options.style=authors goes with content=correct and control=none alone",
            "the released generators have no other",
        )
    return options
