"""Engines of vLLM that are up: arms that need the same one share it, a load takes a minute."""

from __future__ import annotations

import atexit
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from llmx.core.errors import EngineError
from llmx.core.progress import Progress
from llmx.engines.vllm.process import Process
from llmx.store.fingerprint import fingerprint


class Pool:
    """At most `most` engines; one more ends the one that was used longest ago."""

    def __init__(self, most: int = 1) -> None:
        self.most = most
        self._up: dict[str, tuple[Process, dict[str, Any]]] = {}

    def obtain(
        self, python: Path, threads: int, arguments: Mapping[str, Any], progress: Progress
    ) -> tuple[Process, dict[str, Any]]:
        """Return a worker that runs with these arguments, and what it says that it loaded.

        Raises:
            EngineError: if vLLM does not start, or loaded something else than it was told.
        """
        name = fingerprint([str(python), threads, arguments])
        if name in self._up:
            self._up[name] = self._up.pop(name)
            return self._up[name]
        while len(self._up) >= self.most:
            self._end(next(iter(self._up)))
        process = Process(python, threads)
        try:
            loaded = process.load(arguments, progress)
            check(loaded, arguments, python)
        except BaseException:
            process.close()
            raise
        self._up[name] = (process, loaded)
        return self._up[name]

    @contextmanager
    def room_for(self, most: int) -> Iterator[None]:
        """Hold up to `most` engines side by side for a while; afterwards none is up."""
        if most == 0:
            yield
            return
        self.close()
        before, self.most = self.most, most
        try:
            yield
        finally:
            self.close()
            self.most = before

    def holds(self, process: Process) -> bool:
        """Whether a worker is up."""
        return any(held is process for held, _ in self._up.values())

    def drop(self, process: Process) -> None:
        """End an engine that is of no more use."""
        for name, (held, _) in list(self._up.items()):
            if held is process:
                self._end(name)

    def close(self) -> None:
        """End all engines."""
        for name in list(self._up):
            self._end(name)

    def _end(self, name: str) -> None:
        self._up.pop(name)[0].close()


POOL = Pool()
CAST = Pool(most=12)
"""Of models that stream: the members of an ensemble speak side by side."""
atexit.register(POOL.close)
atexit.register(CAST.close)


def check(loaded: Mapping[str, Any], arguments: Mapping[str, Any], python: Path) -> None:
    """Compare what vLLM's workers run with and what they were told to.

    Raises:
        EngineError: if the rules are not there: the run would be lossless in silence.
    """
    for found in loaded["loaded"]:
        if not found["rules"]:
            text = f"vLLM {found['vllm']} runs without llmx's rules"
            raise EngineError(text, f"{python} -m pip install --no-deps -e . in llmx's checkout")
        if found["config"] != arguments["additional_config"]["llmx"]:
            raise EngineError(f"vLLM loaded {found['config']}, and was told something else")
        speculative = arguments.get("speculative_config")
        if speculative and found["gamma"] != speculative["num_speculative_tokens"]:
            raise EngineError(f"vLLM drafts {found['gamma']} tokens, and was told something else")
