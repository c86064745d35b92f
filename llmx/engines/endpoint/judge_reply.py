"""Short answers that are read, with what else their first token could have been."""

from __future__ import annotations

from math import inf
from typing import ClassVar

from pydantic import Field

from llmx.core.record import LEAST_LOGPROB, Record
from llmx.core.speech import Request
from llmx.engines.endpoint.engine import OpenAIEngine
from llmx.engines.endpoint.reply import Reply, record


class JudgeReply(Record):
    """A record, and what a judge's verdict is read from.

    Attributes:
        ended: the endpoint's word: a refusal to answer (a content filter) is one without a verdict.
    """

    younger: ClassVar[frozenset[str]] = Record.younger - {"ended"}

    alternatives: dict[str, float] = Field(
        default={}, description="the first token's rivals, itself among them → log-probability"
    )


class OpinionEngine(OpenAIEngine):
    """An endpoint that is asked for opinions."""

    def record(self, request: Request, reply: Reply) -> JudgeReply:
        """Return the opinion of an answer."""
        plain = record(request, reply, self.spec)
        return JudgeReply(**plain.model_dump(), alternatives=_alternatives(reply))


def _alternatives(reply: Reply) -> dict[str, float]:
    told = reply.choices[0].logprobs
    if told is None or not told.content:
        return {}
    rivals = told.content[0].top_logprobs or ()
    return {one.token: max(one.logprob, LEAST_LOGPROB) for one in rivals if one.logprob < inf}
