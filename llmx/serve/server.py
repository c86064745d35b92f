"""Running the service: uvicorn, a bound port, and a stop that lets answers end."""

from __future__ import annotations

import signal
import socket
from types import FrameType

import uvicorn

from llmx.core.errors import RunError
from llmx.serve.app import Service


class Server(uvicorn.Server):
    """On SIGTERM or SIGINT: no new answers, and those under way may end within `drain` seconds."""

    def __init__(self, service: Service, drain: float = 30.0) -> None:
        self.service = service
        config = uvicorn.Config(
            service.app(),
            log_level="warning",
            timeout_graceful_shutdown=max(1, round(drain)),
            lifespan="on",
        )
        super().__init__(config)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to drain; a second Ctrl-C stops at once, as uvicorn has it."""
        self.service.draining = True
        super().handle_exit(signal.Signals(sig), frame)


def bind(host: str, port: int) -> socket.socket:
    """Return a listening socket; port 0 takes a free one.

    Raises:
        RunError: if it cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
    except OSError as error:
        made.close()
        reason = error.strerror or error
        raise RunError(f"cannot listen on {host}:{port}: {reason}", "try --port 0") from error
    made.listen(512)
    return made
