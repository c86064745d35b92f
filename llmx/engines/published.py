"""Sizes of the hub models that recipes name, as published: known before a model is here.

They are data of this package (``published.json``), so what rests on them is a function of the
specification. A model that is not listed has no size here: nothing is guessed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from llmx.core import json_text
from llmx.engines.size import ModelSize

_LIST = Path(__file__).with_name("published.json")


@dataclass(frozen=True)
class ListedModel:
    """A hub model.

    Attributes:
        llama: whether its forward is a Llama's, which can be compiled.
        gated: whether its licence must be accepted on the hub before it can be fetched.
        source: where its shape stands.
    """

    size: ModelSize
    llama: bool
    gated: bool
    source: str


def published(name: str | None) -> ListedModel | None:
    """Return what is published of a hub model, None for one that is not listed."""
    return _listed().get(name) if name else None


@lru_cache(maxsize=1)
def _listed() -> dict[str, ListedModel]:
    rows: dict[str, dict[str, Any]] = json_text.parse(_LIST.read_bytes())
    return {name: _published(row) for name, row in rows.items()}


def _published(row: dict[str, Any]) -> ListedModel:
    own = ("layers", "parameters", "hidden", "intermediate", "vocabulary", "context")
    size = ModelSize(
        **{name: row[name] for name in own}, kv_width=row["kv_heads"] * row["head_dim"]
    )
    llama = not row["qkv_bias"] and row["norms"] == 2
    return ListedModel(size, llama, bool(row["gated"]), str(row["source"]))
