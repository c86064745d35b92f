"""Grade-school word problems with new names and numbers: GSM-Symbolic through reasoning-gym.

The generator has one function a template. Here a problem is a pure function of (seed, split,
template, index); splits are made disjoint by the hash of the normalised question, because disjoint
seeds are not disjoint questions. What this data is and is not: same templates, new variables.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from hashlib import blake2b
from importlib.metadata import version
from random import Random
from typing import Any

from llmx.core.errors import DataError
from llmx.core.record import Sample
from llmx.core.spec import DataSpec
from llmx.data.wording import reword

VERSION = 1  # to be raised with every change here or in wording.py that changes a problem
SPLITS = ("test", "calibration", "heldout", "train")
_ATTEMPTS = 50  # consecutive repeats of a template before it counts as exhausted


def normalise_question(question: str) -> str:
    """Fold case and white space: two questions that read alike are one."""
    return re.sub(r"\s+", " ", question).strip().lower()


def question_key(question: str) -> str:
    """Return the hash by which splits are kept apart."""
    return blake2b(normalise_question(question).encode(), digest_size=10).hexdigest()


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


class GsmSymbolic:
    """`data: {kind: gsm_symbolic}`."""

    def __init__(self, spec: DataSpec) -> None:
        if not spec.templates:
            raise DataError("data.templates is empty", "list template numbers, e.g. [43, 10]")
        self.spec = spec
        self.collisions: dict[str, int] = {}
        self._generators = _load_generators()
        self._check_templates()
        self._seen: set[str] = set()
        self._splits: dict[str, list[Sample]] = {}

    @classmethod
    def identity(cls, spec: DataSpec) -> dict[str, Any]:
        """Return what the problems depend on, the generator's version included."""
        found = spec.model_dump(mode="json")
        return {"spec": found, "generator": generator_version(), "version": VERSION}

    def split(self, name: str, limit: int | None = None) -> list[Sample]:
        """Return the problems of a split in their fixed order, at most `limit`.

        Evaluation splits are drawn first and `train` last, so that a collision always costs a
        training problem and is counted in ``collisions``.
        """
        if name not in SPLITS:
            raise DataError(f"gsm_symbolic has no split '{name}'", f"splits: {', '.join(SPLITS)}")
        for earlier in SPLITS[: SPLITS.index(name) + 1]:
            if earlier not in self._splits:
                self._splits[earlier] = list(self._draw(earlier))
        return self._splits[name][:limit]

    def _check_templates(self) -> None:
        unknown = {*self.spec.templates, *self.spec.heldout_templates} - set(self._generators)
        if unknown:
            raise DataError(f"gsm_symbolic has no template {sorted(unknown)}", "numbers 0 to 99")
        both = set(self.spec.templates) & set(self.spec.heldout_templates)
        if both:
            raise DataError(f"templates {sorted(both)} are both trained on and held out")

    def _draw(self, split: str) -> Iterator[Sample]:
        templates = self.spec.heldout_templates if split == "heldout" else self.spec.templates
        wanted = getattr(self.spec, split)
        live = {template: self._stream(split, template) for template in templates}
        drawn = 0
        while drawn < wanted and live:
            for template in list(live):
                sample = next(live[template], None)
                if sample is None:
                    del live[template]
                elif drawn < wanted:
                    drawn += 1
                    yield sample

    def _stream(self, split: str, template: int) -> Iterator[Sample]:
        """Yield distinct problems of one template until it only repeats itself."""
        rng = Random(f"{self.spec.seed}/{split}/{template}")
        index = repeats = 0
        while repeats < _ATTEMPTS:
            sample = self._problem(rng, split, template, index)
            key = question_key(sample.question)
            if key in self._seen:
                repeats += 1
                self.collisions[split] = self.collisions.get(split, 0) + 1
                continue
            self._seen.add(key)
            index, repeats = index + 1, 0
            yield sample

    def _problem(self, rng: Random, split: str, template: int, index: int) -> Sample:
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
