"""The settings that two arms do not share."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from llmx.core.record import as_json
from llmx.core.spec import ArmSpec
from llmx.report.compare.model import Changed


def changed(first: ArmSpec, second: ArmSpec) -> tuple[Changed, ...]:
    """Return every dotted key whose values differ, in the order of the specification."""
    one, other = dict(_flat(as_json(first))), dict(_flat(as_json(second)))
    keys = [*one, *(key for key in other if key not in one)]
    return tuple(
        Changed(key=key, first=one.get(key), second=other.get(key))
        for key in keys
        if one.get(key) != other.get(key)
    )


def _flat(values: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    for key, value in values.items():
        name = f"{above}{key}"
        if isinstance(value, dict):
            yield from _flat(value, f"{name}.")
        else:
            yield name, json.dumps(value, ensure_ascii=False)
