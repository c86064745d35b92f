"""Scorer `math`: mathematical answers, by exact values first, and by math-verify where none are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

from llmx.core.errors import DataError, LlmxError
from llmx.core.record import Record, Sample, Score
from llmx.scoring.number import whole_number
from llmx.scoring.rouge import installed, missing
from llmx.scoring.said import bare, final, references, same_signs, squad, stated
from llmx.scoring.scorer import ScorerOptions, marked, written_reference

_LONGEST = 400  # characters of an expression that is handed on
_SECONDS = 5
_KEPT = 4096  # answers that are read once, whatever they are compared with
# What a computer algebra system would calculate for ever: towers of powers, huge exponents.
_ENDLESS = re.compile(
    r"\^\s*[{(]*\s*[^\s{}()^]{1,30}\s*[})]*\s*\^|\^\s*\{?\s*[0-9]{5,}|[0-9]{5,}\s*[})]*!|[0-9]{400,}"
)
# Prose is no product of its letters. Functions are named by words, and LaTeX's begin with "\".
_WORD = re.compile(r"(?<![\\A-Za-z])(?!(?:arc)?(?:sin|cos|tan|cot|sec|csc)h?\b)(?!sqrt|log|exp|lim)"
                   r"(?!max|min|gcd|lcm|det|mod|inf|abs)[A-Za-z]{3,}")  # fmt: skip
_LAYOUT = re.compile(r"\\(?:left|right|displaystyle|,|;|:|!|quad|qquad)(?![A-Za-z])|\s+")
_PARTED = re.compile(r"(?<!\w) | (?!\w)")  # a space that parts no two words or digits
_BRACED = re.compile(r"(?<=[\^_])\{(\w)\}")
_TEXT = re.compile(r"\\(?:text|mathrm|textbf|mbox)\s*\{([^{}]*)\}")


class MathScorer:
    r"""Strict is the stated answer: in ``\boxed{}``, behind ``####`` or "the answer is".

    Two numbers are compared exactly. Anything else (sets, intervals, expressions, equations) is
    compared by math-verify, which calculates to six digits: near values may be equal to it, and
    what it finds equal is no equivalence relation. What it cannot do in five seconds is not equal.
    """

    kind: ClassVar[str] = "math"
    version: ClassVar[int] = 1
    instant: ClassVar[bool] = False
    Options: ClassVar[type[ScorerOptions]] = ScorerOptions

    def __init__(self, options: ScorerOptions) -> None:
        self.options = options

    def score(self, record: Record, sample: Sample) -> Score:
        """Return the score of one record.

        Raises:
            DataError: if the reference cannot be read.
            ConfigError: without the package.
        """
        if (refused := self.refusal()) is not None:
            raise refused
        expected, said = self.reference(sample), final(record.text)
        strict = _strict(said)
        flexible = strict if strict is not None else _last_formula(said)
        wanted = [_answer(one) for one in references(sample)]
        readings = [(one, one is not None and _any(one, wanted)) for one in (strict, flexible)]
        return marked(record, sample, expected, *readings)

    def key(self, record: Record) -> str | None:
        """Return the strict answer as a value, words or an expression without its layout.

        A key is an answer itself: it is equal to what the answer is equal to.
        """
        said = _strict(final(record.text))
        return None if said is None else _key(said)

    def why_equal(self, key: str, other: str) -> str | None:
        """Return why two answers are equal, whichever is the reference; None where they are not."""
        found = _why(key, other)
        return found if found or _is_value(key, other) else _why(other, key)

    def reference(self, sample: Sample) -> str:
        """Return the reference: what it states, or all of it.

        Raises:
            DataError: if it is empty.
        """
        found = _answer(written_reference(sample))
        if not found:
            text = f"the reference answer of sample '{sample.id}' is empty: {sample.answer!r}"
            raise DataError(text, "repair the dataset, or leave the sample out")
        return found

    @classmethod
    def refusal(cls) -> LlmxError | None:
        """Return what is missing, None if nothing is."""
        return missing("math-verify", "math")

    @classmethod
    def source(cls) -> str:
        """Return the package that compares, with its version."""
        return installed("math-verify")


def equal(said: str, wanted: str) -> bool:
    """Whether two answers are the same: by value where both are numbers, else as expressions."""
    return _why(said, wanted) is not None


def _why(said: str, wanted: str) -> str | None:
    """Return why two answers are equal, None where they are not."""
    one, other = _read(said), _read(wanted)
    if one.number is not None and other.number is not None:
        return "the same number" if one.number == other.number else None
    if one.in_words or other.in_words:
        return "the same words" if one.words and one.words == other.words else None
    if one.spelled == other.spelled:
        return "the same but for layout"
    short = max(len(said), len(wanted)) <= _LONGEST
    return "by math-verify" if short and _verified(said, wanted) else None


@dataclass(frozen=True)
class _Reading:
    """What an answer is compared by."""

    number: str | None
    in_words: bool
    words: str
    spelled: str


def _read(text: str) -> _Reading:
    return (_read_once if len(text) <= _LONGEST else _read_anew)(text)


def _read_anew(text: str) -> _Reading:
    words = squad(_TEXT.sub(r"\1", text))
    return _Reading(whole_number(_unwrapped(text)), _in_words(text), words, _spelled(text))


_read_once = lru_cache(maxsize=_KEPT)(_read_anew)


def _key(said: str) -> str:
    found = _read(said)
    if not found.in_words:
        return _spaced(said) if found.number is None else found.number
    # Words may be the unit of a number, and then both count; or nothing but articles.
    plain = found.number is None and _in_words(found.words)
    return f'"{found.words}"' if plain else same_signs(said)


def _strict(said: str) -> str | None:
    """Return what a text states, or all of it where it is one line."""
    found = stated(said)
    return bare(said) if found is None and said and "\n" not in said else found


def _any(said: str, wanted: list[str]) -> bool:
    return any(equal(said, one) for one in wanted)


def _answer(reference: str) -> str:
    """Return what a reference states; a worked solution has it in a box or behind ``####``."""
    told = stated(reference) if "\\boxed" in reference or "####" in reference else None
    return bare(reference) if told is None else told


