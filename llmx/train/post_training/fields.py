"""The fields of TRL's and peft's configurations, read from their source without importing them.

A plan must not load torch, and TRL does. Its configuration classes are dataclasses, so the
annotated names of a class body and of its bases are the settings; the source of the installed
package is the only place that can't be out of date.
"""

from __future__ import annotations

import ast
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from llmx.core.errors import EngineError

_ARGUMENTS = ("transformers", "training_args.py", "TrainingArguments")
_BASE = ("trl", "trainer/base_config.py", "_BaseConfig")
# Package, file in it and class, from the base to the class itself: a later field replaces one.
_SOURCES: dict[str, tuple[tuple[str, str, str], ...]] = {
    **{
        kind: (_ARGUMENTS, _BASE, ("trl", f"trainer/{kind}_config.py", f"{kind.upper()}Config"))
        for kind in ("sft", "dpo", "grpo", "rloo")
    },
    "lora": (
        ("peft", "config.py", "PeftConfigMixin"),
        ("peft", "config.py", "PeftConfig"),
        ("peft", "tuners/lora/config.py", "LoraConfig"),
    ),
}
INSTALL = "pip install 'llmx-lab[train]'"


def installed(package: str) -> bool:
    """Whether a package is there; it is not imported."""
    return find_spec(package) is not None


def fields(kind: str) -> dict[str, str]:
    """Return setting → annotation as written, for ``sft``, ``dpo``, ``grpo``, ``rloo``, ``lora``.

    Raises:
        EngineError: if the package is not installed, or its source is not as it was.
    """
    found: dict[str, str] = {}
    for source in _SOURCES[kind]:
        found.update(_class_fields(*source))
    return found


@lru_cache(maxsize=16)
def _class_fields(package: str, file: str, name: str) -> dict[str, str]:
    """Read one class body; a base is listed in `_SOURCES` and not looked up."""
    tree = ast.parse((_folder(package) / file).read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name == name:
            return {
                line.target.id: ast.unparse(line.annotation)
                for line in node.body
                if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name)
            }
    raise EngineError(f"{package} has no {name} in {file}", f"use a tested version: {INSTALL}")


def _folder(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise EngineError(f"this stage needs {package}, which is not installed", INSTALL)
    return Path(spec.origin).parent
