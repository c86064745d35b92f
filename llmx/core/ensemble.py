"""What an ensemble of models is: who speaks, who listens, in what chunks. Values in YAML."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import Field, model_validator

from llmx.core.record import Frozen
from llmx.core.speech import EngineSpec, ModelSpec, SamplerSpec

Layout = Literal["L0", "L1", "L1b", "L2"]


class VoiceSpec(Frozen):
    """One model of an ensemble. What is not given is the arm's own."""

    model: ModelSpec | None = None
    engine: EngineSpec | None = None
    sampler: SamplerSpec | None = None


@dataclass(frozen=True)
class Chunks:
    """Sizes of chunks in tokens: `first`, then `later`, which may grow by `growth` up to `most`."""

    first: int = 8
    later: int = 32
    growth: float = 1.0
    most: int = 512

    def size(self, chunk: int) -> int:
        """Return the tokens of a chunk, counted from 0."""
        if chunk == 0:
            return self.first
        return min(self.most, round(self.later * self.growth ** min(chunk - 1, 64)))


class EnsembleSpec(Frozen):
    """A cast and how its members hear each other.

    ``moa``: `layers` - 1 layers of all proposers, then the aggregator. ``mad``: the proposers
    debate for `layers` rounds; the answer is the `aggregator`'s last one, which is one of them.
    A single layer is the aggregator alone.
    """

    kind: Literal["moa", "mad"] = "moa"
    voices: dict[str, VoiceSpec] = Field(description="name -> model")
    proposers: tuple[str, ...] = Field(min_length=1, description="a name may stand several times")
    aggregator: str
    layers: int = Field(default=2, ge=1, le=8)
    streaming: Literal["plain", "staircase"] = "plain"
    first_chunk: int = Field(default=8, ge=1, description="tokens")
    later_chunk: int = Field(default=32, ge=1, description="tokens of the second chunk")
    chunk_growth: float = Field(default=1.0, ge=1, le=16, description="from chunk to chunk")
    largest_chunk: int = Field(default=512, ge=1, description="no chunk has more tokens")
    answer_first_chunk: int | None = Field(
        default=None, ge=1, description="of what the reader sees; None = first_chunk"
    )
    answer_later_chunk: int | None = Field(default=None, ge=1, description="None = later_chunk")
    layout: Layout = "L0"
    header: str | None = Field(default=None, description="stands before what others wrote")
    more: str | None = Field(default=None, description="the same for later rounds of layout L2")
    max_heard: int | None = Field(
        default=None, ge=16, description="tokens of drafts in a prompt; the oldest give way"
    )
    quorum: float = Field(
        default=1.0, gt=0, le=1, description="share of the sources whose chunk is waited for"
    )
    deadline: float | None = Field(
        default=None,
        gt=0,
        description="seconds to wait for a chunk; then continue with who is there",
    )
    ahead: Literal["wait", "go"] = Field(
        default="wait", description="ahead of its sources: wait, or continue without news"
    )
    hear: Literal["step", "latest"] = Field(
        default="step", description="a listener's chunk j hears chunks up to j, or all there are"
    )
    early_end: Literal["stop", "hold"] = Field(
        default="stop", description="it ends before its sources: stop them, or hold and continue"
    )
    hold_until: int = Field(default=1, ge=0, description="hold: sources that must be done first")
    failed: Literal["drop", "raise"] = Field(default="drop", description="a source that fails")
    redundancy: Literal["monitor", "instruct", "retry"] = "monitor"
    ngram: int = Field(default=8, ge=2, description="tokens that count as a repetition")

    @property
    def chunks(self) -> Chunks:
        """Sizes of what is heard."""
        return Chunks(self.first_chunk, self.later_chunk, self.chunk_growth, self.largest_chunk)

    @property
    def answer_chunks(self) -> Chunks:
        """Sizes of what the reader sees."""
        first = self.answer_first_chunk or self.first_chunk
        later = self.answer_later_chunk or self.later_chunk
        return Chunks(first, later, self.chunk_growth, self.largest_chunk)

    @model_validator(mode="after")
    def _all_known(self) -> EnsembleSpec:
        unknown = {*self.proposers, self.aggregator} - set(self.voices)
        if unknown:
            raise ValueError(f"no voice is called {', '.join(sorted(unknown))}")
        if self.kind == "mad" and self.aggregator not in self.proposers:
            raise ValueError("the aggregator of a debate is one of its proposers")
        return self
