"""Loading errors of other libraries, in one line."""

from __future__ import annotations

from typing import Any

from llmx.core.errors import EngineError
from llmx.core.home import at_home

_OFFLINE = "without a network use model=zoo_gsm, or a local folder"
_INCOMPLETE = "the folder needs whole config.json, *.safetensors and tokenizer.json: copy it again"


class explained:
    """Turns a library's loading error into one line."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if error is None or isinstance(error, (EngineError, KeyboardInterrupt)):
            return
        first = (str(error).strip() or type(error).__name__).splitlines()[0]
        offline = any(word in str(error).lower() for word in ("connect", "offline", "resolve"))
        is_folder = at_home(self.name).is_dir()
        hint = _OFFLINE if offline else _INCOMPLETE if is_folder else ""
        raise EngineError(f"cannot load {self.name}: {first[:200]}", hint) from error
