"""Running the service: uvicorn, a bound port, and a stop that lets answers end."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import signal
import socket
import sys
from ipaddress import ip_address
from types import FrameType

import uvicorn

from llmx.core.errors import RunError
from llmx.serve.app import Service
from llmx.serve.connection import Connection
from llmx.serve.memory import return_large_blocks

_OWN_FILES = 128  # descriptors for all but connections: models, engines, endpoints
_SWITCH = 0.001  # seconds after which the threads of models let the event loop go on


class Config(uvicorn.Config):
    """uvicorn's, and what a connection asks of the service."""

    def __init__(self, service: Service, drain: float) -> None:
        self.limits, self.metrics = service.limits, service.metrics
        super().__init__(
            service.app(),
            http=Connection,
            ws="none",
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=max(1, round(drain)),
            lifespan="on",
        )


class Server(uvicorn.Server):
    """On SIGTERM or SIGINT: no new answers, and those under way may end within `drain` seconds."""

    def __init__(self, service: Service, drain: float = 30.0) -> None:
        self.service = service
        super().__init__(Config(service, drain))
        state, metrics = self.server_state, service.metrics
        metrics.connections.set_function(lambda: len(state.connections))
        metrics.half_open.set_function(lambda: sum(one.half_open for one in self._connections()))

    async def on_tick(self, counter: int) -> bool:
        """Look at every connection, ten times a second."""
        now = asyncio.get_running_loop().time()
        for one in self._connections():
            one.check(now)
        return await super().on_tick(counter)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to drain; a second Ctrl-C stops at once, as uvicorn has it."""
        self.service.draining = True
        super().handle_exit(signal.Signals(sig), frame)

    def _connections(self) -> list[Connection]:
        return [one for one in self.server_state.connections if isinstance(one, Connection)]


def prepare(connections: int) -> None:
    """Set up the process for a server that is left running: files, memory, turns of threads."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + _OWN_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(ValueError, OSError):  # macOS has a limit of its own
            most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return_large_blocks()
    sys.setswitchinterval(_SWITCH)


def bind(host: str, port: int) -> socket.socket:
    """Return a listening socket; port 0 takes a free one.

    Connections whose client has vanished without a word are found by the kernel.

    Raises:
        RunError: if it cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4)):
        if hasattr(socket, name):
            made.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
    try:
        made.bind((host, port))
    except OSError as error:
        made.close()
        reason = error.strerror or error
        raise RunError(f"cannot listen on {host}:{port}: {reason}", "try --port 0") from error
    made.listen(512)
    return made


def is_exposed(listening: socket.socket) -> bool:
    """Whether others than this machine can reach the socket: by its address, not by its name."""
    return not ip_address(listening.getsockname()[0].partition("%")[0]).is_loopback
