"""WordNet 3.0 as pairs: 117,659 glosses in four tasks, with synonyms and hypernyms as the truth.

The database ships with llmx, packed by ``scripts/pack_wordnet.py``, with its licence beside it.
"""

from __future__ import annotations

import lzma
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from llmx.core.options import wrong
from llmx.data.pairs.kind import PairData, PairOptions
from llmx.data.pairs.pairs import Family, Pair, Truth

PACKED = Path(__file__).parents[1] / "shipped" / "wordnet.xz"

Task = Literal["reverse", "example", "word", "lexfile"]
# The lexicographer files of the database, by number: lexnames(5WN).
LEXFILES: tuple[str, ...] = (
    "adj.all",
    "adj.pert",
    "adv.all",
    "noun.Tops",
    "noun.act",
    "noun.animal",
    "noun.artifact",
    "noun.attribute",
    "noun.body",
    "noun.cognition",
    "noun.communication",
    "noun.event",
    "noun.feeling",
    "noun.food",
    "noun.group",
    "noun.location",
    "noun.motive",
    "noun.object",
    "noun.person",
    "noun.phenomenon",
    "noun.plant",
    "noun.possession",
    "noun.process",
    "noun.quantity",
    "noun.relation",
    "noun.shape",
    "noun.state",
    "noun.substance",
    "noun.time",
    "verb.body",
    "verb.change",
    "verb.cognition",
    "verb.communication",
    "verb.competition",
    "verb.consumption",
    "verb.contact",
    "verb.creation",
    "verb.emotion",
    "verb.motion",
    "verb.perception",
    "verb.possession",
    "verb.social",
    "verb.stative",
    "verb.weather",
    "adj.ppl",
)


@dataclass(frozen=True, slots=True)
class Synset:
    """Words of one meaning.

    Attributes:
        lexfile: number of its lexicographer file, 0 to 44.
        links: places of its hypernyms and of adjectives that are similar.
        gloss: what the words mean, without usages.
    """

    pos: str
    lexfile: int
    words: tuple[str, ...]
    links: tuple[int, ...]
    gloss: str
    usages: tuple[str, ...]


def synset_of(line: str, place: int) -> Synset:
    """Return a synset of its packed line: five columns, links as distances from `place`."""
    pos, lexfile, words, links, gloss = line.split("\t")
    spoken = tuple(word.replace("_", " ") for word in words.split(" "))
    near = tuple(place + int(link) for link in links.split())
    usages = tuple(one.strip() for one in re.findall(r'"([^"]+)"', gloss))
    return Synset(pos, int(lexfile), spoken, near, gloss.partition('"')[0].rstrip("; :,"), usages)


@lru_cache(maxsize=1)
def synsets() -> tuple[Synset, ...]:
    """Return all synsets, in the order of the database: nouns, verbs, adjectives, adverbs."""
    text = lzma.decompress(PACKED.read_bytes()).decode()
    return tuple(synset_of(line, place) for place, line in enumerate(text.splitlines()))


def _different(tasks: tuple[Task, ...]) -> tuple[Task, ...]:
    if not tasks or len(set(tasks)) < len(tasks):
        raise wrong("names no task, or one twice", "write [reverse, example, word, lexfile]")
    return tasks


class WordNetOptions(PairOptions):
    """Which of the four tasks; each is a dataset of its own."""

    tasks: Annotated[tuple[Task, ...], AfterValidator(_different), Field(strict=False)] = Field(
        default=("reverse",),
        description="reverse: gloss to words; example: usage to gloss; word: gloss to its first"
        " word; lexfile",
        examples=["[reverse, example, word, lexfile]"],
    )


Made = Iterator[tuple[str, str]]
_TASKS: dict[str, tuple[Family, Callable[[Synset], Made]]] = {
    "reverse": ("retrieval", lambda one: iter([(one.gloss, ", ".join(one.words))])),
    "example": ("retrieval", lambda one: ((usage, one.gloss) for usage in one.usages)),
    "word": ("short_answer", lambda one: iter([(one.gloss, one.words[0])])),
    "lexfile": ("classification", lambda one: iter([(one.gloss, LEXFILES[one.lexfile])])),
}


class WordNet(PairData):
    """`data: {kind: wordnet}`: queries and targets of WordNet 3.0, divided by synset."""

    Options: ClassVar[type[PairOptions]] = WordNetOptions
    within: ClassVar[Truth | None] = "duplicate"
    options: WordNetOptions

    def every(self) -> Sequence[Pair]:
        """Return the rows of all tasks, task by task, in the order of the database."""
        numbers: dict[str, int] = {}
        return [row for task in self.options.tasks for row in _rows(task, numbers)]

    def links(self) -> Mapping[str, frozenset[str]]:
        """Return a synset's hypernyms, hyponyms and similar adjectives."""
        return _links()


def _rows(task: str, numbers: dict[str, int]) -> Iterator[Pair]:
    family, make = _TASKS[task]
    for place, synset in enumerate(synsets()):
        for number, (query, target) in enumerate(make(synset)):
            yield Pair(
                id=f"{task}-{synset.pos}{place}" + (f"-{number}" if number else ""),
                query=query,
                target=target,
                target_id=numbers.setdefault(target, len(numbers)),
                dataset=task,
                family=family,
                label=target if family == "classification" else None,
                group=f"{synset.pos}{place}",
                words=synset.words,
            )


@lru_cache(maxsize=1)
def _links() -> Mapping[str, frozenset[str]]:
    every = synsets()
    names = [f"{one.pos}{place}" for place, one in enumerate(every)]
    found: dict[str, set[str]] = {}
    for place, one in enumerate(every):
        for other in one.links:
            found.setdefault(names[place], set()).add(names[other])
            found.setdefault(names[other], set()).add(names[place])
    return {name: frozenset(others) for name, others in found.items()}
