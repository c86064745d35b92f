"""The fields of TRL's and peft's configurations, read from their source without importing them.

A plan must not load torch, and TRL does. Its configuration classes are dataclasses, so the
annotated names of a class body and of its bases are the settings, and what they are assigned are
the defaults; the source of the installed package is the only place that can't be out of date.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from llmx.core.errors import EngineError
from llmx.core.install import with_extra

Source = tuple[str, str, str]
"""Package, file in it and class whose annotated names are settings."""

ARGUMENTS: Source = ("transformers", "training_args.py", "TrainingArguments")
_BASE = ("trl", "trainer/base_config.py", "_BaseConfig")
# Package, file in it and class, from the base to the class itself: a later field replaces one.
_SOURCES: dict[str, tuple[Source, ...]] = {
    **{
        kind: (ARGUMENTS, _BASE, ("trl", f"trainer/{kind}_config.py", f"{kind.upper()}Config"))
        for kind in ("sft", "dpo", "grpo", "rloo")
    },
    "lora": (
        ("peft", "config.py", "PeftConfigMixin"),
        ("peft", "config.py", "PeftConfig"),
        ("peft", "tuners/lora/config.py", "LoraConfig"),
    ),
}
# Defaults of TRL 1.16 that a plan needs, for where it is not installed.
_DRAWN = {
    "max_completion_length": 512,
    "vllm_mode": "colocate",
    "vllm_gpu_memory_utilization": 0.3,
}
WITHOUT_TRL: dict[str, dict[str, Any]] = {
    "sft": {"max_length": 1024},
    "dpo": {"max_length": 1024},
    "grpo": {**_DRAWN, "num_generations": 8, "beta": 0.0},
    "rloo": {**_DRAWN, "num_generations": 2, "beta": 0.05},
}
INSTALL = with_extra("train")


def installed(package: str) -> bool:
    """Whether a package is there; it is not imported."""
    return find_spec(package) is not None


def fields(kind: str) -> dict[str, str]:
    """Return setting → annotation as written, for ``sft``, ``dpo``, ``grpo``, ``rloo``, ``lora``.

    Raises:
        EngineError: if the package is not installed, or its source is not as it was.
    """
    return dict(_annotations(kind))


def fields_of(sources: Sequence[Source]) -> dict[str, str]:
    """Return setting → annotation of a configuration by its classes, from the base on.

    Raises:
        EngineError: as :func:`fields`.
    """
    lines = {name: line for source in sources for name, line in _class_lines(*source).items()}
    return {name: ast.unparse(line.annotation) for name, line in lines.items()}


def defaults(kind: str) -> Mapping[str, Any]:
    """Return setting → default, for the settings whose default is written as a value.

    Raises:
        EngineError: if the source of an installed package is not as it was.
    """
    return _defaults(kind) if installed("trl") else WITHOUT_TRL.get(kind, {})


def setting(kind: str, settings: Mapping[str, Any], name: str) -> Any:
    """Return what a setting is: as given, or TRL's default where it is left out or null."""
    given = settings.get(name)
    return defaults(kind)[name] if given is None else given


@lru_cache(maxsize=8)
def _annotations(kind: str) -> Mapping[str, str]:
    return {name: ast.unparse(line.annotation) for name, line in _lines(kind).items()}


@lru_cache(maxsize=8)
def _defaults(kind: str) -> Mapping[str, Any]:
    found: dict[str, Any] = {}
    for name, line in _lines(kind).items():
        value = _assigned(line.value)
        with suppress(ValueError):  # one that is computed is not written
            found |= {name: ast.literal_eval(value)} if value is not None else {}
    return found


def _assigned(value: ast.expr | None) -> ast.expr | None:
    """Return what a field is assigned: a value, or the one in ``field(default=…)``."""
    if not isinstance(value, ast.Call):
        return value
    return next((word.value for word in value.keywords if word.arg == "default"), None)


def _lines(kind: str) -> dict[str, ast.AnnAssign]:
    found: dict[str, ast.AnnAssign] = {}
    for source in _SOURCES[kind]:
        found.update(_class_lines(*source))
    return found


@lru_cache(maxsize=16)
def _class_lines(package: str, file: str, name: str) -> dict[str, ast.AnnAssign]:
    """Read one class body; a base is listed in `_SOURCES` and not looked up."""
    tree = ast.parse((_folder(package) / file).read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name == name:
            return {
                line.target.id: line
                for line in node.body
                if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name)
            }
    raise EngineError(f"{package} has no {name} in {file}", f"use a tested version: {INSTALL}")


def _folder(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise EngineError(f"this stage needs {package}, which is not installed", INSTALL)
    return Path(spec.origin).parent
