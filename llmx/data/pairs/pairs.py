"""What pairs are: rows, what is known of any two of them, and a search with its judgements."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from llmx.core.item import ImageText, Item
from llmx.store.files import inside
from llmx.store.fingerprint import fingerprint

if TYPE_CHECKING:
    from numpy import int64
    from numpy.typing import NDArray

Family = Literal["retrieval", "grounding", "short_answer", "classification"]
"""What a target is: a text of its own, a region, an answer that many rows share, or a class."""
Truth = Literal["duplicate", "related", "unrelated"]
"""What a target is to the query of another row: as right as its own, near it, or wrong."""
LABELS = frozenset({"short_answer", "classification"})
"""Families in which many rows share a target by their nature."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One row.

    Attributes:
        target_id: number of the target's text, from 0; equal texts have equal numbers, in every
            split and dataset of one kind.
        dataset: the task that it belongs to; batches and rankings are made within one.
        label: its class, where it has one.
        negatives: texts that are known to be wrong for the query.
        group: what it is a part of; a group lies in one split.
        words: what may not stand in two splits, besides the texts.
        images: names of the pictures before the query and the target; empty for none.
        folder: of the pictures.
        grade: how alike people found query and target, on the scale of its dataset; None where
            nobody was asked.
    """

    id: str
    query: str
    target: str
    target_id: int
    dataset: str
    family: Family = "retrieval"
    label: str | None = None
    negatives: tuple[str, ...] = ()
    group: str = ""
    words: tuple[str, ...] = ()
    images: tuple[str, str] = ("", "")
    folder: Path | None = None
    grade: float | None = None

    @property
    def asked(self) -> Item:
        """What an embedder reads of the query."""
        return self._item(self.query, self.images[0])

    @property
    def answer(self) -> Item:
        """What an embedder reads of the target."""
        return self._item(self.target, self.images[1])

    def _item(self, text: str, name: str) -> Item:
        folder = self.folder or Path()
        return ImageText(text, inside(folder, name, links=True), name) if name else text


@dataclass(frozen=True)
class PairRows(Sequence[Pair]):
    """The rows of a split, 0 to n - 1, and what is known of any two of them.

    Attributes:
        within: what rows of one group are to each other; None where nothing is known of groups.
        links: group to the groups that are related to it.
        dropped: rows that are in no split, as they share a text or a word with a row of another.
    """

    rows: tuple[Pair, ...]
    within: Truth | None = None
    links: Mapping[str, frozenset[str]] = field(default_factory=dict)
    dropped: int = 0

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Pair]:
        return iter(self.rows)

    def __getitem__(self, place: Any) -> Any:
        return self.rows[place]

    @property
    def datasets(self) -> tuple[str, ...]:
        """The datasets of the rows, in their order."""
        return tuple(dict.fromkeys(row.dataset for row in self.rows))

    def of(self, dataset: str) -> PairRows:
        """Return the rows of one dataset, in their order."""
        kept = tuple(row for row in self.rows if row.dataset == dataset)
        return PairRows(kept, self.within, self.links, self.dropped)

    @cached_property
    def target_id(self) -> NDArray[int64]:
        """Numbers of the targets, int64 (n,)."""
        import numpy as np

        return np.fromiter((row.target_id for row in self.rows), np.int64, len(self.rows))

    @cached_property
    def hash(self) -> str:
        """Return the hash of what stands in the rows, in their order: 20 hexadecimal digits."""
        pictures = [list(r.images) for r in self]
        more = [pictures] if any(map(any, pictures)) else []
        return fingerprint([*([*map(_plain, _stated(row))] for row in self), *more])

    def truth(self, i: int, j: int) -> Truth | None:
        """Return what the target of row `j` is to the query of row `i`; None where unknown."""
        one, other = self.rows[i], self.rows[j]
        if one.dataset == other.dataset and one.target_id == other.target_id:
            return "duplicate"
        if self.within is None:
            return None
        if one.group == other.group:
            return self.within
        return "related" if other.group in self.links.get(one.group, ()) else "unrelated"


def _stated(row: Pair) -> tuple[Any, ...]:
    """Return what a row is by; a grade only where there is one, so that other rows keep theirs."""
    held = (row.id, row.query, row.target, row.dataset, row.family, row.label, row.negatives)
    return held if row.grade is None else (*held, row.grade)


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


@dataclass(frozen=True)
class Retrieval:
    """A search: queries, what is searched, and the judged targets of each query.

    Attributes:
        ids: of the queries; of rows with equal queries, the first.
        corpus_id: `target_id` of each text of the corpus, int64 (m,).
        judged: for each query, position in the corpus to grade: 2 is right, 1 is related.
        among: for each query, int64 positions in the corpus that it searches; None: all of it.
    """

    dataset: str
    ids: tuple[str, ...]
    queries: tuple[Item, ...]
    corpus: tuple[Item, ...]
    corpus_id: NDArray[int64]
    judged: tuple[Mapping[int, int], ...]
    among: tuple[NDArray[int64], ...] | None = None


def retrieval_of(
    asked: Sequence[Pair], every: Sequence[Pair], related: Mapping[str, frozenset[str]]
) -> Retrieval:
    """Return the search of rows of one dataset among the targets of all of its rows.

    A query that stands in several rows is asked once, and each of their targets is right, in
    whichever split they lie.

    Args:
        asked: rows whose queries are asked.
        every: all rows of the dataset; each different target is searched once, in their order.
        related: group to groups whose targets have grade 1; empty where none have.
    """
    import numpy as np

    place: dict[int, int] = {}
    texts: list[str] = []
    right: dict[str, dict[int, int]] = {}
    at: dict[str, list[int]] = {}
    for row in every:
        if row.target_id not in place:
            place[row.target_id] = len(texts)
            texts.append(row.target)
        right.setdefault(row.query, {})[place[row.target_id]] = 2
        at.setdefault(row.group, []).append(place[row.target_id])
    first = {row.query: row for row in reversed(asked)}
    queries = tuple(dict.fromkeys(row.query for row in asked))
    judged = []
    for query in queries:
        groups = sorted(related.get(first[query].group, ()))
        near = dict.fromkeys((one for group in groups for one in at.get(group, ())), 1)
        judged.append({**near, **right[query]})
    ids = tuple(first[query].id for query in queries)
    numbers = np.fromiter(place, np.int64, len(place))
    return Retrieval(asked[0].dataset, ids, queries, tuple(texts), numbers, tuple(judged))
