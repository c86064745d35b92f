"""A server process: up when it is healthy, gone when llmx is."""

from __future__ import annotations

import atexit
import json
import os
import secrets
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from llmx.core.errors import EngineError
from llmx.core.progress import Progress
from llmx.engines.endpoint.address import Address
from llmx.engines.vllm.interpreter import environment
from llmx.engines.vllm.phases import phase, trouble
from llmx.engines.vllm_plugin.register import DIE
from llmx.store.fingerprint import fingerprint

_POLL = 0.5  # seconds between looks at its health
_PATIENCE = 40.0  # seconds that it gets to end by itself
_TAIL = 1 << 16  # bytes of the log that are looked at


class VllmServer:
    """One ``vllm serve`` on a free port of this machine, behind a key of its own."""

    def __init__(self, python: Path, threads: int, settings: Mapping[str, Any]) -> None:
        handle, name = tempfile.mkstemp(prefix="llmx-vllm-serve-", suffix=".log")
        self.log, self.broken = Path(name), False
        port, key = _free_port(), secrets.token_urlsafe(16)
        self.address = Address(f"http://127.0.0.1:{port}/v1", key)
        served = {"host": "127.0.0.1", "port": port, **settings.get("server", {})}
        with os.fdopen(handle, "wb") as log:
            self._process = subprocess.Popen(
                [str(python), "-m", "llmx.engines.vllm_server.serve"],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                # Keys of processes can be read in the process table, their environment cannot.
                env={**environment(threads), **_QUIET, "VLLM_API_KEY": key, DIE: str(os.getpid())},
                start_new_session=True,  # Ctrl-C reaches this process, which then ends that one
            )
        self._tell({**settings, "server": served})

    def _tell(self, settings: Mapping[str, Any]) -> None:
        """Hand the settings over by a pipe: anybody can read the arguments of a process."""
        assert self._process.stdin is not None
        # One that has ended already takes none; `wait` says why it did.
        with suppress(BrokenPipeError), self._process.stdin as pipe:
            pipe.write(json.dumps(settings).encode())

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def wait(self, seconds: float, progress: Progress) -> None:
        """Wait until it answers.

        Raises:
            EngineError: with the end of its log, if it ends or is not up in time.
        """
        started = time.monotonic()
        while not self._healthy():
            passed = time.monotonic() - started
            if self._process.poll() is not None:
                raise self._failed("ended before it was up")
            if passed > seconds:
                raise self._failed(f"was not up after {seconds:g} s (engine.start_timeout)")
            progress.note(f"vllm serve: {phase(self.tail()) or 'starting'}, {passed:.0f} s")
            time.sleep(_POLL)

    def _healthy(self) -> bool:
        import httpx2

        try:
            url = self.address.url.removesuffix("/v1") + "/health"
            return httpx2.get(url, timeout=5.0, trust_env=False).status_code == 200
        except httpx2.HTTPError:
            return False

    def _failed(self, what: str) -> EngineError:
        self.broken = True
        text = trouble(self.tail()).removeprefix("Error: ")
        return EngineError(f"vllm serve {what}: {text}", f"its log is {self.log}")

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def tail(self) -> str:
        """Return the end of the log."""
        with suppress(OSError), self.log.open("rb") as handle:
            handle.seek(max(self.log.stat().st_size - _TAIL, 0))
            return handle.read().decode(errors="replace")
        return ""

    def close(self) -> None:
        """End it with everything below it; its log stays if something broke."""
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired, KeyboardInterrupt):
            self._process.wait(_PATIENCE)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()
        if not self.broken:
            self.log.unlink(missing_ok=True)


class Servers:
    """The servers that are up: arms that need the same one share it.

    At most `most`; one more ends the one that was used longest ago.
    """

    def __init__(self, most: int = 1) -> None:
        self.most = most
        self._up: dict[str, VllmServer] = {}

    @property
    def up(self) -> list[VllmServer]:
        """The servers."""
        return list(self._up.values())

    def obtain(
        self,
        python: Path,
        threads: int,
        settings: Mapping[str, Any],
        seconds: float,
        progress: Progress,
    ) -> VllmServer:
        """Return a server with these settings, started if there is none.

        Raises:
            EngineError: if it does not come up.
        """
        name = fingerprint([str(python), threads, settings])
        found = self._up.pop(name, None)
        if found is not None and found.alive:
            self._up[name] = found
            return found
        if found is not None:
            found.close()
        while len(self._up) >= self.most:
            self._up.pop(next(iter(self._up))).close()
        server = VllmServer(python, threads, settings)
        try:
            server.wait(seconds, progress)
        except BaseException:
            server.close()
            raise
        self._up[name] = server
        return server

    def close(self) -> None:
        """End all."""
        while self._up:
            self._up.popitem()[1].close()


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


_QUIET = {
    "VLLM_NO_USAGE_STATS": "1",
    "DO_NOT_TRACK": "1",
    # A forked child would not load plugins again, and miss what DIE asks for.
    "VLLM_WORKER_MULTIPROC_METHOD": "spawn",
}
SERVERS = Servers()
CAST = Servers(most=12)
"""Of models that stream: the members of an ensemble speak side by side."""
atexit.register(SERVERS.close)
atexit.register(CAST.close)
