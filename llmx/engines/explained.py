"""Errors of other libraries and of models' templates, in one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from llmx.core.errors import EngineError, LlmxError
from llmx.core.user_cache import at_home

_OFFLINE = "without a network use model=zoo_gsm, or a local folder"
_INCOMPLETE = "the folder needs whole config.json, *.safetensors and tokenizer.json: copy it again"


class explained:
    """Turns a library's loading error into one line."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if error is None or isinstance(error, (LlmxError, KeyboardInterrupt)):
            return
        raise in_one_line(self.name, error) from error


def in_one_line(name: str, error: BaseException) -> EngineError:
    """Return what a library says of a model that it cannot load."""
    said = str(error).strip() or type(error).__name__
    if "trust_remote_code" in said:
        text = f"{name} brings code of its own (auto_map in its settings), which is not run"
        return EngineError(text, "read that code; if you trust it: --trust-remote-code")
    if "use_safetensors" in said:
        text = f"{name} has no *.safetensors: pickled weights can run code and are not loaded"
        return EngineError(text, "take a revision that has them, or convert it where you trust it")
    offline = any(word in said.lower() for word in ("connect", "offline", "resolve"))
    is_folder = at_home(name).is_dir()
    hint = _OFFLINE if offline else _INCOMPLETE if is_folder else ""
    return EngineError(f"cannot load {name}: {said.splitlines()[0][:200]}", hint)


@contextmanager
def template_explained() -> Iterator[None]:
    """Turn what a chat template raises into one line: it is a program of whoever made the model."""
    try:
        yield
    except LlmxError:
        raise
    except Exception as error:  # templates raise what they like
        said = " ".join(str(error).split())[:300] or type(error).__name__
        raise EngineError(f"the chat template fails: {said}", "use another model") from error
