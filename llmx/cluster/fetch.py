"""Models and data of a plan into this user's caches, for nodes that reach no network."""

from __future__ import annotations

from collections.abc import Iterator

from llmx.core.errors import DataError, EngineError
from llmx.core.install import with_extra
from llmx.core.spec import ArmSpec
from llmx.data.drawn import load
from llmx.engines.size import cached_folder
from llmx.graph.needs import hub_models
from llmx.graph.plan import Plan
from llmx.stages.decode import split_of

_PATTERNS = ("*.safetensors", "*.json", "*.txt", "*.model", "*.jinja")


def fetch(planned: Plan) -> Iterator[str]:
    """Bring what is missing, and yield a line for each thing.

    Raises:
        LlmxError: naming the first thing that cannot be had.
    """
    revisions = _revisions(planned)
    for name in sorted(hub_models(planned.spec)):
        for revision in sorted(revisions.get(name, {None}), key=str):
            yield _model(name, revision)
    for arm, split in _asked(planned):
        assert arm.data is not None
        yield f"{arm.data.kind}, {split}: {len(load(arm.data, split)):,} problems"


def _revisions(planned: Plan) -> dict[str, set[str | None]]:
    found: dict[str, set[str | None]] = {}
    for arm in planned.spec.arms.values():
        if (model := arm.used_model) is None:
            continue
        pairs = ((model.target, model.target_revision), (model.draft, model.draft_revision))
        for name, revision in pairs:
            if name is not None:
                found.setdefault(name, set()).add(revision)
    return found


def _model(name: str, revision: str | None) -> str:
    there = cached_folder(name, revision)
    if there is not None and any(there.glob("*.safetensors")):
        return f"{name}: here already"
    try:
        from huggingface_hub import snapshot_download
    except ImportError as error:
        raise EngineError(f"{name} needs the package huggingface_hub", with_extra("hub")) from error
    try:
        place = snapshot_download(name, revision=revision, allow_patterns=list(_PATTERNS))
    except Exception as error:  # the library raises a dozen kinds for one missing network
        first = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise DataError(
            f"cannot fetch {name}: {first}", "fetch where there is a network"
        ) from error
    return f"{name}: fetched to {place}"


def _asked(planned: Plan) -> Iterator[tuple[ArmSpec, str]]:
    """Yield an arm and a split for each split of each dataset that stages read."""
    seen = set[tuple[str, str]]()
    for node in planned.graph:
        for arm in node.given.arms.values():
            if arm.data is None or "split" not in node.given.stage.options:
                continue
            split = split_of(node.given)
            key = arm.data.model_dump_json(), split
            if key not in seen:
                seen.add(key)
                yield arm, split
