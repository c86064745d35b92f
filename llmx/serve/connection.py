"""One connection, with limits for clients that are slow, silent or broken on purpose."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import struct
import sys
import termios
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from llmx.serve.refusal import Refusal

if TYPE_CHECKING:
    from llmx.serve.server import Config

_LINGER = 2.0  # seconds that a client has to read why it was refused
_CHUNKS = 1024  # of one body: each costs the event loop as much as many bytes


class Parser(h11.Connection):
    """h11's, for requests whose bodies come in a bounded number of chunks."""

    chunks = 0

    def next_event(self) -> Any:
        """Return the next event.

        Raises:
            RemoteProtocolError: for one chunk too many, or a body with two lengths, as for all that
                is no HTTP.
        """
        event = super().next_event()
        if isinstance(event, h11.Request):
            self.chunks = 0
            # Two readers of such a request may part it from the next at two places.
            if {b"content-length", b"transfer-encoding"} <= {name for name, _ in event.headers}:
                raise h11.RemoteProtocolError("two lengths", error_status_hint=400)
        elif isinstance(event, h11.Data) and event.chunk_start:
            self.chunks += 1
            if self.chunks > _CHUNKS:
                raise h11.RemoteProtocolError("too many chunks", error_status_hint=413)
        return event


@dataclass
class StallWatch:
    """For how long something has not changed."""

    seen: Any = None
    since: float = 0.0

    def still(self, state: Any, now: float) -> float:
        """Return the seconds for which the state has been this one."""
        if state != self.seen:
            self.seen, self.since = state, now
        return now - self.since


class Connection(H11Protocol):
    """uvicorn's connection of h11, looked at ten times a second.

    Attributes:
        leaving: it was refused: what still comes is dropped, until the client has left.
    """

    config: Config

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.conn = Parser(h11.SERVER)
        self.limits, self.metrics = self.config.limits, self.config.metrics
        self.leaving = False
        self.request, self.reader = StallWatch(), StallWatch()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Enter, if there is room or can be made."""
        super().connection_made(transport)
        self.request.still(self._stage(), self.loop.time())
        if len(self.connections) > self.limits.connections and not self._make_room():
            self._end("room", Refusal(503, "too many connections; try again later"))

    def data_received(self, data: bytes) -> None:
        """Take what came, unless this one was refused."""
        if not self.leaving:
            super().data_received(data)

    def on_response_complete(self) -> None:
        """Go on with what came meanwhile; where a request has begun, nobody is idle."""
        super().on_response_complete()
        if self._has_begun():
            self._unset_keepalive_if_required()

    def send_400_response(self, msg: str) -> None:
        """Say in the shape of all errors that this is no HTTP."""
        self._end("broken", Refusal(400, "this is no HTTP request that can be read"))

    def check(self, now: float) -> None:
        """End the connection if its client keeps it waiting."""
        stage, limits = self._stage(), self.limits
        waited, unread = self.request.still(stage, now), self._unread(now)
        if self.leaving:
            if waited > _LINGER:
                self.transport.abort()
        elif unread > limits.reader_seconds:
            self._end("reader")
        elif stage[0] == "head" and waited > limits.header_seconds:
            late = self._late("head", limits.header_seconds)
            self._end("head", late if self._has_begun() else None)
        elif stage[0] == "body" and waited > limits.body_seconds:
            self._end("body", self._late("body", limits.body_seconds))

    @property
    def half_open(self) -> bool:
        """Whether a request has begun, or a connection, and is not whole."""
        return self._stage()[0] in ("head", "body")

    @property
    def waits(self) -> bool:
        """Whether nobody is answered here, so that it can make room."""
        return self._stage()[0] in ("head", "body", "idle")

    def _stage(self) -> tuple[str, Any]:
        """Return what is waited for, and in which request."""
        if self.leaving:
            return "leaving", None
        if self.conn.their_state is h11.SEND_BODY:
            return "body", self.cycle
        if self.conn.their_state is h11.IDLE:
            # uvicorn's own timer ends a connection between two requests.
            return "head" if self.timeout_keep_alive_task is None else "idle", self.cycle
        return "answer", self.cycle

    def _has_begun(self) -> bool:
        """Whether bytes are here of a request whose head is not whole."""
        return self.conn.their_state is h11.IDLE and bool(self.conn.trailing_data[0])

    def _unread(self, now: float) -> float:
        """Return for how many seconds the reader has taken nothing of what waits for it."""
        waiting = self.transport.get_write_buffer_size()
        if not waiting:
            self.reader.still(None, now)
            return 0.0
        waiting += _in_kernel(self.transport)
        before = self.reader.seen
        if before is not None and waiting > before:  # more was written: nobody has read for it
            self.reader.seen = waiting
        return self.reader.still(waiting, now)

    def _make_room(self) -> bool:
        """End the connection that has waited longest for a request, if one waits."""
        others = [one for one in self.connections if isinstance(one, Connection)]
        waiting = [one for one in others if one is not self and one.waits]
        if waiting:
            min(waiting, key=lambda one: one.request.since)._end("room")
        return bool(waiting)

    def _late(self, part: str, seconds: float) -> Refusal:
        return Refusal(408, f"the {part} of the request did not come within {seconds:g} seconds")

    def _end(self, reason: str, refusal: Refusal | None = None) -> None:
        """End the connection; where nothing of an answer is out yet, say why."""
        self.metrics.ended.labels(reason).inc()
        unfinished = self.conn.their_state is h11.SEND_BODY
        begun = self.cycle is not None and (unfinished or not self.cycle.response_complete)
        self.leaving = True
        if refusal is None or (begun and self.cycle.response_started):
            self.transport.abort()
            return
        if begun:  # the application, which waits for the rest, learns that none will come
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self._unset_keepalive_if_required()
        self.transport.write(_written(refusal))
        self.flow.resume_reading()
        self.request.still(self._stage(), self.loop.time())
        if self.transport.can_write_eof():
            self.transport.write_eof()


def _written(refusal: Refusal) -> bytes:
    body = json.dumps(refusal.body()).encode()
    head = (
        f"HTTP/1.1 {refusal.status} {HTTPStatus(refusal.status).phrase}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        "Connection: close\r\n\r\n"
    )
    return head.encode() + body


def _in_kernel(transport: asyncio.Transport) -> int:
    """Return the bytes that the kernel holds for the client; 0 where it does not say."""
    made = transport.get_extra_info("socket")
    if made is None or not sys.platform.startswith("linux"):
        return 0
    with contextlib.suppress(OSError, ValueError):
        found = fcntl.ioctl(made.fileno(), termios.TIOCOUTQ, b"\0\0\0\0")
        return int(struct.unpack("i", found)[0])
    return 0
