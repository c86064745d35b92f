"""Server-sent events of an endpoint."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import Any

import httpx2

from llmx.core import json_text
from llmx.core.errors import ContextLengthError, EngineError
from llmx.engines.endpoint.address import Address
from llmx.engines.endpoint.call import client

DONE: dict[str, Any] = {"done": True}
"""What stands for ``[DONE]``."""

_SAID = 300  # characters of an endpoint's own words
# How OpenAI, vLLM and llama.cpp say that a prompt is longer than their model can read.
_TOO_LONG = ("context_length_exceeded", "maximum context length", "exceed_context_size_error")


async def post(
    address: Address, name: str, path: str, body: Mapping[str, Any]
) -> AsyncGenerator[dict[str, Any], None]:
    """Send a request and yield the JSON of each event; closing it ends the connection.

    The end that the endpoint announces is yielded too, as :data:`DONE`.

    Args:
        name: who asks, for errors.

    Raises:
        ContextLengthError: if the endpoint says that the prompt is too long.
        EngineError: if it refuses, fails, or breaks off.
    """
    where = f"'{name}' at {address.url}"
    try:
        async with (
            client(address, 1) as http,
            http.stream("POST", path, json=dict(body)) as response,
        ):
            if response.status_code != 200:
                said = (await response.aread()).decode(errors="replace")
                raise _told(address, where, said, response.status_code)
            async for event in _events(response):
                if event.get("error"):
                    raise _told(address, where, str(event["error"]))
                yield event
    except httpx2.TransportError as error:
        raise _told(address, where, str(error) or type(error).__name__) from error


def _told(address: Address, where: str, said: str, status: int | None = None) -> EngineError:
    """Return the error of what an endpoint says; without a status it says so in its stream."""
    too_long = status in (400, None) and any(mark in said for mark in _TOO_LONG)
    text = " ".join(f"{status or ''} {said[:_SAID]}".split())
    kind = ContextLengthError if too_long else EngineError
    return kind(address.without_key(f"{where}: {text}"))


async def _events(response: httpx2.Response) -> AsyncIterator[dict[str, Any]]:
    """Yield the JSON of each server-sent event, and its end."""
    held: list[str] = []
    async for line in _lines(response):
        kind, _, data = line.partition(":")
        if kind == "data":
            held.append(data.removeprefix(" "))
        # Most events are one line, and not all are followed by an empty one, which ends them.
        found = _event(held, over=not line)
        if found is not None:
            held = []
            yield found
    _event(held, over=True)


def _event(held: list[str], over: bool) -> dict[str, Any] | None:
    """Return what the lines of an event say; None if it says nothing, or more is to come."""
    text = "\n".join(held).strip()
    if not text:
        return None
    if text == "[DONE]":
        return DONE
    try:
        found = json_text.parse(text, mend=True)
    except ValueError as error:
        if not over:
            return None
        raise EngineError(f"an endpoint sent what is no JSON: {text[:100]!r}") from error
    return found if isinstance(found, dict) else {}


async def _lines(response: httpx2.Response) -> AsyncIterator[str]:
    r"""Yield the lines of a stream, which ``\n`` alone ends: texts may hold other ends."""
    rest = b""
    first = True
    async for part in response.aiter_bytes():
        *whole, rest = (rest + part).split(b"\n")
        for line in whole:
            text = line.removesuffix(b"\r").decode("utf-8-sig" if first else "utf-8", "replace")
            first = False
            yield text
    if rest:
        yield rest.decode("utf-8-sig" if first else "utf-8", "replace")
