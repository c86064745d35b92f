"""What llmx asks a worker of vLLM by ``collective_rpc`` (``worker_extension_cls``)."""

from __future__ import annotations

from typing import Any

from llmx.engines.vllm_plugin.guard import vllm_version
from llmx.engines.vllm_plugin.runner import state_of


class WorkerExtension:
    """Methods that vLLM adds to its worker class."""

    model_runner: Any

    def llmx_loaded(self) -> dict[str, Any]:
        """Return what this worker really runs with, to be compared with what was asked."""
        engine_state = state_of(self.model_runner)
        runner = type(self.model_runner)
        return {
            "vllm": vllm_version(),
            "runner": f"{runner.__module__}.{runner.__qualname__}",
            "rules": hasattr(runner._sample, "llmx"),
            "config": None if engine_state is None else engine_state.config,
            "gamma": 0 if engine_state is None else engine_state.gamma,
        }

    def llmx_held(self) -> list[str]:
        """Return vLLM's names of the requests that this worker knows."""
        return list(self.model_runner.requests)

    def llmx_take(self, keys: list[str]) -> dict[str, dict[str, Any]]:
        """Return the counts of requests by their keys, and forget them."""
        engine_state = state_of(self.model_runner)
        found = {key: engine_state.take(key) for key in keys} if engine_state is not None else {}
        return {key: counts for key, counts in found.items() if counts is not None}
