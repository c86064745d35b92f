"""The worker process from the side of llmx: started, spoken to, ended, and never left behind."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from llmx.core.errors import EngineError
from llmx.core.progress import Progress
from llmx.engines.vllm.interpreter import HINT, environment
from llmx.engines.vllm.phases import phase, trouble

_POLL = 0.5  # seconds between notes while vLLM starts
_PATIENCE = 40.0  # seconds that it gets to end by itself
_TAIL = 1 << 16  # bytes of the log that are looked at

Listener = Callable[[dict[str, Any] | None], None]


class Process:
    """One worker and its log."""

    def __init__(self, python: Path, threads: int) -> None:
        handle, name = tempfile.mkstemp(prefix="llmx-vllm-", suffix=".log")
        self.python, self.log, self.broken = python, Path(name), False
        self._over = False
        with os.fdopen(handle, "wb") as errors:
            self._process = subprocess.Popen(
                [str(python), "-m", "llmx.engines.vllm_worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=environment(threads),
                text=True,
                start_new_session=True,  # Ctrl-C reaches this process, which then ends that one
            )
        self._events: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._listeners: dict[str, Listener] = {}
        threading.Thread(target=self._read, daemon=True).start()

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return not self.broken and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Process id of the worker."""
        return self._process.pid

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._pass_on(json.loads(line))
        self._over = True
        self._events.put(None)
        self._tell(None)

    def _pass_on(self, event: dict[str, Any]) -> None:
        key = event.get("key")
        if key in self._listeners:
            self._listeners[key](event)
        elif key is None:  # one with a key that nobody listens to was left, and is for nobody
            self._events.put(event)
            if event["event"] == "error":  # the worker ends, and all who wait want to know why
                self._tell(event)

    def _tell(self, event: dict[str, Any] | None) -> None:
        for listener in list(self._listeners.values()):
            listener(event)

    def listen(self, key: str, listener: Listener) -> None:
        """Hand the events of one request to a listener, from the thread that reads them.

        At the end of the worker it gets None.
        """
        self._listeners[key] = listener
        if self._over:
            listener(None)

    def silence(self, key: str) -> None:
        """Hand over no more events of a request."""
        self._listeners.pop(key, None)

    def send(self, order: str, **content: Any) -> None:
        """Send one order.

        Raises:
            EngineError: if the worker has ended.
        """
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps({"order": order, **content}) + "\n")
            self._process.stdin.flush()
        except (BrokenPipeError, ValueError) as error:
            raise self.ended() from error

    def receive(self, seconds: float | None = None) -> dict[str, Any] | None:
        """Return the next event, None if none comes in time.

        Raises:
            EngineError: if the worker has ended.
        """
        try:
            event = self._events.get(timeout=seconds)
        except queue.Empty:
            return None
        if event is None:
            self._events.put(None)
            raise self.ended()
        return event

    def ended(self) -> EngineError:
        """Return what the log says of the end."""
        self.broken = True
        text = trouble(self.tail())
        return EngineError(f"vLLM ended: {text}", f"its log is {self.log}")

    def tail(self) -> str:
        """Return the end of the log."""
        with suppress(OSError), self.log.open("rb") as handle:
            handle.seek(max(self.log.stat().st_size - _TAIL, 0))
            return handle.read().decode(errors="replace")
        return ""

    def load(self, arguments: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
        """Start the engine, telling how far it is; return what its workers loaded.

        Raises:
            EngineError: with vLLM's own reason.
        """
        started, doing = time.monotonic(), "starting Python"
        self.send("load", arguments=dict(arguments))
        while True:
            event = self.receive(_POLL) or {"event": "nothing"}
            if event["event"] == "phase":
                doing = event["text"]
            elif event["event"] == "error":
                raise self._refused(event)
            elif event["event"] == "ready":
                return event
            told = phase(self.tail()) or doing
            progress.note(f"vLLM: {told}, {time.monotonic() - started:.0f} s")

    def _refused(self, event: Mapping[str, Any]) -> EngineError:
        if "No module named 'vllm'" in event["message"]:
            return EngineError(f"{self.python} has no vLLM", HINT)
        error = self.explain(event)
        named = error.message.startswith("vLLM")
        return error if named else EngineError(f"vLLM: {error.message}", error.hint)

    def explain(self, event: Mapping[str, Any]) -> EngineError:
        """Return an event of trouble as an error; where vLLM's engine died its log knows why."""
        if "EngineCore" in event["message"] or "Engine core" in event["message"]:
            self.broken = True
            text = trouble(self.tail())
            return EngineError(f"vLLM: {text}", event["hint"] or f"its log is {self.log}")
        return EngineError(event["message"], event["hint"])

    def close(self) -> None:
        """End the worker with everything that it started; its log stays if something broke."""
        with suppress(OSError, ValueError):
            assert self._process.stdin is not None
            self._process.stdin.close()
        try:
            code = self._process.wait(_PATIENCE)
        except (subprocess.TimeoutExpired, KeyboardInterrupt):
            code = 1
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()
        if code == 0 and not self.broken:
            self.log.unlink(missing_ok=True)
