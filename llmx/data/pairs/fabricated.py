"""Fabricated sentences: a rehearsal of what is trained on inferences, without any published text.

A sentence has a subject, what it does, to what, and where. What follows from it names less, what
contradicts it says that something else is done; and two sentences are as alike as their parts.
Nothing of it is published, and no figure on it says anything of published data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b

# A kind, and things of that kind.
SUBJECTS = {
    "an animal": ("a dog", "a cat", "a horse", "an owl", "a goat", "a fox"),
    "a person": ("a woman", "a boy", "a farmer", "a teacher", "a sailor", "a nurse"),
}
ACTIONS = {
    "moving": ("is running after", "is walking past", "is jumping over", "is following"),
    "resting": ("is sleeping beside", "is sitting on", "is lying under", "is leaning on"),
}
OBJECTS = {
    "a thing": ("a table", "a barrel", "a bicycle", "a ladder", "a basket", "a boat"),
    "a plant": ("a tree", "a hedge", "a rose", "a vine", "a cactus", "a fern"),
}
PLACES = {
    "outdoors": ("in a field", "at the beach", "in a park", "on a hill", "by a river", "in a yard"),
    "indoors": (
        "in a kitchen",
        "in a hall",
        "in a barn",
        "in a shop",
        "in a cellar",
        "in a school",
    ),
}
PARTS: tuple[Mapping[str, Sequence[str]], ...] = (SUBJECTS, ACTIONS, OBJECTS, PLACES)
Parts = tuple[tuple[int, int], ...]
"""Of each part which kind, and which of that kind."""
FULL = 5.0  # of two sentences that say the same, as the published scale has it


def _draw(seed: int, what: str, below: int) -> int:
    held = blake2b(f"{seed}\0{what}".encode(), digest_size=8).digest()
    return int.from_bytes(held, "little") % below


def drawn(seed: int, what: str) -> Parts:
    """Return the parts of a sentence, a function of the seed and of what it is for."""
    found = []
    for place, part in enumerate(PARTS):
        kind = _draw(seed, f"{what} kind {place}", len(part))
        below = len(list(part.values())[kind])
        found.append((kind, _draw(seed, f"{what} one {place}", below)))
    return tuple(found)


def sentence(parts: Parts) -> str:
    """Return the sentence of parts."""
    words = [list(part.values())[kind][one] for part, (kind, one) in zip(PARTS, parts, strict=True)]
    return _written(words)


def entailed(parts: Parts) -> str:
    """Return what follows from a sentence: its subject by kind, what is done, and where."""
    (subject, _), (action, what), _, (place, where) = parts
    doing, at = list(ACTIONS.values())[action][what], list(PLACES.values())[place][where]
    words = [list(SUBJECTS)[subject], doing, "something", at]
    return _written(words)


def contradicted(parts: Parts) -> str:
    """Return what cannot be at once: the subject by kind does an action of the other kind."""
    action = (1 - parts[1][0], parts[1][1])
    return entailed((parts[0], action, *parts[2:]))


def triple(seed: int, number: int) -> tuple[str, str, str]:
    """Return a premise, what follows from it, and what contradicts it."""
    parts = drawn(seed, f"triple {number}")
    return sentence(parts), entailed(parts), contradicted(parts)


def graded(seed: int, what: str, number: int) -> tuple[str, str, float]:
    """Return two sentences, and how alike they are, from 0 to 5.

    Each part of the second is that of the first, another of its kind, or drawn anew.
    """
    one, fresh = drawn(seed, f"{what} {number} a"), drawn(seed, f"{what} {number} b")
    other = []
    for place, ((kind, item), new) in enumerate(zip(one, fresh, strict=True)):
        way = _draw(seed, f"{what} {number} way {place}", 3)
        kept = ((kind, item), (kind, (item + 1) % len(list(PARTS[place].values())[kind])), new)
        other.append(kept[way])
    return sentence(one), sentence(tuple(other)), alike(one, tuple(other))


def alike(one: Parts, other: Parts) -> float:
    """Return how alike two sentences are: a part counts 1 if it is the same, 1/2 if of one kind."""
    equal = [1.0 if a == b else 0.5 * (a[0] == b[0]) for a, b in zip(one, other, strict=True)]
    return FULL * sum(equal) / len(equal)


def _written(words: Sequence[str]) -> str:
    text = " ".join(words)
    return f"{text[0].upper()}{text[1:]}."
