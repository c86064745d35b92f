"""What an endpoint answered: read with patience, then a record.

An answer was waited for and perhaps paid for. So nothing beside its text is a reason to throw it
away: a field that cannot be read is one that nobody sent. What says that it is no answer at all
(another document, an error of the endpoint's own) is told from that.
"""

from __future__ import annotations

import json
from math import isfinite
from typing import Annotated, Any, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from llmx.core import json_text
from llmx.core.record import LEAST_LOGPROB, CostVector, Finish, Record, ToolCall
from llmx.core.spec import EngineSpec
from llmx.core.speech import Request
from llmx.engines.endpoint.content import Content, split_content
from llmx.engines.endpoint.ending import FAILED, USUAL, ending_of
from llmx.engines.endpoint.retry import Transient

T = TypeVar("T")


def _or_none(value: Any, read: ValidatorFunctionWrapHandler) -> Any:
    try:
        return read(value)
    except ValidationError:
        return None


Patient = Annotated[T | None, WrapValidator(_or_none)]
"""A field beside the text: None where it cannot be read."""
_Count = Patient[Annotated[int, Field(ge=0)]]


class _Read(BaseModel):
    """Endpoints send more than is read here."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class _Function(_Read):
    name: Patient[str] = None
    arguments: Any = ""


class _Call(_Read):
    id: Patient[str] = None
    function: _Function


class _ReplyMessage(_Read):
    content: Annotated[Content, BeforeValidator(split_content)] = Content()
    reasoning_content: Patient[str] = None
    reasoning: Patient[str] = None
    refusal: Patient[str] = None
    tool_calls: Patient[tuple[Patient[_Call], ...]] = None

    @property
    def thought(self) -> str:
        """What was thought and not said."""
        return self.reasoning_content or self.reasoning or self.content.thought


class _Rival(_Read):
    token: str
    logprob: float


class _Token(_Read):
    logprob: Patient[float] = None
    top_logprobs: Patient[tuple[_Rival, ...]] = None


class _Logprobs(_Read):
    content: Patient[tuple[_Token, ...]] = None


class _Choice(_Read):
    message: Annotated[_ReplyMessage, BeforeValidator(lambda given: given or {})]
    finish_reason: Patient[str] = None
    stop_reason: Patient[int | str] = None
    token_ids: Patient[tuple[int, ...]] = None
    logprobs: Patient[_Logprobs] = None
    error: Any = None


class _Sent(_Read):
    cached_tokens: _Count = None


class _Received(_Read):
    reasoning_tokens: _Count = None


class _Usage(_Read):
    prompt_tokens: _Count = None
    completion_tokens: _Count = None
    prompt_tokens_details: Patient[_Sent] = None
    completion_tokens_details: Patient[_Received] = None

    @property
    def cached(self) -> int:
        """Prompt tokens that were found in a cache, as far as the endpoint says so."""
        told = self.prompt_tokens_details
        return min(told.cached_tokens or 0, self.prompt_tokens or 0) if told else 0

    @property
    def reasoning(self) -> int:
        """Completion tokens that were thought and not said, as far as the endpoint says so."""
        told = self.completion_tokens_details
        return min(told.reasoning_tokens or 0, self.completion_tokens or 0) if told else 0


class Reply(_Read):
    """A chat completion, as far as it is used."""

    choices: tuple[_Choice, ...] = Field(min_length=1)
    usage: Patient[_Usage] = None
    prompt_token_ids: Patient[tuple[int, ...]] = None


FILTERED = Reply.model_validate(
    {"choices": [{"message": {}, "finish_reason": "content_filter"}], "usage": {}}
)
"""The answer to a prompt that a filter took before a model saw it."""


class NoAnswerError(Exception):
    """An error of the endpoint's own where an answer should be.

    Args:
        error: what stands under ``error``: words, or a mapping with ``message`` and ``code``.
    """

    def __init__(self, error: Any) -> None:
        super().__init__(said(error))
        self.error = error


def said(error: Any) -> str:
    """Return the words of an error in one of the forms that endpoints have for it."""
    text = error.get("message") or error if isinstance(error, dict) else error
    return " ".join(str(text).split())


def read(content: bytes) -> Reply:
    """Return what a body says.

    Raises:
        NoAnswerError: if it says that there is no answer.
        Transient: if it is not a chat completion, whole and well formed: a proxy's page, half a
            document. Asking again is what helps.
    """
    try:
        # Some begin with a byte-order mark, and a text may be cut inside of a character.
        found = json_text.parse(content.decode("utf-8-sig", errors="replace"), mend=True)
    except ValueError as error:
        raise Transient("malformed", f"a malformed answer (the body: {error})") from error
    if isinstance(found, dict) and found.get("error") and not found.get("choices"):
        raise NoAnswerError(found["error"])
    try:
        reply = Reply.model_validate(found)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the body"
        raise Transient("malformed", f"a malformed answer ({where}: {first['msg']})") from error
    choice = reply.choices[0]
    if choice.finish_reason in FAILED:
        raise NoAnswerError(choice.error or choice.finish_reason)
    return reply


def record(request: Request, reply: Reply, spec: EngineSpec) -> Record:
    """Return the record of an answer; one that a filter took is an answer too."""
    choice, usage, message = reply.choices[0], reply.usage, reply.choices[0].message
    ids, prompt_ids = choice.token_ids or (), reply.prompt_token_ids or ()
    counted = usage.completion_tokens if usage else None
    word = "refusal" if message.refusal else choice.finish_reason or "null"
    return Record(
        id=request.id,
        prompt_ids=prompt_ids,
        completion_ids=ids,
        prompt=_prompt(request),
        text=message.content.text or message.refusal or "",
        finish=_finish(request, choice, len(ids) or counted or 0),
        rounds=len(ids) or counted or 0,
        logprobs=_logprobs(choice),
        prompt_tokens=usage.prompt_tokens if usage and not prompt_ids else None,
        completion_tokens=counted if not ids else None,
        calls=tuple(_calls(message)),
        draw=request.draw,
        cost=_cost(spec, reply),
        reasoning=message.thought,
        ended="" if word in USUAL else word,
    )


def _prompt(request: Request) -> str:
    """Return what was sent, for people; with the beginning of the answer where there is one."""
    turns = [message.shown for message in request.messages]
    begun = "".join(part.text for part in request.prefix)
    return "\n".join([*turns, f"assistant: {begun}"] if begun else turns)


def _cost(spec: EngineSpec, reply: Reply) -> CostVector | None:
    """Tokens as the endpoint counts them: it charges for those, whatever ids it sends."""
    if reply.usage is None:
        choice = reply.choices[0]
        return spec.cost(len(reply.prompt_token_ids or ()), len(choice.token_ids or ()))
    usage = reply.usage
    sent, received = usage.prompt_tokens or 0, usage.completion_tokens or 0
    return spec.cost(sent, received, usage.cached, usage.reasoning)


def _logprobs(choice: _Choice) -> tuple[float, ...]:
    """Return what there is for every token; one that cannot be says -Infinity."""
    told = choice.logprobs.content if choice.logprobs else None
    found = [token.logprob for token in told or ()]
    known = [float(one) for one in found if one is not None and (isfinite(one) or one < 0)]
    return tuple(max(one, LEAST_LOGPROB) for one in known) if len(known) == len(found) else ()


def _calls(message: _ReplyMessage) -> list[ToolCall]:
    asked = [(call.id, call.function) for call in message.tool_calls or () if call]
    return [
        ToolCall(
            id=id or "",
            name=function.name or "",
            arguments=function.arguments
            if isinstance(function.arguments, str)
            else json.dumps(function.arguments, ensure_ascii=False),
        )
        for id, function in asked
    ]


def _finish(request: Request, choice: _Choice, tokens: int) -> Finish:
    """OpenAI's protocol has one word for an EOS and a stop text; vLLM adds which it was.

    An ending without a word, or with an unknown one, is told by its length.
    """
    reason = choice.finish_reason
    if choice.message.refusal:
        return "filtered"
    known = ending_of(reason)
    if known is not None:
        return known
    if reason != "stop" and tokens >= request.sampler.max_tokens:
        return "length"
    if isinstance(choice.stop_reason, str):
        return "stop"
    told = "stop_reason" in choice.model_fields_set
    return "eos" if told or not request.sampler.stop else "stop"
