"""A chat request: what is read of it, what is refused, and how it becomes a sampler."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from llmx.core import json_text
from llmx.core.errors import nearest
from llmx.core.record import Message
from llmx.core.spec import SamplerSpec
from llmx.serve.limits import Limits
from llmx.serve.refusal import Refusal

_SEED = 1 << 63  # OpenAI's seeds are signed integers of 64 bits
_STOPS = 16
_SHOWN = 80  # characters of a stranger's name for a field
Stop = Annotated[str, Field(min_length=1, max_length=1000)]

_QUIET = frozenset(
    {
        *("user", "metadata", "safety_identifier", "service_tier", "parallel_tool_calls"),
        *("prompt_cache_key", "prompt_cache_retention"),
    }
)
"""Fields that change no answer."""
_USUAL: Mapping[str, tuple[Any, ...]] = {
    **dict.fromkeys(("tool_choice", "function_call"), ("none", "auto")),
    **dict.fromkeys(("tools", "functions", "documents", "stop_token_ids", "bad_words"), ([],)),
    **dict.fromkeys(("logit_bias", "chat_template_kwargs"), ({},)),
    **dict.fromkeys(("presence_penalty", "frequency_penalty", "min_p", "min_tokens"), (0,)),
    **dict.fromkeys(("repetition_penalty", "length_penalty", "typical_p", "best_of"), (1,)),
    **dict.fromkeys(("top_logprobs", "prompt_logprobs", "mirostat"), (0,)),
    **dict.fromkeys(("logprobs", "store", "echo", "ignore_eos", "use_beam_search"), (False,)),
    **dict.fromkeys(("continue_final_message", "include_stop_str_in_output"), (False,)),
    **dict.fromkeys(("return_token_ids", "return_tokens_as_token_ids"), (False,)),
    **dict.fromkeys(("add_generation_prompt", "skip_special_tokens"), (True,)),
    **dict.fromkeys(("audio", "prediction", "web_search_options", "reasoning_effort"), ()),
    **dict.fromkeys(("structured_outputs", "guided_json", "guided_regex", "guided_choice"), ()),
    **dict.fromkeys(("guided_grammar", "chat_template", "grammar"), ()),
    "response_format": ({"type": "text"},),
    "modalities": (["text"],),
    "verbosity": ("medium",),
}
"""Fields that would change the answer and are not followed: what means the default in each."""
_OF_A_TURN = frozenset({"role", "content", "reasoning", "reasoning_content"})
"""Fields of a message; templates leave out what was thought before."""


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
    model_config = ConfigDict(extra="forbid")

    include_usage: bool | None = False
    include_obfuscation: bool | None = None
    continuous_usage_stats: Literal[False] | None = None


class Chat(BaseModel):
    """The body of ``POST /v1/chat/completions``, as far as it is used."""

    model_config = ConfigDict(extra="ignore")

    model: str = Field(max_length=200)
    messages: list[_Message] = Field(min_length=1)
    stream: bool | None = False
    stream_options: _StreamOptions | None = None
    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, gt=0, le=1)
    top_k: int | None = Field(default=None, ge=-1, lt=1 << 31)
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
        top_k = None if self.top_k is None else max(self.top_k, 0)
        asked = {"temperature": self.temperature, "top_p": self.top_p, "top_k": top_k}
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
        Refusal: naming the first field that is wrong, unknown or not followed, or the limit that is
            passed.
    """
    if not isinstance(body, dict):
        raise Refusal(400, "the body must be a JSON object")
    _check_size(body.get("messages"), limits or Limits())
    _check_fields(body)
    try:
        return Chat.model_validate(body)
    except ValidationError as error:
        first = error.errors()[0]
        param = ".".join(str(part) for part in first["loc"])
        raise Refusal(400, f"{param}: {first['msg']}", param=param) from error


def _check_fields(body: Mapping[str, Any]) -> None:
    """Refuse what would change the answer and is not followed, by its name; typos among it."""
    for name, value in body.items():
        if name in _QUIET or name in Chat.model_fields:
            continue
        if name not in _USUAL:
            hint = nearest(name, [*Chat.model_fields, *_USUAL]) if len(name) < _SHOWN else ""
            text = f"there is no field '{name[:_SHOWN]}' here"
            close = f"; {hint}" if hint.startswith("did you") else ""
            raise Refusal(400, text + close, param=name[:_SHOWN], code="unknown_parameter")
        if value is not None and value not in _USUAL[name]:
            raise _unsupported(name)
    messages = body.get("messages")
    for place, message in enumerate(messages if isinstance(messages, list) else ()):
        for name, value in message.items() if isinstance(message, dict) else ():
            # Clients send back what they were given, with all that it did not have.
            if name not in _OF_A_TURN and value not in (None, "", [], {}):
                raise _unsupported(f"messages.{place}.{name[:_SHOWN]}")


def _unsupported(name: str) -> Refusal:
    return Refusal(400, f"'{name}' is not supported here", param=name, code="unsupported_parameter")


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
