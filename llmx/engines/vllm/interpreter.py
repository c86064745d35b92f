"""Which Python has vLLM: its pins and those of training libraries do not fit one environment."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from llmx.core.errors import EngineError
from llmx.core.user_cache import at_home
from llmx.engines.size import ZOO

VARIABLE = "LLMX_VLLM_PYTHON"
FOLDER = ".venv-vllm"
HINT = f"`make vllm` (GPU) or `make vllm-cpu` in its checkout, or set ${VARIABLE} or engine.python"
CHECKOUT = ZOO.parent.parent


def find_interpreter(wanted: str | None = None) -> Path:
    """Return the interpreter to run vLLM with.

    In this order: the one that is named, ``$LLMX_VLLM_PYTHON``, ``.venv-vllm`` beside llmx or
    beside the virtual environment that it runs in, and this process's own if vLLM can be imported
    there. Never one of the folder that somebody works in, which may be a stranger's.

    Raises:
        EngineError: if the named one is not there, or none is found.
    """
    for name, given in (("engine.python", wanted), (f"${VARIABLE}", os.environ.get(VARIABLE))):
        if given:
            path = at_home(given)
            if not path.is_file():
                raise EngineError(f"{name}={given} is no interpreter", HINT)
            return path
    found = next(_usual(), None)
    if found is None:
        raise EngineError("no Python with vLLM is found", HINT)
    return found


def _usual() -> Iterator[Path]:
    for folder in (CHECKOUT, *_own()):
        path = folder / FOLDER / "bin" / "python"
        if path.is_file():
            yield path
    spec = find_spec("vllm")
    if spec is not None and spec.origin is not None:  # a mere folder of that name has no origin
        yield Path(sys.executable)


def _own() -> tuple[Path, ...]:
    """Return the folder of the virtual environment that this process runs in."""
    return () if sys.prefix == sys.base_prefix else (Path(sys.prefix).parent,)


def environment(threads: int) -> dict[str, str]:
    """Return the variables of the worker: this process's, and the threads of a CPU build."""
    found = {**os.environ, "OMP_NUM_THREADS": str(threads), "PYTHONUNBUFFERED": "1"}
    found["PYTHONSAFEPATH"] = "1"  # what lies in the folder that somebody works in is not imported
    # Otherwise vLLM binds a thread to each core, whatever was asked for.
    found.setdefault("VLLM_CPU_OMP_THREADS_BIND", "nobind")
    if (CHECKOUT / "pyproject.toml").exists():  # the same code on both sides
        found["PYTHONPATH"] = os.pathsep.join(filter(None, [str(CHECKOUT), _path()]))
    return found


def _path() -> str:
    return os.environ.get("PYTHONPATH", "")
