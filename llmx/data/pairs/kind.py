"""What every kind of pairs does: its splits, its searches and what names its content."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar, NoReturn

from pydantic import Field

from llmx.core.errors import DataError, nearest
from llmx.core.options import StageOptions, parse
from llmx.core.spec import DataSpec
from llmx.data.pairs.pairs import Pair, PairRows, Retrieval, Truth, retrieval_of
from llmx.data.pairs.splits import EVALUATED, Leak, divided, leaks

VERSION = 1  # raised with every change in this room to a row, a split or a judgement
SPLITS = (*EVALUATED, "train")


class PairOptions(StageOptions):
    """Of every kind of pairs."""

    related: bool = Field(
        default=False, description="targets that are related to the right one have grade 1, not 0"
    )


class PairData(ABC):
    """`data: {kind: …}` of pairs: rows, divided by group, with what is searched."""

    Options: ClassVar[type[PairOptions]] = PairOptions
    within: ClassVar[Truth | None] = None
    evaluated: ClassVar[tuple[str, ...]] = EVALUATED

    def __init__(self, spec: DataSpec) -> None:
        self.spec = spec
        self.options = parse(spec, self.Options)

    @classmethod
    def identity(cls, spec: DataSpec) -> dict[str, Any]:
        """Return what the rows depend on."""
        return {"spec": spec.stated(), "version": VERSION}

    @classmethod
    def planned(cls, spec: DataSpec, split: str) -> dict[str, int] | None:
        """Return about how many rows each dataset has; None where they have to be read for it."""
        return None

    @abstractmethod
    def every(self) -> Sequence[Pair]:
        """Return all rows, of all splits.

        Raises:
            DataError: if they cannot be had.
        """

    def links(self) -> Mapping[str, frozenset[str]]:
        """Return group to related groups; empty where nothing is known of them."""
        return {}

    @cached_property
    def _all(self) -> tuple[Pair, ...]:
        return tuple(self.every())

    @cached_property
    def _divided(self) -> tuple[dict[str, tuple[Pair, ...]], int]:
        sizes = {name: getattr(self.spec, name) for name in SPLITS}
        return divided(self._all, self.spec.seed, sizes)

    def pairs(self, split: str) -> PairRows:
        """Return the rows of `test`, `calibration` or `train`.

        `train` holds at most `data.train` rows of each dataset, all where that is 0.

        Raises:
            DataError: for another split, or one that is empty.
        """
        if split not in SPLITS:
            raise DataError(f"pairs have no split '{split}'", nearest(split, SPLITS, "splits"))
        splits, dropped = self._divided
        if not splits[split]:
            text = f"data={self.spec.kind}: no row is left for {split} of {len(self._all)}"
            raise DataError(text, "lower data.test and data.calibration")
        return PairRows(splits[split], self.within, self.links(), dropped)

    def retrieval(self, split: str, dataset: str | None = None) -> Retrieval:
        """Return the search of a split among the targets of all splits.

        Args:
            dataset: which one, where there are several.

        Raises:
            DataError: if there is no such dataset, or several and none is named.
        """
        asked = self.pairs(split)
        name = dataset or (asked.datasets[0] if len(asked.datasets) == 1 else None)
        if name not in asked.datasets:
            what = f"there is no dataset '{name}'" if name else "several datasets: none is named"
            raise DataError(f"data={self.spec.kind}: {what}", nearest(name or "", asked.datasets))
        related = self.links() if self.options.related else {}
        return retrieval_of(asked.of(name), [r for r in self._all if r.dataset == name], related)

    def audit(self) -> tuple[Leak, ...]:
        """Return what stands in two splits: nothing, or there is a fault."""
        return leaks(self._divided[0])

    def split(self, split: str, limit: int | None = None) -> NoReturn:
        """Refuse to give problems: pairs are searched, not answered."""
        text = f"data={self.spec.kind} holds pairs, which no model answers"
        raise DataError(text, "its stages are those of retrieval, as in the recipes of that group")
