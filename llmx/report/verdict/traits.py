"""What a dataset says of its problems, beside their answers: a level, a number of steps.

Findings name such a trait by its key in the metadata of samples, so a test of levels knows no
dataset.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from llmx.core.errors import RunError
from llmx.report.gather import ArmFiles
from llmx.report.verdict.schema import TRAIT

Traits: TypeAlias = Mapping[str, Mapping[str, str | float]]
"""Name of a trait → problem → its value; problems without it are left out."""


def asked_traits(findings: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the traits that findings name, each once."""
    named = (finding.get(TRAIT) for finding in findings)
    return tuple(dict.fromkeys(str(name) for name in named if name))


def traits_of(arms: Iterable[ArmFiles], names: Iterable[str]) -> Traits:
    """Return the traits of all problems that any arm has.

    Raises:
        RunError: for a problem of which two arms say different things.
    """
    samples = [sample for arm in arms for run in arm.runs() for sample in run.problems.values()]
    found: dict[str, dict[str, str | float]] = {name: {} for name in names}
    for name, known in found.items():
        for sample in samples:
            value = sample.metadata.get(name)
            if not isinstance(value, str | int | float) or isinstance(value, bool):
                continue
            if known.setdefault(sample.id, value) != value:
                text = f"problem '{sample.id}' has two values of '{name}'"
                raise RunError(f"{text}: {known[sample.id]}, {value}")
    return found
