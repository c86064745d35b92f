"""Errors in OpenAI's shape."""

from __future__ import annotations

from typing import Any

from llmx.core.errors import ContextLengthError, LlmxError, RequestError, TurnsError

_TYPES = {429: "rate_limit_error", 502: "upstream_error", 503: "server_unavailable"}


class Refusal(Exception):
    """A request that is not answered.

    Args:
        close: its body is left unread, so the connection ends with the answer.
    """

    def __init__(
        self,
        status: int,
        message: str,
        param: str | None = None,
        code: str | None = None,
        close: bool = False,
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.param, self.code = status, message, param, code
        self.close = close

    def headers(self) -> dict[str, str]:
        """Return the headers that go with the status."""
        found = {"Retry-After": "1"} if self.status in (429, 503) else {}
        found |= {"WWW-Authenticate": "Bearer"} if self.status == 401 else {}
        return found | ({"Connection": "close"} if self.close else {})

    def body(self) -> dict[str, Any]:
        """Return ``{"error": {message, type, param, code}}``."""
        kind = _TYPES.get(self.status, "invalid_request_error")
        return {
            "error": {
                "message": self.message,
                "type": kind,
                "param": self.param,
                "code": self.code,
            }
        }


def failed(error: LlmxError) -> Refusal:
    """Return what a client is told when its answer fails: whether it can do better itself."""
    if isinstance(error, ContextLengthError):
        return Refusal(400, error.message, param="messages", code="context_length_exceeded")
    if isinstance(error, RequestError):
        param = "messages" if isinstance(error, TurnsError) else None
        return Refusal(400, error.message, param=param)
    return Refusal(502, error.message, code="upstream_failed")
