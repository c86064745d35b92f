"""Problems that are drawn from templates: splits that share no question, whatever their seeds.

A problem is a pure function of (seed, split, template, index); splits are kept apart by the hash
of the normalised question, because disjoint seeds are not disjoint questions.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterator, Sequence
from hashlib import blake2b
from random import Random
from typing import Any, ClassVar, Generic, Literal, TypeVar

from pydantic import Field

from llmx.core.errors import DataError
from llmx.core.options import StageOptions, parse
from llmx.core.record import Sample
from llmx.core.registry import lookup
from llmx.core.spec import DataSpec
from llmx.store.rows import lean

Template = TypeVar("Template", bound=Hashable)
SPLITS = ("test", "calibration", "heldout", "train")
_ATTEMPTS = 50  # consecutive repeats of a template before it counts as exhausted


def normalise_question(question: str) -> str:
    """Fold case and white space: two questions that read alike are one."""
    return re.sub(r"\s+", " ", question).strip().lower()


def question_key(question: str) -> str:
    """Return the hash by which splits are kept apart."""
    return blake2b(normalise_question(question).encode(), digest_size=10).hexdigest()


class TemplatedOptions(StageOptions):
    """``data.options`` of problems that are drawn from templates."""

    solutions: Literal["worked", "none"] = Field(
        default="worked",
        description="none = a model learns the final answer alone, of the very same problems",
    )


class Templated(ABC, Generic[Template]):
    """A dataset of problems by template, in turns. ``collisions`` counts repeats by split.

    Attributes:
        draw_seconds: of one core for one problem, for plans.
    """

    Options: ClassVar[type[TemplatedOptions]] = TemplatedOptions
    draw_seconds: ClassVar[float] = 1 / 17_000

    def __init__(self, spec: DataSpec) -> None:
        """Take a specification.

        Raises:
            ConfigError: for an option that the kind has not.
        """
        self.spec = spec
        self.worked = parse(spec, self.Options).solutions == "worked"
        self.collisions: dict[str, int] = {}
        self._seen: set[str] = set()
        self._splits: dict[str, list[Sample]] = {}

    @classmethod
    @abstractmethod
    def identity(cls, spec: DataSpec) -> dict[str, Any]:
        """Return what the problems depend on, the generator's version included."""

    @classmethod
    def stated(cls, spec: DataSpec) -> dict[str, Any]:
        """Return the specification as identities hold it: worked solutions go without saying.

        Raises:
            ConfigError: for an option that the kind has not.
        """
        found = spec.stated()
        if parse(spec, cls.Options).solutions == "worked":
            found.get("options", {}).pop("solutions", None)
        return {name: value for name, value in found.items() if name != "options" or value}

    def solution(self, worked: str, answer: str) -> str:
        """Return what a model learns: the worked solution, or the line that a scorer reads."""
        return worked if self.worked else f"#### {answer}"

    @abstractmethod
    def templates(self, split: str) -> Sequence[Template]:
        """Return the templates that a split draws from."""

    @abstractmethod
    def problem(self, rng: Random, split: str, template: Template, index: int) -> Sample:
        """Draw one problem."""

    @abstractmethod
    def rung(self, template: Template) -> tuple[str, int]:
        """Return the cluster of a template, and how many steps its worked solutions have."""

    def split(self, name: str, limit: int | None = None) -> list[Sample]:
        """Return the problems of a split in their fixed order, at most `limit`.

        Evaluation splits are drawn first and `train` last, so that a collision always costs a
        training problem and is counted in ``collisions``.
        """
        if name not in SPLITS:
            hint = f"splits: {', '.join(SPLITS)}"
            raise DataError(f"{self.spec.kind} has no split '{name}'", hint)
        for earlier in SPLITS[: SPLITS.index(name) + 1]:
            if earlier not in self._splits:
                self._splits[earlier] = list(lean(self._draw(earlier)))
        return self._splits[name][:limit]

    def _draw(self, split: str) -> Iterator[Sample]:
        wanted = getattr(self.spec, split)
        live = {template: self._stream(split, template) for template in self.templates(split)}
        drawn = 0
        while drawn < wanted and live:
            for template in list(live):
                sample = next(live[template], None)
                if sample is None:
                    del live[template]
                elif drawn < wanted:
                    drawn += 1
                    yield sample

    def _stream(self, split: str, template: Template) -> Iterator[Sample]:
        """Yield distinct problems of one template until it only repeats itself."""
        rng = Random(f"{self.spec.seed}/{split}/{template}")
        index = repeats = 0
        while repeats < _ATTEMPTS:
            sample = self.problem(rng, split, template, index)
            key = question_key(sample.question)
            if key in self._seen:
                repeats += 1
                self.collisions[split] = self.collisions.get(split, 0) + 1
                continue
            self._seen.add(key)
            index, repeats = index + 1, 0
            yield sample


def steps_by_cluster(spec: DataSpec, split: str) -> dict[str, int]:
    """Return how many steps a worked solution has, by the cluster of its problem.

    A ladder: from what can be answered at once to what has to be worked out. It depends on no
    solution being written, so it holds of ``solutions: none`` too.

    Returns:
        ``{cluster: steps}`` of a split; empty for a kind whose problems have no templates.
    """
    kind = lookup("data", spec.kind)
    if not issubclass(kind, Templated):
        return {}
    dataset = kind(spec)
    return dict(dataset.rung(template) for template in dataset.templates(split))
