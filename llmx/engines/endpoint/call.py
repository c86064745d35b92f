"""One request until it has an answer: tries, waits, and a deadline."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, NoReturn

import httpx2

from llmx.core import json_text
from llmx.core.errors import ContextLengthError, EngineError, RequestError
from llmx.core.spec import EngineSpec
from llmx.core.speech import Request
from llmx.engines.endpoint.address import Address
from llmx.engines.endpoint.ending import is_filter, is_too_long
from llmx.engines.endpoint.reply import FILTERED, NoAnswerError, Reply, read, said
from llmx.engines.endpoint.retry import Transient, asked_for, transient_status, wait

_SAID = 300  # characters of a server's own words
_CONNECT = 20.0  # seconds
_ITS_OWN = (400, 413, 422)  # what is wrong is the request, and another may be answered


@dataclass
class Caller:
    """Sends bodies to one endpoint and counts what happened.

    Attributes:
        failed: why tries failed that were made again, and how often.
        perhaps_billed: failed tries that the endpoint may have worked on.
    """

    address: Address
    spec: EngineSpec
    client: httpx2.AsyncClient
    tries: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    perhaps_billed: int = 0

    async def answer(self, request: Request, body: dict[str, Any]) -> Reply:
        """Ask until there is an answer.

        Raises:
            EngineError: if the endpoint refuses, or nothing helped in time.
        """
        started, trial = time.monotonic(), 0
        while True:
            try:
                return await self._try(request, body, self._left(started))
            except Transient as error:
                trial += 1
                self.failed[error.reason] += 1
                self.perhaps_billed += error.billed
                pause = wait(trial, error.after, request.id)
                self._give_up(request, error, trial, self._left(started), pause)
            await asyncio.sleep(pause)

    def _left(self, started: float) -> float | None:
        if self.spec.deadline is None:
            return None
        return max(self.spec.deadline - (time.monotonic() - started), 0.001)

    def _give_up(
        self, request: Request, error: Transient, trial: int, left: float | None, pause: float
    ) -> None:
        late = left is not None and pause >= left
        if not late and trial <= self.spec.retries:
            return
        limit = f"engine.deadline={self.spec.deadline:g}" if late else "engine.retries"
        text = f"sample '{request.id}': {self.address.url}: {error.text} ({_times(trial)})"
        raise EngineError(self.address.without_key(text), f"the same command resumes; {limit}")

    async def _try(self, request: Request, body: dict[str, Any], left: float | None) -> Reply:
        self.tries += 1
        limit = self.spec.timeout if left is None else min(left, self.spec.timeout)
        try:
            # The whole try, as a body that trickles in never lets a read time out.
            async with asyncio.timeout(limit):
                response = await self.client.post("/chat/completions", json=body)
        except TimeoutError as error:
            raise Transient("timeout", f"no answer in {limit:.3g} s") from error
        except httpx2.ConnectError as error:
            raise Transient("unreachable", f"cannot be reached: {error}", billed=False) from error
        except httpx2.TransportError as error:
            raise Transient("dropped", f"broke off: {error or type(error).__name__}") from error
        return self._read(request, response)

    def _read(self, request: Request, response: httpx2.Response) -> Reply:
        status = response.status_code
        try:
            if status == 200:
                return read(response.content)
            error = _error(response)
        except NoAnswerError as told:
            # Under a status that promises an answer: perhaps it says which one it means.
            error, status = told.error, _status_of(told.error)
        if is_filter(error):
            return FILTERED
        text = f"{response.status_code} {response.reason_phrase}: {said(error)[:_SAID]}"
        self._refuse(request, response, status, text.rstrip(": "), is_too_long(error))

    def _refuse(
        self, request: Request, response: httpx2.Response, status: int, text: str, long: bool
    ) -> NoReturn:
        reason = transient_status(status)
        if reason is not None:
            after = asked_for(response.headers)
            raise Transient(reason, text, after, billed=status >= 500)
        message = f"sample '{request.id}': {self.address.url} says {text}"
        kind = ContextLengthError if long else RequestError if status in _ITS_OWN else EngineError
        raise kind(self.address.without_key(message), _help(status))


def _times(tries: int) -> str:
    return "after one try" if tries == 1 else f"after {tries} tries"


def _error(response: httpx2.Response) -> Any:
    """Return what stands under ``error``, or the whole text of what has another form."""
    try:
        return json_text.parse(response.content)["error"]
    except (ValueError, KeyError, TypeError):
        return response.text


def _status_of(error: Any) -> int:
    """Return the status that an error names; without one it is a fault of the server."""
    code = error.get("code", error.get("status")) if isinstance(error, dict) else None
    given = int(str(code)) if str(code).isdecimal() else 0
    return given if 400 <= given < 600 else 500


def _help(status: int) -> str:
    if status in (401, 403):
        return "is the key right? engine.key_env names its variable"
    if status == 404:
        return "engine.base_url ends in /v1 mostly; engine.served_model is the name it knows"
    return "what it refuses is its own: engine.options.NAME=null leaves a setting out"


def client(address: Address, at_once: int) -> httpx2.AsyncClient:
    """Return a client with as many connections as requests in flight."""
    return httpx2.AsyncClient(
        base_url=address.url,
        headers=address.headers,
        trust_env=not address.here,
        timeout=httpx2.Timeout(None, connect=_CONNECT),
        limits=httpx2.Limits(max_connections=at_once, max_keepalive_connections=at_once),
    )
