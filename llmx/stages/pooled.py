"""A pool of draws and their classes of equal answers, problem by problem, for live methods."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from llmx.core.errors import ConfigError, RunError
from llmx.core.permuted import beside_options, in_draw
from llmx.core.record import Record, Sample
from llmx.core.speech import Request
from llmx.core.stage import StageContext, StageInput
from llmx.data import load
from llmx.data.tasks.tags import opens_thinking
from llmx.scoring.classes import CLASSES, KeyedScorer, ProblemClasses, class_key, read_classes
from llmx.scoring.said import THINK_TAGS, final
from llmx.scoring.scorer import Keyed, KeyedByProblem, Tolerant
from llmx.stages.by_problem import by_problem, problem_of, records_in
from llmx.stages.expense import common_prompt
from llmx.stages.requests import put, required
from llmx.stages.scoring_stage import chosen, kind_of, letters_fault, scorer_of
from llmx.stats.subsets import majority


@dataclass
class AnswerClasses:
    """Classes of equal answers to one problem: those of the pool, and what later answers add.

    Attributes:
        keys: of each class.
        right: whether the answers of each class are right.
        number: key → class.
    """

    sample: Sample
    scorer: KeyedScorer
    keys: list[str]
    right: list[bool]
    number: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of_pool(cls, sample: Sample, scorer: KeyedScorer, known: ProblemClasses) -> AnswerClasses:
        """Return the classes of a pool, with every key that was merged into one of them."""
        found = cls(sample, scorer, list(known.keys), list(known.right))
        found.number = {key: place for place, key in enumerate(known.keys)}
        for _ in known.merged:  # pairs may stand in any order
            for one, other, _why in known.merged:
                for joined, new in ((one, other), (other, one)):
                    if joined in found.number:
                        found.number.setdefault(new, found.number[joined])
        return found

    def of(self, record: Record, draw: int) -> int:
        """Return the class of an answer, a new one if none is equal; -1 where nothing is read.

        Args:
            draw: the one that shows the problem as the answer saw it; a call about a draw has no
                number of its own.
        """
        key = class_key(self.scorer, self.sample, record, draw)
        if key is None:
            return -1
        if key not in self.number:
            self.number[key] = self._equal(key, record, draw)
        return self.number[key]

    def _equal(self, key: str, record: Record, draw: int) -> int:
        """Return the class that the answer is equal to, else a new one; one class is right."""
        correct = self.scorer.score(record, in_draw(self.sample, draw)).correct
        if correct and self.gold is not None:
            return self.gold
        if isinstance(self.scorer, Tolerant):
            for place, other in enumerate(self.keys):
                if self.scorer.why_equal(key, other) is not None:
                    return place
        self.keys.append(key)
        self.right.append(correct)
        return len(self.keys) - 1

    @property
    def gold(self) -> int | None:
        """Which class is right; None where none is."""
        return self.right.index(True) if True in self.right else None

    def correct(self, answer: int) -> float:
        """Return 1 if the answers of a class are right, 0 if not, or where nothing is read."""
        return float(answer >= 0 and self.right[answer])

    def vote(
        self, answers: Sequence[int], sizes: Sequence[int] | None = None
    ) -> NDArray[np.float64]:
        """Return how often the vote of as many of the answers is right, ``[sizes]``.

        Args:
            answers: class of each.
            sizes: None = all of them.
        """
        read = np.array([one for one in answers if one >= 0], dtype=np.int64)
        counts = np.bincount(read, minlength=len(self.right))
        return majority(counts, self.gold, len(answers), sizes or [len(answers)])


@dataclass(frozen=True)
class PooledProblem:
    """One problem with its draws.

    Attributes:
        put: returns the request that puts a problem.
        draws: (M,) their records, in order.
        of: (M,) class of each; -1 = nothing read.
    """

    sample: Sample
    put: Callable[[Sample], Request]
    draws: tuple[Record, ...]
    of: tuple[int, ...]
    classes: AnswerClasses

    def asked(self, draw: int) -> Request:
        """Return the request that puts the problem as a draw shows it; in all else the first's."""
        return self._first if self.sample.permuted is None else self.put(self.shown(draw))

    @cached_property
    def _first(self) -> Request:
        return self.put(self.sample)

    def shown(self, draw: int) -> Sample:
        """Return the problem as a draw shows it."""
        return in_draw(self.sample, draw)

    def said(self, number: int) -> str:
        """Return what the draw at a place says in the end."""
        return said(self.draws[number])

    def begun(self, draws: Sequence[Record]) -> int:
        """Return the tokens that the prompts of these draws of the problem have in common."""
        return common_prompt(draws, self.sample.permuted is not None)

    def proposed(self, number: int) -> str:
        """Return what the draw at a place says in the end, as it stands among other draws.

        Where each draw shows options in another order, those that it was shown stand above it.
        """
        return beside_options(self.sample.permuted, self.draws[number].draw, self.said(number))


def said(record: Record) -> str:
    """Return what an answer says behind its thinking; nothing of one that ends inside of it."""
    text = record.text
    if any(f"</{name}>" in text for name in THINK_TAGS):
        return final(text)
    begun = opens_thinking(record.prompt) or any(f"<{name}>" in text for name in THINK_TAGS)
    return "" if begun else final(text)


def pooled(context: StageContext, problems: int) -> Iterator[PooledProblem]:
    """Yield the first problems of the pool among the inputs, in its order.

    Raises:
        RunError: if an input is missing, or pool and classes are not of the same draws.
        DataError: for a record whose sample is not in the dataset.
    """
    given = context.given
    data, sampler = required(given.arm, given.stage.name)
    samples = {sample.id: sample for sample in load(data, chosen(given).split)}
    scorer = keyed(given)

    def ask(sample: Sample) -> Request:
        return put(data, sample, sampler, given.arm.seed)

    known = read_classes(_classes(context.inputs, given.stage.kind))
    draws = by_problem(records_in(context.inputs, given.stage.kind))
    for own, classes in islice(zip(draws, known, strict=False), problems):
        sample = problem_of(samples, own[0])
        if classes.id != sample.id or len(classes.of) != len(own):
            text = f"{CLASSES} and the draws of problem '{sample.id}' do not belong together"
            raise RunError(text, "`llmx runs check --repair`")
        found = AnswerClasses.of_pool(sample, scorer, classes)
        yield PooledProblem(sample, ask, own, classes.of, found)


def keyed(given: StageInput) -> KeyedScorer:
    """Return the scorer of the stage, which has to say what answers are equal.

    Raises:
        ConfigError: for one that does not, or not where each draw has an order of its own.
    """
    scorer = scorer_of(given)
    if (fault := letters_fault(given)) is not None:
        raise fault
    if isinstance(scorer, Keyed | KeyedByProblem):
        return cast(KeyedScorer, scorer)
    text = f"scorer {kind_of(given)} does not say which answers are equal"
    raise ConfigError(text, f"stages.{given.stage.name}.scorer=exact, or numeric")


def _classes(inputs: Mapping[str, Path], kind: str) -> Path:
    found = [path / CLASSES for path in inputs.values() if (path / CLASSES).exists()]
    if len(found) != 1:
        text = f"stage '{kind}' needs one stage of kind classes, its inputs are: "
        raise RunError(text + ", ".join(inputs), "needs: [pool, classes]")
    return found[0]
