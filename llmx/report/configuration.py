"""The resolved settings of a run, written so that a reader sees what the arms share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from llmx.core.record import as_json
from llmx.core.spec import ArmSpec


def configuration(arms: Mapping[str, ArmSpec], reference: str | None) -> str:
    """Return YAML: what all arms have in common once, and of each arm only what differs."""
    settings = {name: as_json(spec) for name, spec in arms.items()}
    shared = _shared(list(settings.values()))
    own = {name: _without(values, shared) for name, values in settings.items()}
    document = {"reference": reference, "all_arms": shared, "arms": own}
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)


def _shared(settings: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the keys that have one value everywhere; mappings are compared key by key."""
    first, *rest = settings
    found: dict[str, Any] = {}
    for key, value in first.items():
        others = [other.get(key) for other in rest]
        if all(other == value for other in others):
            found[key] = value
        elif all(isinstance(one, dict) for one in [value, *others]):
            found[key] = _shared([value, *(dict(other or {}) for other in others)])
    return {key: value for key, value in found.items() if value != {}}


def _without(values: Mapping[str, Any], shared: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in values.items():
        if key not in shared:
            found[key] = value
        elif value != shared[key]:
            found[key] = _without(value, shared[key])
    return found
