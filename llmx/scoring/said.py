"""What a text says in the end, and how texts are made alike before they are compared."""

from __future__ import annotations

import re
import string
import unicodedata

from llmx.core.record import Sample

THINK_TAGS = ("think", "thinking", "reasoning")
"""Names of the tags between which models think."""

_THOUGHT = tuple(f"</{name}>" for name in THINK_TAGS)
_BOX = re.compile(r"\\(?:boxed|fbox)\s*\{")
# "the answer is X", "Final answer: X", "Answer: X": up to the end of the line.
_STATED = re.compile(r"\banswer(?:\s+is\s*:?|\s*:)[ \t*_]*(?P<said>[^\n]+)", re.I)
_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)
_OUTER = " \t\n*_`\"'“”‘’«»$"


def final(text: str) -> str:
    """Return what stands behind the thinking of a text, stripped; all of it where it thinks not."""
    ends = [text.rfind(mark) + len(mark) for mark in _THOUGHT if mark in text]
    return text[max(ends, default=0) :].strip()


def boxed(text: str) -> str | None:
    r"""Return what the last ``\boxed{…}`` of a text holds, inner braces kept, or None."""
    for found in reversed(list(_BOX.finditer(text))):
        depth, at = 1, found.end()
        while at < len(text) and depth:
            depth += (text[at] == "{") - (text[at] == "}")
            at += 1
        if not depth:
            return text[found.end() : at - 1].strip()
    return None


def stated(text: str) -> str | None:
    r"""Return what a text says its answer is: in a box, behind ``####``, or behind "answer is"."""
    box = boxed(text)
    if box is not None:
        return box
    _, mark, tail = text.rpartition("####")
    if mark:
        return first_line(tail) or None
    found = list(_STATED.finditer(text))
    return bare(found[-1]["said"]) or None if found else None


def first_line(text: str) -> str:
    """Return the first line that holds anything, bare."""
    return next((bare(line) for line in text.splitlines() if line.strip()), "")


def last_line(text: str) -> str:
    """Return the last line that holds anything, bare."""
    return next((bare(line) for line in reversed(text.splitlines()) if line.strip()), "")


def bare(text: str) -> str:
    """Return a text without the marks around it, and without its full stop."""
    return text.strip(_OUTER).removesuffix(".").strip(_OUTER)


def same_signs(text: str) -> str:
    """Return a text in composed characters, each run of white space one space."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def squad(text: str) -> str:
    """Return a text as SQuAD compares it: lower case, no ASCII punctuation, no articles."""
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split())


def references(sample: Sample) -> tuple[str, ...]:
    """Return every text that is right: the answer, and the texts of ``metadata['answers']``."""
    more = sample.metadata.get("answers", ())
    others = [one for one in more if isinstance(one, str)] if isinstance(more, list) else []
    return tuple(dict.fromkeys((sample.answer, *others)))
