"""Markers in a text: found as whole words, longest first, and counted by category and place."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from llmx.papers.inference_scaling.features.lexicon import CATEGORIES, Lexicons, key_of
from llmx.papers.inference_scaling.points import Ints
from llmx.scoring.said import THINK_TAGS

THIRDS = 3

# What is no prose: code, formulas, tags. A dollar sign opens a formula as it does in pandoc: none
# may be white space beside it, and none is a digit behind it, so that sums of money stay. What the
# cap cut within goes on to the end, which also keeps the search linear.
_NO_PROSE = re.compile(
    rf"""
      ```.*?(?:```|\Z) | ~~~.*?(?:~~~|\Z) | `[^`\n]+`
    | \$\$.*?\$\$ | \\\[.*?(?:\\\]|\Z) | \\\(.*?(?:\\\)|\Z)
    | \\begin\{{(?P<env>[a-z]+\*?)\}}.*?(?:\\end\{{(?P=env)\}}|\Z)
    | (?<!\\)\$(?=\S)[^$\n]*(?<=\S)\$(?!\d)
    | \\[a-zA-Z]+(?:\{{[^{{}}\n]*\}})*
    | </?(?:{"|".join(THINK_TAGS)}|answer)>
    """,
    re.S | re.X,
)
_GAP = " \0 "  # stands for what was taken out: no phrase reaches across
_WORD = re.compile(r"\w+(?:['-]\w+)*")
_APOSTROPHES = str.maketrans("’‘ʼ＇", "''''")


class Marker(NamedTuple):
    """A marker in a text: where it stands, and its place in ``Lexicons.entries``."""

    start: int
    end: int
    entry: int


def prose(text: str) -> str:
    """Return a text as markers are looked for: lower case, without code, formulas and tags."""
    return _NO_PROSE.sub(_GAP, text).lower().translate(_APOSTROPHES)


def words_of(written: str) -> int:
    """Return the words of a prose; numbers are words, and what a hyphen joins is one."""
    return len(_WORD.findall(written))


class MarkerCounter:
    """Finds the markers of lexicons in texts; one regular expression serves all filings."""

    def __init__(self, lexicons: Lexicons) -> None:
        self.lexicons = lexicons
        self._place = {entry: place for place, entry in enumerate(lexicons.entries)}
        self._any = re.compile(_pattern(sorted(lexicons.entries, key=lambda one: -len(one))))

    def find(self, written: str, filing: str) -> list[Marker]:
        """Return the markers of a prose that count, from left to right; none overlap.

        The longest come first; of equally long ones that with the category of precedence, then
        the leftmost.
        """
        return self._settled(self._longest(written), written, filing)

    def counts(self, written: str) -> Ints:
        """Return what is counted, shape ``[filings, categories, 4]``.

        The last axis: markers in the first, middle and last third of the prose (by characters, of
        where they begin), and how many different ones there are.
        """
        lexicons, longest = self.lexicons, self._longest(written)
        counts = np.zeros((len(lexicons.filings), len(CATEGORIES), THIRDS + 1), dtype=np.int64)
        for table, (filing, category) in zip(counts, lexicons.filings.items(), strict=True):
            found = self._settled(longest, written, filing)
            for one in found:
                table[category[one.entry], THIRDS * one.start // len(written)] += 1
            for entry in {one.entry for one in found}:
                table[category[entry], THIRDS] += 1
        return counts

    def _longest(self, written: str) -> list[Marker]:
        """Return the longest marker at every place where one begins; they may overlap."""
        return [
            Marker(at.start(), at.end(1), self._place[key_of(at[1])])
            for at in self._any.finditer(written)
        ]

    def _settled(self, longest: list[Marker], written: str, filing: str) -> list[Marker]:
        if all(one.end <= other.start for one, other in pairwise(longest)):
            return longest
        category = self.lexicons.filings[filing]

        def rank(one: Marker) -> tuple[int, int, int]:
            return -len(self.lexicons.entries[one.entry]), category[one.entry], one.start

        kept: list[Marker] = []
        for one in sorted(self._all(longest, written), key=rank):
            if all(one.end <= other.start or other.end <= one.start for other in kept):
                kept.append(one)
        return sorted(kept)

    def _all(self, longest: Iterable[Marker], written: str) -> Iterable[Marker]:
        """Yield each marker, and the shorter ones that begin where it does."""
        for one in longest:
            yield one
            for place, pattern in self._within.get(one.entry, ()):
                if shorter := pattern.match(written, one.start):
                    yield Marker(one.start, shorter.end(1), place)

    @cached_property
    def _within(self) -> dict[int, list[tuple[int, re.Pattern[str]]]]:
        """Entry → the entries with which it begins, of those that have any."""
        entries = self.lexicons.entries
        pairs = [(a, b) for a in entries for b in entries if a.startswith(f"{b} ")]
        found: dict[int, list[tuple[int, re.Pattern[str]]]] = {}
        for longer, shorter in pairs:
            known = found.setdefault(self._place[longer], [])
            known.append((self._place[shorter], re.compile(_pattern([shorter]))))
        return found


def _pattern(entries: Iterable[str]) -> str:
    """Return the expression of whole words that looks ahead, so that matches may overlap.

    Where a phrase has a space a text may have white space or a hyphen. A word does not end before
    an apostrophe or a hyphen that joins it to the next.
    """
    any_of = "|".join(re.escape(entry).replace(r"\ ", r"[\s-]+") for entry in entries)
    return rf"(?<!\w)(?<!\w['-])(?=((?:{any_of})(?!\w|['-]\w)))"
