"""The entry point ``vllm.general_plugins``: called once in each of vLLM's processes."""

from __future__ import annotations

import functools
import logging
import os
from collections.abc import Callable
from typing import Any

from llmx.core.errors import LlmxError
from llmx.engines.vllm_plugin.guard import (
    PROCESSOR,
    PROPOSER,
    RUNNER,
    SCHEDULER,
    STATS,
    WORKER,
    find,
    moved,
)
from llmx.engines.vllm_plugin.rule import NAME, rule_of

LOG = logging.getLogger("vllm.llmx")
DIE = "LLMX_DIE_WITH_PARENT"
"""Set by llmx to the id of its worker: no process below that one outlives it."""

_done = False


def register() -> None:
    """Mend the CPU build, and let the runner ask llmx which drafted tokens stand."""
    global _done
    if _done:
        return
    _done = True
    ours = os.environ.get(DIE, "").isdecimal()
    if ours:
        end_with(int(os.environ[DIE]))
    trouble = moved()
    if trouble is not None:
        LOG.error(trouble)
        _refuse_in_engines(trouble)
        return
    from llmx.engines.vllm_plugin import cpu_expand, cpu_wait

    cpu_expand.mend()
    if ours:  # in an engine that somebody else starts it is not for llmx to choose
        cpu_wait.mend()
    _step_in()


def end_with(worker: int) -> None:
    """Let the kernel kill this process when the one that started it ends (Linux).

    Args:
        worker: process id at the top; it may have ended before the kernel was asked.
    """
    import ctypes
    import signal

    if os.getpid() == worker:
        return  # it watches its input itself
    try:
        ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
        os.kill(worker, 0)
    except ProcessLookupError:
        os._exit(1)
    except (OSError, AttributeError):
        LOG.debug("no prctl here")


def _step_in() -> None:
    from llmx.engines.vllm_plugin import runner

    base = find(RUNNER, "GPUModelRunner")
    _wrap(base, "_sample", runner.sample)
    _wrap(base, "sample_tokens", runner.show_state)
    _wrap(base, "propose_draft_token_ids", runner.propose)
    _wrap(base, "_copy_draft_token_ids_to_cpu", runner.copy_drafts)
    _wrap(base, "take_draft_token_ids", runner.take_drafts)
    _wrap(find(PROPOSER, "SpecDecodeBaseProposer"), "_sample_draft_tokens", runner.pick)
    _wrap(find(PROCESSOR, "InputProcessor"), "process_inputs", _check_request)
    _wrap(find(WORKER, "Worker"), "load_model", _check_engine)
    _wrap(find(SCHEDULER, "Scheduler"), "_update_request_as_session", _count_again)
    module = __import__(RUNNER, fromlist=["_"])
    _wrap(module, "apply_grammar_bitmask", runner.mask)


def _wrap(owner: Any, name: str, ours: Callable[..., Any]) -> None:
    own = getattr(owner, name)

    @functools.wraps(own)
    def stepped_in(*given: Any, **named: Any) -> Any:
        return ours(own, *given, **named)

    stepped_in.llmx = True  # type: ignore[attr-defined]
    setattr(owner, name, stepped_in)


def _check_request(own: Callable[..., Any], processor: Any, *given: Any, **named: Any) -> Any:
    """Refuse a request whose rule cannot be had where the asker sees it, not in the engine."""
    config = (processor.vllm_config.additional_config or {}).get(NAME)
    params = named.get("params", given[2] if len(given) > 2 else None)
    asked = NAME in (getattr(params, "extra_args", None) or {})
    if config is None and asked:
        raise ValueError("llmx: this engine was started without additional_config={'llmx': {}}")
    if config is not None and hasattr(params, "extra_args"):
        try:
            rule_of(config, params, "request", 1)
        except (LlmxError, ValueError, TypeError) as error:
            raise ValueError(f"llmx: {error}") from error
    return own(processor, *given, **named)


def _count_again(own: Callable[..., Any], scheduler: Any, session: Any, update: Any) -> Any:
    """Count what a request keeps when it takes more input; vLLM counts its first input alone."""
    found = own(scheduler, session, update)
    session.prefill_stats = find(STATS, "PrefillStats")()
    session.prefill_stats.set(session.num_prompt_tokens, session.num_computed_tokens, 0)
    return found


def _check_engine(own: Callable[..., Any], worker: Any, *given: Any, **named: Any) -> Any:
    """Refuse an engine in which the rules would never be asked for."""
    config = worker.vllm_config
    if NAME in (config.additional_config or {}):
        trouble = unusable(config, type(worker.model_runner))
        if trouble:
            raise ValueError(f"llmx: {trouble}")
        LOG.info("llmx: rules loaded: %s", config.additional_config[NAME])
    return own(worker, *given, **named)


def unusable(config: Any, runner: type) -> str | None:
    """Return why a configuration of vLLM cannot hold llmx's rules; None if it can.

    Args:
        config: ``VllmConfig``.
        runner: class of its model runner.
    """
    speculative = config.speculative_config
    if not issubclass(runner, find(RUNNER, "GPUModelRunner")):
        return "model runner V2 has a sampler of its own: set VLLM_USE_V2_MODEL_RUNNER=0"
    if config.scheduler_config.async_scheduling:
        return "the rules need async_scheduling=False"
    if config.model_config.logprobs_mode != "raw_logprobs":
        return "the rules need logprobs_mode=raw_logprobs"
    if speculative is None:
        return None
    if speculative.method != "draft_model":
        return f"the rules need method=draft_model, not {speculative.method}"
    if speculative.rejection_sample_method != "standard":
        return "the rules need rejection_sample_method=standard"
    if speculative.draft_sample_method != "probabilistic":
        return "the rules need draft_sample_method=probabilistic"
    return None


def _refuse_in_engines(trouble: str) -> None:
    """Without its places the plugin changes one thing: an engine that asks for it is refused."""
    from vllm.config import VllmConfig

    own = VllmConfig.__post_init__

    def checked(config: Any, *given: Any, **named: Any) -> None:
        own(config, *given, **named)
        if NAME in (config.additional_config or {}):
            raise ValueError(trouble)

    VllmConfig.__post_init__ = checked
