"""The document that an exploration writes."""

from __future__ import annotations

from typing import Literal

from pydantic import AliasChoices, Field

from llmx.core.figure import Span, Spread
from llmx.core.record import Frozen
from llmx.core.spec import Semantics


class LoggedRule(Frozen):
    """The accept rule of a logged arm."""

    arm: str
    algorithm: str
    measure: str | None = Field(default=None, description="of a fuzzy arm")
    semantics: Semantics = "research"
    threshold: float | None = Field(default=None, description="nats; as calibrated or given")
    gamma: int
    draft: str = Field(description="how the replayed blocks were drafted")
    stride: int = Field(description="a block at every so many positions")
    seed: int


class AtShare(Frozen):
    """What a measure lets pass at the threshold of the share asked for."""

    measure: str
    threshold: float
    share: float = Field(description="the nearest draft share that it can give")
    refused: float = Field(
        description="of the accepted tokens, those that the lossless test refuses"
    )
    not_argmax: float = Field(description="of them, those that are not the target's first choice")
    surprise: float = Field(description="mean -ln p of the accepted tokens, nats")


class Curve(Frozen):
    """A measure over its thresholds, from strict to loose."""

    measure: str
    thresholds: tuple[float, ...]
    shares: tuple[float, ...]
    refused: tuple[float, ...]


class Transfer(Frozen):
    """A threshold solved under one divergence and used under another; shares of drafted tokens."""

    source: str = Field(validation_alias=AliasChoices("from", "source"))
    to: str
    asked_share: float
    threshold: float
    share: float
    low: float
    high: float
    spread: Spread | None = Field(default=None, description="None: of an older exploration")


class Agreement(Frozen):
    """How often two measures decide differently at the share asked for."""

    first: str
    second: str
    differ: float = Field(description="share of the drafted tokens that count")


class Drift(Frozen):
    """The draft share of an arm, as three texts tell it."""

    arm: str
    measure: str
    threshold: float = Field(description="mean over the seeds")
    predicted: float = Field(description="from blocks along the reference's texts")
    own: float = Field(description="from blocks along the arm's own texts")
    real: float = Field(description="as it decoded them")
    texts: Span = Field(description="own - predicted: the arm's texts are others")
    alignment: Span = Field(description="real - own: its blocks start elsewhere than every stride")
    whole: Span = Field(description="real - predicted")


class Explored(Frozen):
    """Everything that an exploration found."""

    schema_version: Literal[1] = 1
    base: str = Field(description="the arm along whose texts measures are compared")
    semantics: Semantics
    asked_share: float
    problems: int
    seeds: int
    blocks: int
    tokens: int = Field(description="drafted tokens that count")
    at_share: tuple[AtShare, ...]
    curves: tuple[Curve, ...]
    transfer: tuple[Transfer, ...]
    agreement: tuple[Agreement, ...]
    drift: tuple[Drift, ...]
    notes: tuple[str, ...] = ()
