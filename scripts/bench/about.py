"""What the figures were taken on."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import torch
import transformers

from llmx.engines.kernel import NATIVE
from llmx.engines.native.build import _compiler, best_build, trouble
from llmx.store.machine import machine

HERE = Path(__file__).resolve().parents[2]


def about() -> dict[str, Any]:
    """Return machine, commit, threads, versions, compiler and build."""
    return {
        "machine": machine(),
        "commit": commit(HERE),
        "threads": torch.get_num_threads(),
        "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
        "compiler": _version(),
        "build": f"{NATIVE}, {best_build()}" if trouble() is None else f"none: {trouble()}",
    }


def show(found: dict[str, Any]) -> None:
    """Print it."""
    host = found["machine"]
    print(f"{host['processor']}, {host['cores']} cores, {host['memory_gib']} GiB")
    versions = ", ".join(f"{name} {version}" for name, version in found["versions"].items())
    print(f"commit {found['commit']}; {versions}; threads {found['threads']}")
    print(f"compiled forward: {found['build']}; {found['compiler']}")


def commit(checkout: Path) -> str:
    """Return a checkout's commit, and whether it was changed since."""
    head = _said(["git", "-C", str(checkout), "rev-parse", "--short=12", "HEAD"])
    changed = _said(["git", "-C", str(checkout), "status", "--porcelain", "-uno"])
    return f"{head or 'unknown'}{' and changes' if changed else ''}"


def _version() -> str:
    return "no compiler" if trouble() else _said([_compiler(), "--version"]).partition("\n")[0]


def _said(command: list[str]) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""
