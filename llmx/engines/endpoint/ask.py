"""From a request to what an endpoint is sent, and the refusal of what it could not do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmx.core import json_text
from llmx.core.errors import ConfigError
from llmx.core.exposure import exposures, refusal
from llmx.core.philox import keys
from llmx.core.record import Message
from llmx.core.spec import EngineSpec, ModelSpec, SamplerSpec
from llmx.core.speech import Request, sent_form
from llmx.engines.endpoint.address import named_url

_SEEDS = 1 << 31  # endpoints take non-negative 32-bit integers
_NEUTRAL: Mapping[str, object] = {"top_k": 0, "repetition_penalty": 1.0}


def check(sampler: SamplerSpec, spec: EngineSpec) -> None:
    """Refuse a sampler that an endpoint cannot follow, and a wrong address.

    Raises:
        ConfigError: naming the setting, and what to do.
    """
    if spec.is_elsewhere:
        named_url(spec)
    if sampler.algorithm != "target":
        text = f"engine '{spec.kind}' has one model and its own loop: no {sampler.algorithm}"
        raise ConfigError(text, "sampler=target or sampler=greedy; engine=hf or engine=vllm")
    for name, neutral in _NEUTRAL.items():
        if not spec.speaks_vllm and getattr(sampler, name) != neutral:
            text = f"OpenAI's protocol has no sampler.{name}"
            raise ConfigError(text, f"sampler.{name}={neutral}, or engine.dialect=vllm")


def check_options(options: Mapping[str, Any]) -> None:
    """Refuse what must not be written down: options end up in the run folder.

    Raises:
        ConfigError: for what looks like a secret, at any depth.
    """
    first = next(exposures(options, ("engine", "options")), None)
    if first is not None:
        raise refusal(first)


def served_name(model: ModelSpec, spec: EngineSpec) -> str:
    """Return the name by which the endpoint knows the model."""
    return spec.served_model or model.target


def body(request: Request, model: ModelSpec, spec: EngineSpec) -> dict[str, Any]:
    """Return the JSON of one chat completion.

    Options stand above everything, by the endpoint's own names; ``null`` takes a key out, e.g.
    ``engine.options.max_tokens=null engine.options.max_completion_tokens=512``.
    """
    sampler = request.sampler
    found: dict[str, Any] = {
        "model": served_name(model, spec),
        **_turns(request, spec),
        **_tools(request),
        **_schema(request),
        "temperature": sampler.temperature,
        "top_p": sampler.top_p,
        "max_tokens": sampler.max_tokens,
        "presence_penalty": sampler.presence_penalty,
        "frequency_penalty": sampler.frequency_penalty,
        "seed": seed_of(request),
        "stop": list(sampler.stop) or None,
        "logprobs": True if spec.logprobs else None,
        **({**of_vllm(sampler), "return_token_ids": True} if spec.speaks_vllm else {}),
        **spec.options,
    }
    return {name: value for name, value in found.items() if value is not None}


def _turns(request: Request, spec: EngineSpec) -> dict[str, Any]:
    """Return the messages; an answer that was begun is the last one, and is gone on with.

    Raises:
        ConfigError: for an endpoint whose protocol has no such thing.
    """
    messages = [_sent(message) for message in request.messages]
    if not request.prefix:
        return {"messages": messages}
    check_continues(spec)
    begun = {"role": "assistant", "content": "".join(part.text for part in request.prefix)}
    flags = {"continue_final_message": True, "add_generation_prompt": False}
    return {"messages": [*messages, begun], **flags}


def _sent(message: Message) -> dict[str, Any]:
    """Return a message by OpenAI's names; one that only calls has no content, not an empty one."""
    found = sent_form(message)
    return {**found, "content": None} if message.calls and not message.content else found


def _tools(request: Request) -> dict[str, Any]:
    """Return the tools that the model may call; which of them, and whether, it decides."""
    if not request.tools:
        return {}
    told = [{"type": "function", "function": one.model_dump()} for one in request.tools]
    choice = "required" if request.must_call else "auto"
    return {"tools": told, "tool_choice": choice, "parallel_tool_calls": request.parallel}


def _schema(request: Request) -> dict[str, Any]:
    """Return the schema that the answer has to fit, by OpenAI's names."""
    if not request.answer_schema:
        return {}
    told = {"name": "reply", "schema": json_text.parse(request.answer_schema)}
    return {"response_format": {"type": "json_schema", "json_schema": told}}


def check_continues(spec: EngineSpec) -> None:
    """Refuse to go on with an answer that was begun, where the protocol has no such thing.

    Raises:
        ConfigError: with the engines that can.
    """
    if not spec.speaks_vllm:
        text = f"engine '{spec.kind}' cannot go on with an answer that was begun"
        raise ConfigError(
            text, "engine=hf or engine=vllm, or engine.dialect=vllm if its server can"
        )


def seed_of(request: Request) -> int:
    """Return the endpoint's seed of a request: a function of (seed, sample, draw)."""
    return int(keys(request.seed, [request.dice])[0]) % _SEEDS


def of_vllm(sampler: SamplerSpec) -> dict[str, Any]:
    """Return settings that vLLM's server has beyond OpenAI's protocol."""
    return {
        "top_k": sampler.top_k or -1,
        "repetition_penalty": sampler.repetition_penalty,
    }
