"""What goes to an engine and comes back: requests and records."""

from __future__ import annotations

from typing import Literal

from llmx.core.errors import ConfigError
from llmx.core.record import Frozen, Sample
from llmx.core.spec import SamplerSpec

Capability = Literal["text", "chat", "raw", "logprobs", "step", "stream", "embed"]


class Message(Frozen):
    """One turn of a chat."""

    role: Literal["system", "user", "assistant"]
    content: str


class Request(Frozen):
    """One prompt to complete.

    The engine renders ``messages`` with the model's own chat template; the token ids that it sent
    come back in the record. Every random number is fixed by (seed, id). An engine that is capable
    of `raw` sends ``raw`` as it is, where there is one, and ``messages`` are then empty.
    """

    id: str
    messages: tuple[Message, ...] = ()
    raw: str | None = None
    sampler: SamplerSpec
    threshold: float | None = None
    seed: int = 0

    def resolved_threshold(self) -> float:
        """Return the threshold to decode with: a calibrated one, or the sampler's own.

        Raises:
            ConfigError: if the sampler asks for a share or an accuracy that nobody has calibrated.
        """
        if self.threshold is not None:
            return self.threshold
        if self.sampler.needs_calibration:
            raise ConfigError(
                f"{self.sampler.asked} has no threshold yet",
                "add a divergence_quantiles stage to the stage's needs, or set sampler.threshold",
            )
        return self.sampler.threshold or 0.0


def ask(
    sample: Sample,
    instruction: str,
    sampler: SamplerSpec,
    seed: int,
    threshold: float | None = None,
    *,
    system: str = "",
    preamble: str = "",
) -> Request:
    """Return the request that puts one problem to a model, as a single user turn.

    Args:
        instruction: stands below the question.
        system: a turn before it; none where empty.
        preamble: stands above the question.
    """
    turns = turns_of(sample.question, instruction, system=system, preamble=preamble)
    return Request(id=sample.id, messages=turns, sampler=sampler, threshold=threshold, seed=seed)


def turns_of(
    question: str, instruction: str = "", *, system: str = "", preamble: str = ""
) -> tuple[Message, ...]:
    """Return the turns that ask a question; the arguments are those of :func:`ask`."""
    parts = (preamble.strip(), question, instruction)
    turn = Message(role="user", content="\n\n".join(part for part in parts if part))
    return (Message(role="system", content=system), turn) if system else (turn,)
