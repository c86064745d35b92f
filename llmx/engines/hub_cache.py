"""Where the hub's client keeps a model on this machine, found without importing that client.

It reads ``HF_HUB_OFFLINE`` and whether to send telemetry once, at its import. A plan is made before
anything has decided those (see `llmx.core.hub`), in the process that may run the stages as well, so
`try_to_load_from_cache` is out of the question; the tests hold this against it. The layout is that
of huggingface.co/docs/huggingface_hub/guides/manage-cache.
"""

from __future__ import annotations

import os
from pathlib import Path

from llmx.core.user_cache import at_home
from llmx.store.place import inside

_MAIN = "main"


def hub_cache() -> Path:
    """Return the folder of the cache, by the same variables as the hub's client."""
    named = os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE")
    if named:
        return _expanded(named)
    above = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return _expanded(os.environ.get("HF_HOME") or f"{above}/huggingface") / "hub"


def _expanded(path: str) -> Path:
    return at_home(os.path.expandvars(path))


def cached_folder(name: str, revision: str | None = None) -> Path | None:
    """Return the snapshot of a model that holds its configuration, None where there is none.

    Args:
        name: on the hub, as ``ORG/NAME``.
        revision: a commit, branch or tag; None = main, or else the only one that is here.
    """
    folder = inside(hub_cache(), "--".join(("models", *name.split("/"))), links=True)
    commit = _commit(folder, revision)
    snapshot = inside(folder, "snapshots", commit, links=True) if commit else None
    return snapshot if snapshot and (snapshot / "config.json").exists() else None


def _commit(folder: Path, revision: str | None) -> str | None:
    reference = inside(folder, "refs", revision or _MAIN, links=True)
    if reference.is_file():
        return reference.read_text(encoding="utf-8").strip()
    if revision is not None:
        return revision
    there = [path.name for path in (folder / "snapshots").glob("*")]
    return there[0] if len(there) == 1 else None
