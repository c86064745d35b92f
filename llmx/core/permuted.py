"""How a multiple-choice problem looks in each of its draws, where each has an order of its own.

Whoever asks a draw, reads its answer or goes on with it takes the problem from :func:`in_draw`.
Letters of different draws mean different options: they are told from each other by
:func:`first_letter`, which calls an option by the letter that the first draw gives it.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from string import ascii_uppercase

from llmx.core.record import PermutedOptions, Sample, dice_of

OWN_OPTIONS = "This answer was given to the question with its options in this order:"
"""Above the options of an answer that stands among answers to other orders."""


def lettered(options: Sequence[str]) -> str:
    """Return options as they are shown: each on a line of its own, ``A. …``.

    Raises:
        ValueError: for fewer than two options, or more than there are letters.
    """
    if not 2 <= len(options) <= len(ascii_uppercase):
        raise ValueError(f"{len(options)} options")
    pairs = zip(ascii_uppercase, options, strict=False)
    return "\n".join(f"{letter}. {text.strip()}" for letter, text in pairs)


def order_of(texts: Sequence[str], seed: int, draw: int = 0) -> list[int]:
    """Return at each place, from A, which of the published options stands there.

    It is a function of its arguments alone, by a hash that no version of a library changes.

    Args:
        texts: the options, as they are published.
        draw: from 0; each has an order of its own, which may be that of another by chance.
    """
    name, content = dice_of(str(seed), draw), "\n".join(texts)

    def drawn(place: int) -> bytes:
        return blake2b(f"{name}/{place}/{content}".encode(), digest_size=8).digest()

    return sorted(range(len(texts)), key=drawn)


def in_draw(sample: Sample, draw: int) -> Sample:
    """Return the problem as a draw shows it: its question, and the letter of the right option.

    It does not matter as which draw it is given. A problem whose draws are all alike is returned
    as it is.
    """
    options = sample.permuted
    if options is None:
        return sample
    order = _order(options, draw)
    question = _shown(options, order).join(options.around)
    told = {"question": question, "answer": ascii_uppercase[order.index(options.right)]}
    return sample.model_copy(update=told)


def first_letter(options: PermutedOptions, draw: int, letter: str) -> str:
    """Return the letter that the first draw gives to the option that another calls `letter`.

    What is the letter of no option is returned as it is.
    """
    place = ascii_uppercase.find(letter) if len(letter) == 1 else -1
    if not 0 <= place < len(options.texts):
        return letter
    return ascii_uppercase[_order(options, 0).index(_order(options, draw)[place])]


def option_named(options: PermutedOptions, letter: str) -> str:
    """Return what an option says behind its letter in the first draw; a letter of none alone."""
    place = ascii_uppercase.find(letter) if len(letter) == 1 else -1
    if not 0 <= place < len(options.texts):
        return letter
    return f"{letter}. {options.texts[_order(options, 0)[place]].strip()}"


def beside_options(options: PermutedOptions | None, draw: int, text: str) -> str:
    """Return what an answer says below the options that its draw was shown.

    Its letters mean nothing beside the options of another draw. Where all draws are alike it is
    returned as it is.
    """
    if options is None:
        return text
    return f"{OWN_OPTIONS}\n{_shown(options, _order(options, draw))}\n\n{text}"


def _order(options: PermutedOptions, draw: int) -> list[int]:
    return order_of(options.texts, options.seed, draw)


def _shown(options: PermutedOptions, order: Sequence[int]) -> str:
    return lettered([options.texts[place] for place in order])
