"""What a run records about itself, so that another person can tell why his number differs."""

from __future__ import annotations

import platform
import subprocess
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from llmx.core.spec import RunSpec
from llmx.run.execute import entry_of
from llmx.run.graph import Graph
from llmx.store.cache import Entry
from llmx.store.machine import machine

_PACKAGES = (
    "llmx-lab", "torch", "transformers", "tokenizers", "safetensors", "accelerate", "hydra-core",
    "omegaconf", "pydantic", "numpy", "networkx", "reasoning-gym", "datasets", "trl", "vllm",
)  # fmt: skip
_SECRETS = ("key", "token", "secret", "password")


def build_manifest(spec: RunSpec, graph: Graph, cache: Path, seconds: float) -> dict[str, Any]:
    """Return the manifest: code, packages, machine, seeds, command line, and every stage used."""
    return {
        "written": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "seconds": round(seconds, 1),
        "command": [Path(sys.argv[0]).name, *map(_without_secrets, sys.argv[1:])],
        "code": _commit(Path(__file__).parent),
        "python": platform.python_version(),
        "packages": {name: found for name in _PACKAGES if (found := _version(name))},
        "machine": machine(),
        "seeds": {name: arm.seed for name, arm in spec.arms.items()},
        "batch_size": {name: arm.engine.batch_size for name, arm in spec.arms.items()},
        "threads": {name: arm.engine.threads for name, arm in spec.arms.items()},
        "stages": [_stage(node.labels, entry_of(cache, node)) for node in graph],
    }


def _stage(labels: list[tuple[str, str | None]], entry: Entry) -> dict[str, Any]:
    about = entry.about()
    return {
        "stands_for": [f"{stage}/{arm}" if arm else stage for stage, arm in labels],
        "kind": entry.kind,
        "fingerprint": entry.fingerprint,
        "seconds": about["seconds"],
        "identity": about["identity"],
        "files": about["files"],
    }


def _without_secrets(word: str) -> str:
    name, equals, _ = word.partition("=")
    if equals and any(secret in name.lower() for secret in _SECRETS):
        return f"{name}=…"
    return word


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _commit(folder: Path) -> dict[str, Any] | None:
    """Return commit and dirtiness of the checkout that the code runs from, if it is one."""

    def git(*words: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(folder), *words], capture_output=True, text=True, timeout=10
        )
        return done.stdout.strip() if done.returncode == 0 else ""

    try:
        commit = git("rev-parse", "HEAD")
        return {"commit": commit, "dirty": bool(git("status", "--porcelain"))} if commit else None
    except (OSError, subprocess.TimeoutExpired):
        return None
