"""The features of a pool: a number a draw and feature, from the draws' texts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from llmx.core.record import Record
from llmx.papers.inference_scaling.certainty import certainty_of
from llmx.papers.inference_scaling.features.counting import (
    THIRDS,
    MarkerCounter,
    prose,
    words_of,
)
from llmx.papers.inference_scaling.features.lexicon import CATEGORIES, Lexicons
from llmx.papers.inference_scaling.points import Floats, Ints
from llmx.papers.inference_scaling.thinking import split_thinking

PARTS = ("all", "thinking", "final")
LENGTH, CERTAIN = "length", "certainty"


class Feature(NamedTuple):
    """Names a feature.

    Attributes:
        category: ``length``, ``certainty``, or one of :data:`~.lexicon.CATEGORIES`.
        filing: of the lexicons; empty for a length or certainty.
        part: one of :data:`PARTS`; ``all`` is thinking and final part together.
        measure: of a length ``tokens`` (all) or ``characters`` (a part), of certainty ``logprob``
            (mean of the tokens, nats), of markers ``count``, ``density`` (per 1,000 words) or
            ``diversity`` (share of the category's markers).
    """

    category: str
    filing: str
    part: str
    measure: str


TOKENS = Feature(LENGTH, "", "all", "tokens")
RANK = Feature(LENGTH, "", "all", "rank")
"""Of the tokens, among the draws of a problem: from 0, the shortest, to 1."""
CERTAINTY = Feature(CERTAIN, "", "all", "logprob")
"""Missing where no draw has log-probabilities."""


@dataclass(frozen=True, eq=False)
class Measured:
    """Features of n draws.

    Attributes:
        values: (n,) of each feature; NaN where a draw has no such part.
        thirds: (n, 3) markers that begin in the first, middle and last third of a part, by the
            feature that is their density.
        hashes: of the lexicons, by file name.
    """

    values: Mapping[Feature, Floats]
    thirds: Mapping[Feature, Ints]
    hashes: Mapping[str, str]


class _Draw(NamedTuple):
    """What is counted of one draw; a row of ``PARTS`` each.

    Attributes:
        has: whether there is such a part.
        lengths: tokens, or characters of a part.
        certainty: NaN where no log-probabilities are kept.
        words: of its prose.
        counts: shape ``[parts, filings, categories, 4]``.
    """

    has: tuple[bool, ...]
    lengths: tuple[int, ...]
    certainty: float
    words: tuple[int, ...]
    counts: Ints


def measure(records: Iterable[Record], lexicons: Lexicons) -> Measured:
    """Return the features of records, in their order; their texts are not kept."""
    counter = MarkerCounter(lexicons)
    draws = [_of_draw(record, counter) for record in records]
    return Measured(
        values={**_lengths(draws), **_certainty(draws), **_markers(draws, lexicons)},
        thirds=_thirds(draws, lexicons),
        hashes=dict(lexicons.hashes),
    )


def _of_draw(record: Record, counter: MarkerCounter) -> _Draw:
    thought = split_thinking(record)
    said = thought.final if thought.found else record.text
    thinking, final = (prose(part) for part in (thought.thinking, said))
    # A blank formula keeps a phrase from reaching over the border.
    whole = f"{thinking}\0{final}" if thought.found else final
    written = (whole, thinking, final)
    words = words_of(thinking), words_of(final)
    return _Draw(
        has=(True, thought.found, True),
        lengths=(record.tokens, len(thought.thinking), len(said)),
        certainty=certainty_of(record),
        words=(sum(words) if thought.found else words[1], *words),
        counts=np.stack([counter.counts(part) for part in written]),
    )


def _lengths(draws: Sequence[_Draw]) -> dict[Feature, Floats]:
    """Return the length of each part, NaN where there is none."""
    lengths, has = _table([one.lengths for one in draws]), _table([one.has for one in draws])
    found = np.where(has > 0, lengths, np.nan)
    measures = ("tokens", "characters", "characters")
    names = [Feature(LENGTH, "", *pair) for pair in zip(PARTS, measures, strict=True)]
    return dict(zip(names, found.T, strict=True))


def _certainty(draws: Sequence[_Draw]) -> dict[Feature, Floats]:
    """Return the certainty of each draw; nothing where none has one."""
    found = np.array([one.certainty for one in draws], dtype=np.float64)
    return {CERTAINTY: found} if np.isfinite(found).any() else {}


def _markers(draws: Sequence[_Draw], lexicons: Lexicons) -> dict[Feature, Floats]:
    """Return count, density and diversity of every category, filing and part."""
    words, has = _table([one.words for one in draws]), _table([one.has for one in draws])
    values: dict[Feature, Floats] = {}
    for (filing, category, part), counts in _counts(draws, lexicons).items():
        place = PARTS.index(part)
        markers, different = counts[:, :THIRDS].sum(axis=1), counts[:, THIRDS]
        found = {
            "count": markers,
            "density": 1000 * markers / np.maximum(words[:, place], 1),
            "diversity": different / lexicons.size(filing, category),
        }
        for name, value in found.items():
            known = np.where(has[:, place] > 0, value, np.nan)
            values[Feature(category, filing, part, name)] = known
    return values


def _thirds(draws: Sequence[_Draw], lexicons: Lexicons) -> dict[Feature, Ints]:
    return {
        Feature(category, filing, part, "density"): counts[:, :THIRDS]
        for (filing, category, part), counts in _counts(draws, lexicons).items()
    }


def _counts(draws: Sequence[_Draw], lexicons: Lexicons) -> dict[tuple[str, str, str], Ints]:
    """Return the counts of each (filing, category, part), shape ``[n, 4]``."""
    shape = (0, len(PARTS), len(lexicons.filings), len(CATEGORIES), THIRDS + 1)
    counts = np.stack([one.counts for one in draws]) if draws else np.zeros(shape, dtype=np.int64)
    return {
        (filing, category, part): counts[:, place, at, kind]
        for at, filing in enumerate(lexicons.filings)
        for kind, category in enumerate(CATEGORIES)
        for place, part in enumerate(PARTS)
    }


def _table(rows: Sequence[Sequence[float]]) -> Floats:
    """Return numbers a draw and part, shape ``[n, 3]``."""
    return np.array(rows, dtype=np.float64).reshape(-1, len(PARTS))
