"""A chat request: what is read of it, what is refused, and how it becomes a sampler."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from llmx.core import json_text
from llmx.core.record import Message
from llmx.core.spec import SamplerSpec
from llmx.serve.limits import Limits
from llmx.serve.refusal import Refusal

_SEED = 1 << 63  # OpenAI's seeds are signed integers of 64 bits
_STOPS = 16
Stop = Annotated[str, Field(min_length=1, max_length=1000)]

# Fields that would change the answer and are not followed: better refused than passed over.
_UNFOLLOWED = (
    *("tools", "tool_choice", "functions", "function_call", "response_format", "logprobs"),
    *("top_logprobs", "logit_bias", "presence_penalty", "frequency_penalty", "modalities", "audio"),
)


class _Part(BaseModel):
    type: Literal["text"]
    text: str


class _Message(BaseModel):
    role: Literal["system", "developer", "user", "assistant"]
    content: str | list[_Part]

    def plain(self) -> Message:
        """Return the message with its parts as one text."""
        text = (
            self.content if isinstance(self.content, str) else "".join(p.text for p in self.content)
        )
        return Message(role="system" if self.role == "developer" else self.role, content=text)


class _StreamOptions(BaseModel):
    include_usage: bool = False


class Chat(BaseModel):
    """The body of ``POST /v1/chat/completions``; OpenAI's fields without effect are let be."""

    model_config = ConfigDict(extra="ignore")

    model: str = Field(max_length=200)
    messages: list[_Message] = Field(min_length=1)
    stream: bool = False
    stream_options: _StreamOptions | None = None
    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, gt=0, le=1)
    max_tokens: int | None = Field(default=None, ge=1)
    max_completion_tokens: int | None = Field(default=None, ge=1)
    seed: int | None = Field(default=None, ge=-_SEED, lt=_SEED)
    stop: Stop | Annotated[list[Stop], Field(max_length=_STOPS)] | None = None
    n: Literal[1] | None = None

    def turns(self) -> tuple[Message, ...]:
        """Return the conversation.

        Raises:
            Refusal: if it does not end with the user's turn.
        """
        if self.messages[-1].role != "user":
            raise Refusal(400, "the last message must be the user's", param="messages")
        return tuple(message.plain() for message in self.messages)

    def sampler(self, own: SamplerSpec) -> SamplerSpec:
        """Return the server's sampler with what the request asks for; its length is a limit."""
        limit = self.max_completion_tokens or self.max_tokens or own.max_tokens
        stop = (self.stop,) if isinstance(self.stop, str) else tuple(self.stop or own.stop)
        asked = {"temperature": self.temperature, "top_p": self.top_p}
        given = {name: value for name, value in asked.items() if value is not None}
        return own.model_copy(
            update={**given, "max_tokens": min(limit, own.max_tokens), "stop": stop}
        )


def parse_chat(raw: bytes | bytearray, limits: Limits) -> Chat:
    """Return the request of a body as it was sent.

    Raises:
        Refusal: if it is no JSON, or as :func:`read_chat`.
    """
    try:
        body = json_text.parse(raw, strict=True)
    except ValueError as error:
        raise Refusal(400, f"the body is no JSON: {error}") from None
    return read_chat(body, limits)


def read_chat(body: Any, limits: Limits | None = None) -> Chat:
    """Return the request of a JSON body.

    Raises:
        Refusal: naming the first field that is wrong or not followed, or the limit that is passed.
    """
    if not isinstance(body, dict):
        raise Refusal(400, "the body must be a JSON object")
    _check_size(body.get("messages"), limits or Limits())
    for name in _UNFOLLOWED:
        if body.get(name):
            raise Refusal(400, f"'{name}' is not supported here", param=name)
    try:
        return Chat.model_validate(body)
    except ValidationError as error:
        first = error.errors()[0]
        param = ".".join(str(part) for part in first["loc"])
        raise Refusal(400, f"{param}: {first['msg']}", param=param) from error


def _check_size(messages: Any, limits: Limits) -> None:
    """Refuse more messages or characters than are taken, before anything is made of them."""
    texts = list(_texts(messages))
    if len(texts) > limits.messages:
        text = f"{len(texts)} messages and parts; {limits.messages} are taken"
        raise Refusal(400, text, param="messages", code="too_many_messages")
    size = sum(map(len, texts))
    if size > limits.characters:
        text = f"the messages have {size} characters; {limits.characters} are taken"
        raise Refusal(400, text, param="messages", code="context_length_exceeded")


def _texts(messages: Any) -> Iterator[str]:
    """Yield the text of each message and part, of whatever shape; what is none is empty."""
    for message in messages if isinstance(messages, list) else ():
        content = message.get("content") if isinstance(message, dict) else None
        for part in content if isinstance(content, list) else (content,):
            text = part.get("text") if isinstance(part, dict) else part
            yield text if isinstance(text, str) else ""
