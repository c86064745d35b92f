"""What an endpoint answered: validated, then a record."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from llmx.core.errors import EngineError
from llmx.core.record import CostVector, Finish, Record
from llmx.core.spec import EngineSpec
from llmx.core.speech import Request
from llmx.engines.endpoint.retry import Transient


class _Read(BaseModel):
    """Endpoints send more than is read here."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class _ReplyMessage(_Read):
    content: str | None = None


class _Rival(_Read):
    token: str
    logprob: float


class _Token(_Read):
    logprob: float
    top_logprobs: tuple[_Rival, ...] | None = None


class _Logprobs(_Read):
    content: tuple[_Token, ...] | None = None


class _Choice(_Read):
    message: _ReplyMessage
    finish_reason: str | None
    stop_reason: int | str | None = None
    token_ids: tuple[int, ...] | None = None
    logprobs: _Logprobs | None = None


class _Sent(_Read):
    cached_tokens: int | None = None


class _Received(_Read):
    reasoning_tokens: int | None = None


class _Usage(_Read):
    prompt_tokens: int = Field(ge=0)
    completion_tokens: int = Field(default=0, ge=0)
    prompt_tokens_details: _Sent | None = None
    completion_tokens_details: _Received | None = None

    @property
    def cached(self) -> int:
        """Prompt tokens that were found in a cache, as far as the endpoint says so."""
        told = self.prompt_tokens_details
        return min(max(told.cached_tokens or 0, 0), self.prompt_tokens) if told else 0

    @property
    def reasoning(self) -> int:
        """Completion tokens that were thought and not said, as far as the endpoint says so."""
        told = self.completion_tokens_details
        return min(max(told.reasoning_tokens or 0, 0), self.completion_tokens) if told else 0


class Reply(_Read):
    """A chat completion, as far as it is used."""

    choices: tuple[_Choice, ...] = Field(min_length=1)
    usage: _Usage | None = None
    prompt_token_ids: tuple[int, ...] | None = None


def read(content: bytes) -> Reply:
    """Return what a body says.

    Raises:
        Transient: if it is not a chat completion, whole and well formed: a proxy's page, half a
            document. Asking again is what helps.
    """
    try:
        return Reply.model_validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the body"
        raise Transient("malformed", f"a malformed answer ({where}: {first['msg']})") from error


def record(request: Request, reply: Reply, spec: EngineSpec) -> Record:
    """Return the record of an answer.

    Raises:
        EngineError: if the endpoint ended the answer for a reason of its own (a content filter).
    """
    choice, usage = reply.choices[0], reply.usage
    ids, prompt_ids = choice.token_ids or (), reply.prompt_token_ids or ()
    counted = usage.completion_tokens if usage else None
    told = choice.logprobs.content if choice.logprobs and choice.logprobs.content else ()
    return Record(
        id=request.id,
        prompt_ids=prompt_ids,
        completion_ids=ids,
        prompt="\n".join(f"{m.role}: {m.content}" for m in request.messages),
        text=choice.message.content or "",
        finish=_finish(request, choice),
        rounds=len(ids) or counted or 0,
        logprobs=tuple(token.logprob for token in told),
        prompt_tokens=usage.prompt_tokens if usage and not prompt_ids else None,
        completion_tokens=counted if not ids else None,
        cost=_cost(spec, reply),
    )


def _cost(spec: EngineSpec, reply: Reply) -> CostVector | None:
    """Tokens as the endpoint counts them: it charges for those, whatever ids it sends."""
    if reply.usage is None:
        choice = reply.choices[0]
        return spec.cost(len(reply.prompt_token_ids or ()), len(choice.token_ids or ()))
    usage = reply.usage
    return spec.cost(usage.prompt_tokens, usage.completion_tokens, usage.cached, usage.reasoning)


def _finish(request: Request, choice: _Choice) -> Finish:
    """OpenAI's protocol has one word for an EOS and a stop text; vLLM adds which it was."""
    reason = choice.finish_reason
    if reason == "length":
        return "length"
    if reason != "stop":
        text = f"sample '{request.id}': the endpoint ended the answer: {reason}"
        raise EngineError(text, "take the sample out, or ask another endpoint")
    if isinstance(choice.stop_reason, str):
        return "stop"
    known = "stop_reason" in choice.model_fields_set
    return "eos" if known or not request.sampler.stop else "stop"
