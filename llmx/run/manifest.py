"""What a run records about itself, so that another person can tell why his number differs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from llmx.core.secrets import without_secrets
from llmx.core.spec import RunSpec
from llmx.engines.kernel import KERNEL_ENGINES
from llmx.run.entry import entry_of
from llmx.run.environment import made_with
from llmx.run.forward_found import forward_found
from llmx.run.graph import Graph
from llmx.store.cache import Entry


def build_manifest(spec: RunSpec, graph: Graph, cache: Path, seconds: float) -> dict[str, Any]:
    """Return the manifest: seeds, command line, what the last process worked with, every stage.

    A stage that was reused was perhaps made by other code elsewhere: its own `made` says so.
    """
    return {
        **made_with(),
        "seconds": round(seconds, 1),
        "command": [Path(sys.argv[0]).name, *without_secrets(sys.argv[1:])],
        "seeds": {name: arm.seed for name, arm in spec.arms.items()},
        "batch_size": {name: arm.engine.batch_size for name, arm in spec.arms.items()},
        "threads": {name: arm.engine.threads for name, arm in spec.arms.items()},
        "kernel": {name: arm.engine.kernel for name, arm in spec.arms.items()},
        "compiled_forward": _compiled(spec),
        "trust_remote_code": any(arm.engine.trust_remote_code for arm in spec.arms.values()),
        "stages": [_stage(node.labels, entry_of(cache, node)) for node in graph],
    }


def _compiled(spec: RunSpec) -> str | None:
    """Say which build of the compiled forward is here, or why there is none, where arms ask."""
    if not any(arm.engine.kind in KERNEL_ENGINES for arm in spec.arms.values()):
        return None
    found = forward_found()
    return found.build or found.trouble


def _stage(labels: list[tuple[str, str | None]], entry: Entry) -> dict[str, Any]:
    about = entry.about()
    return {
        "stands_for": [f"{stage}/{arm}" if arm else stage for stage, arm in labels],
        "kind": entry.kind,
        "fingerprint": entry.fingerprint,
        "seconds": about["seconds"],
        "made": about.get("made"),
        "identity": about["identity"],
        "files": about["files"],
    }
