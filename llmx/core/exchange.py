"""What goes to an engine and comes back: requests and records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from llmx.core.errors import ConfigError
from llmx.core.record import Frozen, Message, Sample, ToolCall
from llmx.core.spec import SamplerSpec

__all__ = ["Capability", "Message", "Request", "ask", "sent_form", "turns_of"]

Capability = Literal["text", "chat", "raw", "logprobs", "step", "stream", "embed"]


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
    """Return the request that puts one problem to a model, as the last user turn.

    Args:
        instruction: stands below the question.
        system: a turn before all others; none where empty.
        preamble: stands above the question.

    Raises:
        ConfigError: if both the arm and the problem bring a system turn.
    """
    turns = turns_of(
        sample.question, instruction, system=system, preamble=preamble, before=sample.turns
    )
    return Request(id=sample.id, messages=turns, sampler=sampler, threshold=threshold, seed=seed)


def turns_of(
    question: str,
    instruction: str = "",
    *,
    system: str = "",
    preamble: str = "",
    before: Sequence[Message] = (),
) -> tuple[Message, ...]:
    """Return the turns that ask a question; the arguments are those of :func:`ask`.

    Args:
        before: turns of the chat so far, oldest first.
    """
    parts = (preamble.strip(), question, instruction)
    turn = Message(role="user", content="\n\n".join(part for part in parts if part))
    if not system:
        return (*before, turn)
    if any(one.role == "system" for one in before):
        raise ConfigError("a problem brings a system turn of its own", "set data.system=''")
    return (Message(role="system", content=system), *before, turn)


def sent_form(message: Message) -> dict[str, Any]:
    """Return a message as chat templates and endpoints take it, by OpenAI's names."""
    found: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.calls:
        found["tool_calls"] = [_sent_call(call) for call in message.calls]
    if message.call:
        found["tool_call_id"] = message.call
    if message.reasoning:
        found["reasoning_content"] = message.reasoning
    return found


def _sent_call(call: ToolCall) -> dict[str, Any]:
    asked = {"name": call.name, "arguments": call.arguments}
    return {"id": call.id, "type": "function", "function": asked}
