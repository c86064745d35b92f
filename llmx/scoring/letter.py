"""Letters of options as people and models write them.

A letter *stands alone* if it is a capital that is no part of a word, name, abbreviation or grade,
or a small letter in brackets, in a box, or all that follows "answer is". ``A`` before a word is the
article and ``I`` the pronoun, unless the word can follow a letter only (``A is``, ``A or``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

# What may stand between "is" and the letter, and around a letter anywhere: quotes, emphasis, LaTeX.
_OPEN = r"(?:\\boxed\s*\{|\\(?:text|mathrm|textbf)\s*\{|[\s(\[{$*_\"'“‘`])*"
_ANSWER = re.compile(rf"\banswer\s+is\s*:?{_OPEN}", re.I)
_LETTER = re.compile(r"[A-Z](?![\w'’+#-]|\.\w)")
_CAPITAL = re.compile(r"(?<![\w'’.&+-])[A-Z](?![\w'’+#-]|\.\w)")
_ENCLOSED = re.compile(r"(?<!\w)(?:\\boxed\s*\{\s*\(?|[(\[])\s*([a-z])\s*(?=[)\]}])")
_SMALL = re.compile(
    rf"(?i:\banswer(?:\s+is)?\s*:?{_OPEN})([a-z])(?=[\s)\]}}$*_\"'”’`]*(?:[.,;:!?]|$))"
)
# Words that follow a letter but neither the article nor, for the first five, the pronoun.
_AFTER_I = r"is|and|or|because|since"
_AFTER_A = rf"{_AFTER_I}|was|are|as|but|than|seems|fits|would|makes"
_ARTICLE = re.compile(rf"A\s+(?!(?:{_AFTER_A})\b)\w")
_PRONOUN = re.compile(rf"I\s+(?!(?:{_AFTER_I})\b)\w")
_SECOND = re.compile(
    r"[\s)\]}$*_\"'”’`]*(?:,|/|&|\band\b|\bor\b)[\s,]*(?:(?:and|or)\b)?(?=\W*[A-Z]\b)"
)


def stated_letter(text: str) -> str | None:
    """Return the capital that the last "answer is" of a text names, or None.

    None too where it names two ("A and B"), or something else ("not C", "a dog").
    """
    found = list(_ANSWER.finditer(text))
    if not found:
        return None
    place = found[-1].end()
    letter = _LETTER.match(text, place)
    if letter is None or _is_word(text, place) or _names_another(text, letter.end()):
        return None
    return letter.group()


def last_letter(text: str, options: int) -> str | None:
    """Return the last of the first `options` letters that stands alone, as a capital, or None."""
    known = {chr(ord("A") + place) for place in range(options)}
    found = [(place, letter) for place, letter in _standing(text) if letter in known]
    return max(found)[1] if found else None


def _standing(text: str) -> Iterator[tuple[int, str]]:
    for found in _CAPITAL.finditer(text):
        if not _is_word(text, found.start()):
            yield found.start(), found.group()
    for pattern in (_ENCLOSED, _SMALL):
        for found in pattern.finditer(text):
            yield found.start(1), found.group(1).upper()


def _is_word(text: str, place: int) -> bool:
    """Whether the letter at `place` is the article or the pronoun."""
    return bool(_ARTICLE.match(text, place) or _PRONOUN.match(text, place))


def _names_another(text: str, end: int) -> bool:
    """Whether a second letter is named beside the first: ``A and B``, ``A, B``."""
    joined = _SECOND.match(text, end)
    if joined is None:
        return False
    place = re.compile(r"\W*").match(text, joined.end())
    return place is not None and not _is_word(text, place.end())
