"""What a result was made with: code, packages, machine, time."""

from __future__ import annotations

import platform
import re
import subprocess
import time
from functools import lru_cache
from pathlib import Path
from typing import Any

from llmx.core import plugins
from llmx.core.plugins import version_of
from llmx.store.machine import machine

_PACKAGES = (
    "llmx-lab", "torch", "transformers", "tokenizers", "safetensors", "accelerate", "hydra-core",
    "omegaconf", "pydantic", "numpy", "networkx", "reasoning-gym", "datasets", "peft",
    "trl", "vllm",
)  # fmt: skip


def made_with() -> dict[str, Any]:
    """Return what this process works with now; a stage keeps it, whoever reuses its output."""
    written = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    by_path = {
        one.name: {"folder": str(one.folder), "hash": one.digest} for one in plugins.active()
    }
    return {"written": written, **_surroundings(), **({"plugins": by_path} if by_path else {})}


@lru_cache(maxsize=1)
def _surroundings() -> dict[str, Any]:
    return {
        "code": _commit(Path(__file__).parent),
        "python": platform.python_version(),
        "packages": {name: found for name in _PACKAGES if (found := version_of(name))},
        "machine": machine(),
    }


def _commit(folder: Path) -> dict[str, Any] | None:
    """Return commit and dirtiness of the checkout that the code runs from, if it is one."""
    command = ["git", "-C", str(folder), "status", "--porcelain=v2", "--branch"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return None
    lines = done.stdout.splitlines() if done.returncode == 0 else []
    commit = next((line.split()[2] for line in lines if line.startswith("# branch.oid ")), "")
    dirty = any(not line.startswith("#") for line in lines)
    return {"commit": commit, "dirty": dirty} if re.fullmatch("[0-9a-f]+", commit) else None
