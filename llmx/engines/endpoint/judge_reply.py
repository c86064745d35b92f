"""Short answers that are read, with what else their first token could have been."""

from __future__ import annotations

from pydantic import Field

from llmx.core.record import Record
from llmx.core.speech import Request
from llmx.engines.endpoint.engine import OpenAIEngine
from llmx.engines.endpoint.reply import Reply, record

_USUAL = ("stop", "length")


class JudgeReply(Record):
    """A record, and what a judge's verdict is read from."""

    alternatives: dict[str, float] = Field(
        default={}, description="the first token's rivals, itself among them → log-probability"
    )
    ended: str = Field(default="", description="the endpoint's word, where it is not a usual one")


class OpinionEngine(OpenAIEngine):
    """An endpoint whose refusal to answer (a content filter) is an answer without a verdict."""

    def record(self, request: Request, reply: Reply) -> JudgeReply:
        """Return the opinion of an answer."""
        choice = reply.choices[0]
        ended = "" if choice.finish_reason in _USUAL else str(choice.finish_reason)
        if ended:
            usual = choice.model_copy(update={"finish_reason": "stop"})
            reply = reply.model_copy(update={"choices": (usual, *reply.choices[1:])})
        plain = record(request, reply, self.spec)
        return JudgeReply(**plain.model_dump(), alternatives=_alternatives(reply), ended=ended)


def _alternatives(reply: Reply) -> dict[str, float]:
    told = reply.choices[0].logprobs
    if told is None or not told.content:
        return {}
    return {rival.token: rival.logprob for rival in told.content[0].top_logprobs or ()}
