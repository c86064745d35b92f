"""Answers in OpenAI's words: whole, or as server-sent events."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from llmx.core.errors import LlmxError
from llmx.core.events import ANSWER, Event
from llmx.serve.chat import Chat
from llmx.serve.refusal import Refusal, failed

_FINISH = {"eos": "stop", "stop": "stop", "length": "length", "filtered": "content_filter"}


@dataclass
class Answer:
    """One answer under way: the texts to show, and what is known of them."""

    chat: Chat
    model: str
    events: AsyncGenerator[Event, None]
    id: str = field(default_factory=lambda: f"chatcmpl-{uuid.uuid4().hex}")
    created: int = field(default_factory=lambda: int(time.time()))
    prompt_tokens: int = 0
    tokens: int = 0
    finish: str = "stop"

    async def pieces(self) -> AsyncIterator[str]:
        """Yield what the reader is to see, as it comes."""
        async for event in self.events:
            if event.who != ANSWER:
                continue
            if event.what == "piece":
                self.tokens += event.tokens
                self.prompt_tokens = event.prompt_tokens or self.prompt_tokens
                if event.text:
                    yield event.text
            elif event.what == "ended":
                self.finish = _FINISH.get(event.finish or "eos", "stop")

    def whole(self, text: str) -> dict[str, Any]:
        """Return the body of an answer that is not streamed."""
        message = {"role": "assistant", "content": text}
        choice = {"index": 0, "message": message, "finish_reason": self.finish, "logprobs": None}
        return {**self._head("chat.completion"), "choices": [choice], "usage": self._usage()}

    def event(self, delta: dict[str, Any], finish: str | None = None) -> str:
        """Return one server-sent event."""
        choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
        return said({**self._head("chat.completion.chunk"), "choices": [choice]})

    def last(self) -> str:
        """Return the events that end a stream."""
        usage = ""
        if self.chat.stream_options and self.chat.stream_options.include_usage:
            head = self._head("chat.completion.chunk")
            usage = said({**head, "choices": [], "usage": self._usage()})
        return self.event({}, self.finish) + usage + "data: [DONE]\n\n"

    def _head(self, kind: str) -> dict[str, Any]:
        return {"id": self.id, "object": kind, "created": self.created, "model": self.model}

    def _usage(self) -> dict[str, int]:
        total = self.prompt_tokens + self.tokens
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.tokens,
            "total_tokens": total,
        }


def said(body: dict[str, Any]) -> str:
    """Return a body as one server-sent event."""
    return f"data: {json.dumps(body, ensure_ascii=False)}\n\n"


async def streamed(answer: Answer, first: str, pieces: AsyncIterator[str]) -> AsyncIterator[str]:
    """Yield the events of a stream; one that breaks ends with an error, never in silence."""
    yield answer.event({"role": "assistant", "content": ""})
    if first:
        yield answer.event({"content": first})
    try:
        async for piece in pieces:
            yield answer.event({"content": piece})
    except LlmxError as error:
        yield said(failed(error).body())
        return
    except Exception:
        yield said(Refusal(500, "a fault of the server; see its log").body())
        raise
    yield answer.last()
