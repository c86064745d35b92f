"""Scorer `math`: mathematical answers, by exact values first, and by math-verify where none are."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from llmx.core.errors import DataError, LlmxError
from llmx.core.record import Record, Sample, Score
from llmx.scoring.number import whole_number
from llmx.scoring.rouge import installed, missing
from llmx.scoring.said import bare, final, references, squad, stated
from llmx.scoring.scorer import ScorerOptions, marked, written_reference

_LONGEST = 400  # characters of an expression that is handed on
_SECONDS = 5
# What a computer algebra system would calculate for ever: towers of powers, huge exponents.
_ENDLESS = re.compile(
    r"\^\s*[{(]*\s*[^\s{}()^]{1,30}\s*[})]*\s*\^|\^\s*\{?\s*[0-9]{5,}|[0-9]{5,}\s*[})]*!|[0-9]{400,}"
)
# Prose is no product of its letters. Functions are named by words, and LaTeX's begin with "\".
_WORD = re.compile(r"(?<![\\A-Za-z])(?!(?:arc)?(?:sin|cos|tan|cot|sec|csc)h?\b)(?!sqrt|log|exp|lim)"
                   r"(?!max|min|gcd|lcm|det|mod|inf|abs)[A-Za-z]{3,}")  # fmt: skip
_LAYOUT = re.compile(r"\\(?:left|right|displaystyle|,|;|:|!|quad|qquad)(?![A-Za-z])|\s+")
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
        strict = stated(said)
        if strict is None and said and "\n" not in said:
            strict = bare(said)
        flexible = strict if strict is not None else _last_formula(said)
        wanted = [_answer(one) for one in references(sample)]
        readings = [(one, one is not None and _any(one, wanted)) for one in (strict, flexible)]
        return marked(record, sample, expected, *readings)

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

    @staticmethod
    def key(said: str) -> str:
        """Return what equal answers have in common, for counting votes: a value, or the text."""
        number = whole_number(_unwrapped(said))
        return _spelled(said) if number is None else number


def equal(said: str, wanted: str) -> bool:
    """Whether two answers are the same: by value where both are numbers, else as expressions."""
    numbers = [whole_number(_unwrapped(one)) for one in (said, wanted)]
    if None not in numbers:
        return numbers[0] == numbers[1]
    if _in_words(said) or _in_words(wanted):
        plain = [squad(_TEXT.sub(r"\1", one)) for one in (said, wanted)]
        return bool(plain[0]) and plain[0] == plain[1]
    return _spelled(said) == _spelled(wanted) or _verified(said, wanted)


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


def _in_words(text: str) -> bool:
    return _WORD.search(_TEXT.sub(r" \1 ", text)) is not None


def _verified(said: str, wanted: str) -> bool:
    both = [_parsed(one) for one in (wanted, said)]
    if not all(both):
        return False
    from math_verify import verify

    return bool(verify(both[0], both[1], timeout_seconds=_limit()))


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