def _last_formula(said: str) -> str | None:
    found = re.findall(r"\$\$?([^$\n]+)\$\$?|\\\(([^\n]+?)\\\)|\\\[([^\n]+?)\\\]", said)
    if found:
        return "".join(found[-1]).strip() or None
    lines = [line for line in said.splitlines() if line.strip()]
    return bare(re.split(r"\s=\s|:", lines[-1])[-1]) or None if lines else None


def _unwrapped(text: str) -> str:
    return text.strip().strip("$").strip()


def _spelled(text: str) -> str:
    """Return an expression without what only lays it out."""
    plain = _LAYOUT.sub("", _unwrapped(text)).replace("\\dfrac", "\\frac")
    return _BRACED.sub(r"\1", plain.replace("\\tfrac", "\\frac")).rstrip(".")


def _spaced(text: str) -> str:
    """Return an expression as :func:`_spelled` does, with the spaces that part two signs."""
    plain = " ".join(_LAYOUT.sub(" ", _unwrapped(text)).split()).replace("\\dfrac", "\\frac")
    plain = _PARTED.sub("", plain.replace("\\tfrac", "\\frac"))
    return _BRACED.sub(r"\1", plain).rstrip(".")


def _in_words(text: str) -> bool:
    return _WORD.search(_TEXT.sub(r" \1 ", text)) is not None


def _is_value(*texts: str) -> bool:
    """Whether it makes no difference which text is the reference: none is a set or an equation."""
    found = [_read(one) for one in texts]
    if any(one.in_words for one in found) or all(one.number is not None for one in found):
        return True
    if max(map(len, texts)) > _LONGEST:
        return True
    from sympy import Expr

    return all(isinstance(form, Expr | str) for one in texts for form in _parsed(one))


@lru_cache(maxsize=_KEPT)
def _verified(said: str, wanted: str) -> bool:
    both = [_parsed(one) for one in (wanted, said)]
    if not all(both):
        return False
    from math_verify import verify

    return bool(verify(both[0], both[1], timeout_seconds=_limit()))


@lru_cache(maxsize=_KEPT)
def _parsed(text: str) -> Any:
    """Return what math-verify reads an expression as; nothing where it would not come to an end."""
    if len(text) > _LONGEST or _ENDLESS.search(text):
        return []
    import logging

    logging.getLogger("math_verify").setLevel(logging.CRITICAL)
    from math_verify import ExprExtractionConfig, LatexExtractionConfig, parse

    forms = [LatexExtractionConfig(), ExprExtractionConfig()]
    written = f"${_unwrapped(text)}$"
    return parse(written, forms, fallback_mode="no_fallback", parsing_timeout=_limit())


def _limit() -> int | None:
    """Return the seconds for one call; its limit is a signal, which only the main thread gets."""
    import threading

    return _SECONDS if threading.current_thread() is threading.main_thread() else None
