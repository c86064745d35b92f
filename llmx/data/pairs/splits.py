"""Splits of pairs that share no group, no text and no word, and the audit that proves it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from llmx.data.pairs.pairs import LABELS, Pair

EVALUATED = ("test", "calibration")


@dataclass(frozen=True)
class Leak:
    """One text, word or group that stands in two splits, and the first row of each."""

    what: str
    shared: str
    splits: tuple[str, str]
    rows: tuple[str, str]


def normal(text: str) -> str:
    """Return a text as it is compared between splits: small letters, single spaces."""
    return " ".join(text.casefold().split())


def divided(
    rows: Sequence[Pair], seed: int, sizes: Mapping[str, int]
) -> tuple[dict[str, tuple[Pair, ...]], int]:
    """Return the rows of each split, and how many rows lie in none.

    Groups are taken in the order of a hash of seed and group: for test, then calibration, until
    one dataset has its rows; the others train. A row that shares a text or word with a row of an
    earlier split is left out, with its whole group for an evaluated split.

    Args:
        sizes: most rows of each dataset in `test`, `calibration` and `train`; 0 = no limit.
    """
    taken: set[tuple[str, str]] = set()
    found: dict[str, tuple[Pair, ...]] = {}
    left = _groups(rows, seed)
    for split in EVALUATED:
        found[split], left = _evaluated(left, taken, sizes[split])
        taken |= {one for row in found[split] for one in apart(row)}
    clean = (row for group in left for row in group if taken.isdisjoint(apart(row)))
    found["train"] = _at_most(clean, sizes["train"])
    return found, len(rows) - sum(map(len, found.values()))


def _groups(rows: Sequence[Pair], seed: int) -> list[list[Pair]]:
    groups: dict[str, list[Pair]] = {}
    for row in rows:
        groups.setdefault(row.group, []).append(row)

    def order(group: str) -> bytes:
        return blake2b(f"{seed}\0{group}".encode(), digest_size=16).digest()

    return [groups[name] for name in sorted(groups, key=order)]


def _evaluated(
    groups: Sequence[list[Pair]], taken: set[tuple[str, str]], most: int
) -> tuple[tuple[Pair, ...], list[list[Pair]]]:
    """Return the rows of one evaluated split, and the groups that are left for later ones."""
    held: list[Pair] = []
    left: list[list[Pair]] = []
    counts: Counter[str] = Counter()
    for group in groups:
        full = max(counts.values(), default=0) >= most
        if full or any(not taken.isdisjoint(apart(row)) for row in group):
            left.append(group)
            continue
        held.extend(group)
        counts.update(row.dataset for row in group)
    return _at_most(held, most), left


def _at_most(rows: Iterable[Pair], most: int) -> tuple[Pair, ...]:
    """Return the first rows of each dataset; all where `most` is 0."""
    counts: Counter[str] = Counter()
    kept: list[Pair] = []
    for row in rows:
        if not most or counts[row.dataset] < most:
            kept.append(row)
            counts[row.dataset] += 1
    return tuple(kept)


def apart(row: Pair) -> Iterator[tuple[str, str]]:
    """Yield (what it is, its form) of all that no other split may hold.

    Classes and short answers are shared by their nature, so they are no such text.
    """
    yield "group", row.group
    yield "text", normal(row.query)
    if row.family not in LABELS:
        yield "text", normal(row.target)
    yield from (("word", normal(word)) for word in row.words)


def leaks(splits: Mapping[str, Sequence[Pair]]) -> tuple[Leak, ...]:
    """Return what stands in two splits; empty where they are apart.

    It rests on the rows alone, not on how they were divided.
    """
    where: dict[tuple[str, str], dict[str, str]] = {}
    for split, rows in splits.items():
        for row in rows:
            for one in apart(row):
                where.setdefault(one, {}).setdefault(split, row.id)
    found = []
    for (what, shared), held in where.items():
        if len(held) > 1:
            (split, other), (first, second) = list(held)[:2], list(held.values())[:2]
            found.append(Leak(what, shared, (split, other), (first, second)))
    return tuple(found)
