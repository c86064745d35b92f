"""Letters of options as people and models write them.

A letter *stands alone* if it is a capital that is no part of a word, name, abbreviation or grade,
or a small letter in brackets, in a box, or all that follows "answer is". ``A`` before a word is the
article and ``I`` the pronoun, unless the word can follow a letter only (``A is``, ``A or``).
A letter that is said to be wrong ("not C", "A is wrong") is no answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

# What may stand around a letter: quotes, emphasis, brackets, LaTeX, tags; opened and closed.
_TAG = r"</?[A-Za-z][A-Za-z0-9]{0,9}>"
_OPEN = (
    r"(?:\\boxed\s*\{|\\(?:text|mathrm|mathbf|mathsf|textbf|textit|bf|underline)\s*\{|"
    rf"\\[(\[]|{_TAG}|[\s(\[{{$*_~\"'“‘„«‹`])*"
)
_CLOSE = rf"(?:\\[)\]]|{_TAG}|[\s)\]}}$*_~\"'”’»›`])*"
_OPENED = re.compile(_OPEN)
_ANSWER = re.compile(rf"\banswer\s+is\s*:?{_OPEN}", re.I)
# Neither within a word ("A_1", "A's", "U.S.") nor a grade or a name ("B-", "C#").
_ALONE = r"(?!_*[^\W_])(?!['’][^\W_])(?![+#-])(?!\.\w)"
_LETTER = re.compile(rf"[A-Z]{_ALONE}")
_CAPITAL = re.compile(rf"(?<![^\W_])(?<![^\W_]_)(?<![^\W_]['’])(?<![.&+-])[A-Z]{_ALONE}")
_ENCLOSED = re.compile(r"(?<!\w)(?:\\boxed\s*\{\s*\(?|[(\[])\s*([a-z])\s*(?=[)\]}])")
_SMALL = re.compile(
    rf"(?i:\banswer(?:\s+is)?\s*:?{_OPEN})([a-z])(?![^\W_])(?={_CLOSE}(?:[.,;:!?]|$))"
)
# Words that follow a letter but neither the article nor, for the first five, the pronoun.
_AFTER_I = r"is|and|or|because|since"
_AFTER_A = rf"{_AFTER_I}|was|are|as|but|than|seems|fits|would|makes"
_ARTICLE = re.compile(rf"A\s+(?!(?:{_AFTER_A})\b)\w")
_PRONOUN = re.compile(rf"I\s+(?!(?:{_AFTER_I})\b)\w")
_SECOND = re.compile(
    rf"{_CLOSE}(?:,|/|&|\band\b|\bor\b)[\s,]*(?:(?:and|or)\b)?(?={_OPEN}[A-Z]{_ALONE})"
)
# Behind a second letter: what makes it the subject of a clause of its own.
_CLAUSE = re.compile(rf"{_CLOSE}\s*(?:is|was|are|seems|fits|would|makes|has|does|can|cannot)\b")
_DENIED = re.compile(
    rf"{_CLOSE}\s*(?:(?:is|was|are|seems)\s+(?:not|wrong|incorrect|false|too|never|ruled|out)"
    r"|isn['’]t|wasn['’]t|doesn['’]t|does\s+not|cannot|can['’]t)\b",
    re.I,
)
_NOT = re.compile(rf"\b(?:not|nor|neither|isn['’]t|never)\s+(?:option\s+|choice\s+)?{_OPEN}$", re.I)


def stated_letter(text: str) -> str | None:
    """Return the capital that the last "answer is" of a text names, or None.

    None too where it names two ("A and B"), or something else ("not C", "a dog").
    """
    letter, _ = _stated(text)
    return letter


def last_letter(text: str, options: int) -> str | None:
    """Return the letter of one of the first `options` that a text ends up with, or None.

    That is the one that is stated as the answer; where none is, the last one that stands alone and
    is not said to be wrong. None where the answer names two.
    """
    known = {chr(ord("A") + place) for place in range(options)}
    stated, several = _stated(text)
    if several or stated in known:
        return None if several else stated
    found = [(place, letter) for place, letter in _standing(text) if letter in known]
    return max(found)[1] if found else None


def _stated(text: str) -> tuple[str | None, bool]:
    """Return the letter that the last "answer is" names, and whether it names several."""
    found = list(_ANSWER.finditer(text))
    if not found:
        return None, False
    place = found[-1].end()
    letter = _LETTER.match(text, place)
    if letter is None or _is_word(text, place):
        return None, False
    several = _names_another(text, letter.end())
    return None if several or _DENIED.match(text, letter.end()) else letter.group(), several


def _standing(text: str) -> Iterator[tuple[int, str]]:
    for found in _CAPITAL.finditer(text):
        if not (_is_word(text, found.start()) or _denied(text, found.start(), found.end())):
            yield found.start(), found.group()
    for pattern in (_ENCLOSED, _SMALL):
        for found in pattern.finditer(text):
            if not _denied(text, found.start(1), found.end(1)):
                yield found.start(1), found.group(1).upper()


def _denied(text: str, start: int, end: int) -> bool:
    """Whether a letter is said to be wrong."""
    before = text[max(0, start - 40) : start]
    return _NOT.search(before) is not None or _DENIED.match(text, end) is not None


def _is_word(text: str, place: int) -> bool:
    """Whether the letter at `place` is the article or the pronoun."""
    return bool(_ARTICLE.match(text, place) or _PRONOUN.match(text, place))


def _names_another(text: str, end: int) -> bool:
    """Whether a second letter is named beside the first: ``A and B``, ``A, B``."""
    joined = _SECOND.match(text, end)
    if joined is None:
        return False
    place = _OPENED.match(text, joined.end())
    if place is None or _is_word(text, place.end()):
        return False
    return _CLAUSE.match(text, place.end() + 1) is None
