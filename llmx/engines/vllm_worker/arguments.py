"""Settings for vLLM's engine, checked against its own ``EngineArgs``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from llmx.core.errors import ConfigError, nearest


def engine_arguments(settings: Mapping[str, Any]) -> Any:
    """Return ``AsyncEngineArgs``.

    Raises:
        ConfigError: for a name that they do not have, with the nearest; or a refused value.
    """
    from vllm import AsyncEngineArgs

    known = [field.name for field in fields(AsyncEngineArgs)]
    for name in settings:
        if name not in known:
            where = f"engine.options.{name}"
            raise ConfigError(f"vLLM's engine has no setting '{where}'", _meant(name, known))
    try:
        return AsyncEngineArgs(**{**on_a_processor(), **settings})
    except (ValueError, TypeError) as error:
        raise ConfigError(f"vLLM refuses engine.options: {one_line(error)}") from error


def on_a_processor() -> dict[str, Any]:
    """Return settings for a CPU, where vLLM would compile for minutes and take most memory."""
    from vllm.platforms import current_platform

    if not current_platform.is_cpu():
        return {}
    return {"enforce_eager": True, "kv_cache_memory_bytes": 1 << 30}


def _meant(name: str, known: list[str]) -> str:
    hint = nearest(name, known)
    return hint if hint.startswith("did") else "see vLLM's EngineArgs"


def one_line(error: BaseException) -> str:
    """Return what an error of vLLM or pydantic says, without its frame."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    told = [line for line in lines if line.startswith(("Value error", "Input should"))]
    text = (told or lines or [type(error).__name__])[0]
    return text.removeprefix("Value error, ").partition(" [type=")[0]
