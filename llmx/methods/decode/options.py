"""The settings of a decoding run, checked once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from llmx.core.errors import ConfigError
from llmx.core.spec import Algorithm, Divergence


@dataclass(frozen=True)
class DecodeOptions:
    """How tokens are drawn.

    Attributes:
        algorithm: ``target`` or ``draft`` alone, lossless ``speculative`` (Leviathan et al.,
            arXiv 2211.17192), ``fuzzy`` (Holsman et al., arXiv 2502.20704), or ``random``
            acceptance, the control of the latter.
        temperature: 0 = arg-max.
        top_k: 0 = off.
        gamma: tokens drafted in a round.
        draft: ``sampled`` draws from the draft's own warped distribution, the acceptance ratio
            then uses that distribution; ``greedy`` drafts the arg-max and the ratio uses a one-hot
            q. Both are lossless under ``speculative``. (transformers 4.44, which the paper used,
            drafted greedily with a soft q in the ratio; that is not lossless and not offered.)
        semantics: of ``fuzzy``. ``research``: accept iff the divergence is at most the threshold,
            otherwise draw from the full target. ``fallback``: otherwise the speculative test
            decides, and a rejection draws from its residual.
        threshold: nats for ``fuzzy`` (infinite values allowed), a probability for ``random``.
        eos_ids: tokens that end an output; they are part of it.
        first_block: ``draft`` drafts from the prompt at once, as the authors' code does;
            ``target`` takes one target token first, as vLLM does. The law of ``fuzzy`` depends
            on it, since the alignment of the blocks does.

    Raises:
        ConfigError: for a value out of range.
    """

    algorithm: Algorithm
    temperature: float = 0.6
    top_p: float = 0.9
    top_k: int = 0
    max_tokens: int = 160
    gamma: int = 5
    draft: Literal["sampled", "greedy"] = "sampled"
    semantics: Literal["research", "fallback"] = "research"
    divergence: Divergence = "js"
    threshold: float = 0.0
    eos_ids: tuple[int, ...] = ()
    first_block: Literal["draft", "target"] = "draft"

    def __post_init__(self) -> None:
        _need(0 <= self.temperature < float("inf"), "temperature", self.temperature, "0 or more")
        _need(0 < self.top_p <= 1, "top_p", self.top_p, "a number in (0, 1]")
        _need(self.top_k >= 0, "top_k", self.top_k, "0 (off) or more")
        _need(self.max_tokens >= 1, "max_tokens", self.max_tokens, "1 or more")
        _need(self.gamma >= 1, "gamma", self.gamma, "1 or more")
        _need(self.threshold == self.threshold, "threshold", self.threshold, "a number")
        chance = self.algorithm != "random" or 0 <= self.threshold <= 1
        _need(chance, "threshold", self.threshold, "a probability for algorithm=random")

    @property
    def uses_target(self) -> bool:
        """Whether a target model is run at all."""
        return self.algorithm != "draft"

    @property
    def uses_draft(self) -> bool:
        """Whether a draft model is run at all."""
        return self.algorithm != "target"

    @property
    def one_hot_draft(self) -> bool:
        """Whether the drafted token is the arg-max, so that q is one-hot in the ratio."""
        return self.draft == "greedy" or self.temperature == 0

    @property
    def tests_ratio(self) -> bool:
        """Whether the speculative test takes part in acceptance."""
        fallback = self.algorithm == "fuzzy" and self.semantics == "fallback"
        return self.algorithm == "speculative" or fallback


def _need(true: bool, name: str, value: object, wanted: str) -> None:
    if not true:
        raise ConfigError(f"decoding option {name}={value} is not allowed", f"{name} is {wanted}")
