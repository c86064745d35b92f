"""Reasoning puzzles as a dataset: six splits, each in a seed window of its own.

Item i of a split is drawn from ``Random(window + i)``, and windows are 2^28 seeds apart: no seed is
used twice. Disjoint seeds are not disjoint problems (small spaces repeat themselves, the rules of
`list_functions` depend on the window alone): an item whose key an earlier item has is left out and
counted in ``collisions``. Splits are drawn in the order of ``SPLITS``, so that a collision always
costs a training problem.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from llmx.core.errors import DataError
from llmx.core.record import Sample
from llmx.core.spec import DataSpec
from llmx.data.gsm_symbolic import generator_version
from llmx.data.tasks.options import configuration, problem_options, problem_spec
from llmx.data.tasks.tasks import Entry, brief, cluster, problem_key
from llmx.store.files import dumps

VERSION = 1  # to be raised with every change in this folder that changes a problem
SPLITS = ("test", "calibration", "validation", "sft", "train", "lessons")
WINDOW = 1 << 28  # seeds of one split
_LESSONS = 1 << 32  # the number of the first window of lessons, which all lie behind the others
_ATTEMPTS = 300  # consecutive repeats before a space of problems counts as exhausted


def window(seed: int, split: str) -> int:
    """Return the first seed of a split: no two (seed, split) are nearer than ``WINDOW``."""
    if split == "lessons":
        return (_LESSONS + seed) * WINDOW
    return (seed * (len(SPLITS) - 1) + SPLITS.index(split)) * WINDOW


class ReasoningTask:
    """`data: {kind: countdown}` and its kin.

    ``test``, ``calibration`` and ``train`` (the problems of reinforcement learning) are sized by
    the data section, ``validation``, ``sft`` (the problems of traces) and ``lessons`` (those that a
    start model is trained on) by ``data.options``.
    """

    def __init__(self, spec: DataSpec) -> None:
        self.spec = spec
        self.collisions: dict[str, int] = {}
        problem_options(spec)  # refuses what is unknown

    @classmethod
    def scorer_of(cls, spec: DataSpec) -> str:
        """Return the kind of scorer that verifies an answer: that of the task's name."""
        return spec.kind

    @classmethod
    def identity(cls, spec: DataSpec) -> dict[str, Any]:
        """Return what the problems depend on: generator, its version and configuration, sizes."""
        return {
            "spec": problem_spec(spec),
            "generator": generator_version(),
            "configuration": configuration(spec),
            "version": VERSION,
        }

    def split(self, name: str, limit: int | None = None) -> list[Sample]:
        """Return the problems of a split in their fixed order, at most `limit`.

        Raises:
            DataError: if there is no such split, or the space holds fewer problems than asked.
        """
        return [sample for sample, _ in self.entries(name)[:limit]]

    def entries(self, name: str) -> list[tuple[Sample, Entry]]:
        """Return problems with the items they were made from; see :meth:`split`."""
        if name == "heldout" and not self.spec.heldout:
            return []
        if name not in SPLITS:
            hint = f"splits: {', '.join(SPLITS)}"
            raise DataError(f"{self.spec.kind} has no split '{name}'", hint)
        problems = dumps(problem_spec(self.spec))  # arms that differ in their traces share them
        drawn = {split: _drawn(problems, split) for split in up_to(name)}
        self.collisions |= {split: found.repeats for split, found in drawn.items() if found.repeats}
        return list(drawn[name].entries)


def split_size(spec: DataSpec, split: str) -> int:
    """Return how many problems a split is asked to have."""
    options = problem_options(spec)
    return int(getattr(options if split in type(options).model_fields else spec, split))


def drawn_up_to(spec: DataSpec, split: str) -> int:
    """Return how many problems are drawn for a split: its own, and those of the splits before."""
    return sum(split_size(spec, one) for one in up_to(split))


def up_to(split: str) -> tuple[str, ...]:
    """Return the splits that are drawn for a split: those before it, and itself."""
    return SPLITS[: SPLITS.index(split) + 1]


@dataclass(frozen=True)
class _Drawn:
    """The problems of one split with their items, their keys, and the repeats left out."""

    entries: tuple[tuple[Sample, Entry], ...]
    keys: frozenset[str]
    repeats: int


@lru_cache(maxsize=16)
def _drawn(spec: str, split: str) -> _Drawn:
    """Draw a split once a process: some problems take a fifth of a second, and every stage asks."""
    earlier = (_drawn(spec, one).keys for one in up_to(split)[:-1])
    return _Drawing(DataSpec.model_validate_json(spec), split, set().union(*earlier)).all()


class _Drawing:
    """Draws one split past the keys of those before it."""

    def __init__(self, spec: DataSpec, split: str, seen: set[str]) -> None:
        self.spec, self.split, self.seen = spec, split, seen
        self.options = problem_options(spec)
        self.repeats = 0

    def all(self) -> _Drawn:
        """Return the whole split."""
        before = frozenset(self.seen)
        entries = tuple(self._draw(self.split))
        return _Drawn(entries, frozenset(self.seen - before), self.repeats)

    def _draw(self, split: str) -> Iterator[tuple[Sample, Entry]]:
        wanted, drawn, repeats = split_size(self.spec, split), 0, 0
        for index, entry in self._items(split, wanted):
            if drawn == wanted:
                return
            key = problem_key(self.spec.kind, entry)
            if key in self.seen:
                repeats += 1
                self.repeats += 1
                if repeats > _ATTEMPTS:
                    raise self._exhausted(split, wanted, drawn)
                continue
            self.seen.add(key)
            drawn, repeats = drawn + 1, 0
            yield self._sample(split, index, entry), entry

    def _items(self, split: str, wanted: int) -> Iterator[tuple[int, Entry]]:
        """Yield the generator's items; a seed for which it finds nothing is passed over."""
        if not wanted:
            return
        items = _generator(self.spec, window(self.spec.seed, split))
        for index in range(WINDOW):
            try:
                yield index, items(index)
            except ValueError:  # "Failed to generate …": the configuration is tight
                if index > 100 * (wanted + _ATTEMPTS):
                    raise self._exhausted(split, wanted, 0) from None

    def _exhausted(self, split: str, wanted: int, drawn: int) -> DataError:
        return DataError(
            f"{self.spec.kind} has no {wanted} new problems for split '{split}': {drawn} drawn",
            "ask for fewer, or widen data.options.generator",
        )

    def _sample(self, split: str, index: int, entry: Entry) -> Sample:
        kind = self.spec.kind
        short = brief(kind, entry) if self.options.question == "brief" else None
        if self.options.question == "brief" and short is None:
            raise DataError(f"{kind} has no brief question", "set data.options.question=library")
        return Sample(
            id=f"{split}-{index}",
            question=short or entry["question"].strip(),
            answer=entry["answer"].strip(),
            cluster=cluster(kind, entry),
        )


def _generator(spec: DataSpec, seed: int) -> Any:
    """Return index → item of the generator.

    Raises:
        DataError: if the generator refuses its configuration.
    """
    from reasoning_gym import create_dataset

    settings = configuration(spec)
    try:
        # `list_functions` draws one rule for each of `size` items; a larger size only adds to them.
        size = 200_000 if spec.kind == "list_functions" else WINDOW
        dataset = create_dataset(spec.kind, seed=seed, size=size, **settings)
    except (AssertionError, TypeError, ValueError) as error:
        raise DataError(f"{spec.kind} refuses its configuration: {error}", str(settings)) from error
    return dataset.__getitem__
