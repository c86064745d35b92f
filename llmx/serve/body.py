"""Bodies of a bounded size; what is refused is read to its end, so that the answer arrives.

A connection that is closed while its client still writes is reset, and the answer with it.
"""

from __future__ import annotations

from contextlib import suppress

from starlette.requests import ClientDisconnect, Request

from llmx.serve.limits import LARGEST_BODY, LARGEST_DRAIN
from llmx.serve.refusal import Refusal

GONE = 499
"""Status of a request whose client left; nobody sees it."""


async def read_body(request: Request) -> bytearray:
    """Return the body, which says that it is JSON.

    Raises:
        Refusal: for one that is too large, or of another type.
    """
    try:
        _check_head(request)
    except Refusal as error:
        raise await drained(request, error) from None
    return await _read(request)


async def drained(request: Request, error: Refusal) -> Refusal:
    """Read a body that is refused unread, and return the refusal.

    One that is too long, or that its client has not begun to send, is left; then the connection
    ends with the answer.
    """
    waits = request.headers.get("expect", "").lower() == "100-continue"
    if waits or _length(request) > LARGEST_DRAIN:
        error.close = True
        return error
    left = LARGEST_DRAIN
    with suppress(ClientDisconnect):
        async for part in request.stream():
            left -= len(part)
            if left < 0:
                error.close = True
                break
    return error


def _check_head(request: Request) -> None:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Refusal(415, "the body must be of the type application/json", code="not_json")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Refusal(415, "a compressed body is not read here", code="not_json")
    if _length(request) > LARGEST_BODY:
        raise _too_large()


async def _read(request: Request) -> bytearray:
    """Return the body; of one that is too large the rest is read and dropped."""
    body, size = bytearray(), 0
    try:
        async for part in request.stream():
            size += len(part)
            if size > LARGEST_DRAIN:
                raise _too_large(close=True)
            if size <= LARGEST_BODY:
                body += part
    except ClientDisconnect:
        raise Refusal(GONE, "the client left") from None
    if size > LARGEST_BODY:
        raise _too_large()
    return body


def _too_large(close: bool = False) -> Refusal:
    return Refusal(413, f"the body is larger than {LARGEST_BODY} bytes", close=close)


def _length(request: Request) -> int:
    """Return the announced length; 0 where there is none. (The parser takes digits alone.)"""
    given = request.headers.get("content-length", "")
    return int(given) if given.isdecimal() else 0
