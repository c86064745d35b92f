"""Grade-school word problems with new names and numbers: GSM-Symbolic through reasoning-gym.

The generator has one function a template. What this data is and is not: same templates, new
variables.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from importlib.metadata import version
from random import Random
from typing import Any, ClassVar

from llmx.core.errors import DataError
from llmx.core.record import Sample
from llmx.core.spec import DataSpec
from llmx.data.templated import Templated
from llmx.data.wording import reword

VERSION = 1  # to be raised with every change here or in wording.py that changes a problem


def normalise_number(text: str) -> str:
    """Return a number without trailing zeros, separators or signs of currency: 60.0 → 60.

    Raises:
        DataError: if the text is not a number.
    """
    try:
        value = Decimal(re.sub(r"[,$€£%\s]", "", text))
    except InvalidOperation as error:
        raise DataError(f"'{text}' is not a number") from error
    whole = value.to_integral_value()
    return str(int(whole)) if value == whole else format(value.normalize(), "f")


def _tidy(text: str) -> str:
    """Write 51.0 as 51: the generator mixes both forms of one number."""
    return re.sub(r"(\d)\.0+(?=\D|$)", r"\1", text)


class GsmSymbolic(Templated[int]):
    """`data: {kind: gsm_symbolic}`."""

    procedural: ClassVar[bool] = True

    def __init__(self, spec: DataSpec) -> None:
        if not spec.templates:
            raise DataError("data.templates is empty", "list template numbers, e.g. [43, 10]")
        super().__init__(spec)
        self._generators = _load_generators()
        self._check_templates()

    @classmethod
    def identity(cls, spec: DataSpec) -> dict[str, Any]:
        """Return what the problems depend on, the generator's version included."""
        found = spec.model_dump(mode="json")
        return {"spec": found, "generator": generator_version(), "version": VERSION}

    def templates(self, split: str) -> tuple[int, ...]:
        """Return numbers of templates: `heldout` has its own."""
        return self.spec.heldout_templates if split == "heldout" else self.spec.templates

    def problem(self, rng: Random, split: str, template: int, index: int) -> Sample:
        """Draw one problem."""
        made = self._generators[template](rng, 1.0)
        answer = normalise_number(str(made["answer"]))
        solution = _tidy(made["metadata"]["answer_cot"])
        if self.spec.wording == "varied":
            solution = reword(solution, answer, rng)
        return Sample(
            id=f"{split}-{template}-{index}",
            question=made["question"].strip(),
            answer=answer,
            solution=solution,
            cluster=f"template-{template}",
        )

    def _check_templates(self) -> None:
        unknown = {*self.spec.templates, *self.spec.heldout_templates} - set(self._generators)
        if unknown:
            raise DataError(f"gsm_symbolic has no template {sorted(unknown)}", "numbers 0 to 99")
        both = set(self.spec.templates) & set(self.spec.heldout_templates)
        if both:
            raise DataError(f"templates {sorted(both)} are both trained on and held out")


@lru_cache(maxsize=1)
def generator_version() -> str:
    """Return the version of the generator package, part of the data's identity."""
    return f"reasoning_gym {version('reasoning_gym')}"


def _load_generators() -> dict[int, Any]:
    from reasoning_gym.arithmetic.gsm_symbolic.gsm_symbolic import (
        GSMSymbolicDataset,
        GSMSymbolicDatasetConfig,
    )

    generators: dict[int, Any] = GSMSymbolicDataset(
        GSMSymbolicDatasetConfig(seed=0, size=1)
    ).generators
    return generators
