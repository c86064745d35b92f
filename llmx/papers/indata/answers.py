"""Typed answers: what a program comes to, what a text says, and when the two are equal.

Whole numbers, booleans, dates and texts are equal or not, after trimming and folding of case.
Floats are equal within 1e-6 of the reference, or, where a question states decimals, if they agree
at so many. Percent and fraction are different answers. Collections have no partial credit here;
:func:`element_f1` reports that apart.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from math import isfinite
from typing import Any

from llmx.core import json_text
from llmx.papers.indata.arguments import AnswerType
from llmx.papers.indata.executors.executor import Executor, Row
from llmx.papers.indata.literals import Value, plain
from llmx.papers.indata.program import Program
from llmx.papers.indata.schema import CallError
from llmx.store.files import dumps

UNKNOWN = "cannot_be_determined"
RELATIVE = 1e-6
_MOST = 20_000  # characters of a text that is looked at
_MARK = re.compile(r"(?:^|\n)[ \t>*_`#-]*(?:final )?answer[ \t*_`]*:[ \t*_`]*(.+)", re.IGNORECASE)
_NUMBER = re.compile(r"[-+−]?\d[\d,_ ]*(?:\.\d+)?(?:[eE][-+]?\d{1,3})?|[-+−]?\.\d+")


def as_answer(found: Value | list[Row], answer_type: AnswerType) -> Any:
    """Return what a program came to as the JSON value of an answer.

    Raises:
        ValueError: if it is none of that type, or missing.
    """
    if isinstance(found, list):
        return _collection(found, answer_type)
    value = plain(found)
    if value is None or not _fits(value, answer_type):
        raise ValueError(f"{value!r} is no {answer_type}")
    return float(value) if answer_type == "float" else value


def run_program(program: Program, executor: Executor[Any], answer_type: AnswerType) -> Any:
    """Return what a program comes to as an answer of a type; None where it comes to none."""
    try:
        return as_answer(executor.answer(program), answer_type)
    except (CallError, ValueError):
        return None


def answer_text(value: Any) -> str:
    """Return an answer as a text that :func:`read_answer` reads; None as no answer at all."""
    if value is None:
        return ""
    return f"Answer: {value if isinstance(value, str) else dumps(value)}"


def _collection(rows: Sequence[Row], answer_type: AnswerType) -> Any:
    if answer_type == "mapping" and all(len(row) == 2 for row in rows):
        found = {str(plain(key)): plain(value) for key, value in rows if key is not None}
        if len(found) == len(rows):
            return found
    if answer_type in ("list", "set") and all(len(row) == 1 for row in rows):
        return [plain(row[0]) for row in rows]
    raise ValueError(f"{len(rows)} rows are no {answer_type}")


def _fits(value: Any, answer_type: AnswerType) -> bool:
    kinds: dict[str, tuple[type[Any], ...]] = {
        "integer": (int,), "float": (int, float), "boolean": (bool,), "string": (str,),
        "date": (str,),
    }  # fmt: skip
    if answer_type == UNKNOWN:
        return bool(value == UNKNOWN)
    is_bool = isinstance(value, bool)
    return isinstance(value, kinds.get(answer_type, ())) and is_bool == (answer_type == "boolean")


def equal(given: Any, expected: Any, answer_type: AnswerType, decimals: int | None = None) -> bool:
    """Whether an answer is right.

    Args:
        given: the answer as a JSON value; None is none.
        expected: the reference, of the type.
        decimals: to which the question asks floats to be given.
    """
    if given is None or (answer_type != UNKNOWN and _says_unknown(given)):
        return False
    match answer_type:
        case "list":
            return _lists(given, expected, decimals)
        case "set":
            return isinstance(given, list) and _sets(given, expected, decimals)
        case "mapping":
            return isinstance(given, Mapping) and _mappings(given, expected, decimals)
        case "boolean":
            return isinstance(given, bool) and given == expected
        case "cannot_be_determined":
            return _says_unknown(given)
        case "date":
            return isinstance(given, str) and _folded(given)[:10] == _folded(expected)[:10]
    return _elements(given, expected, decimals)


def _says_unknown(given: Any) -> bool:
    return isinstance(given, str) and re.sub(r"[\s-]+", "_", _folded(given)) == UNKNOWN


def _folded(text: str) -> str:
    return " ".join(text.split()).strip(" .\"'").casefold()


def _elements(given: Any, expected: Any, decimals: int | None) -> bool:
    """Compare by the type of the reference: a number is none that is written as a text."""
    if isinstance(expected, bool) or isinstance(given, bool):
        return given is expected
    if isinstance(expected, int | float):
        return isinstance(given, int | float) and _numbers(given, expected, decimals)
    if expected is None or given is None:
        return given is expected
    return isinstance(given, str) and _folded(given) == _folded(str(expected))


def _numbers(given: float, expected: float, decimals: int | None) -> bool:
    if isinstance(expected, int):
        return given == expected
    if not isfinite(given):
        return False
    if abs(given - expected) <= RELATIVE * abs(expected):
        return True
    if decimals is None:
        return False
    return abs(given - expected) <= 0.5 * 10.0**-decimals * (1 + 1e-9)


def _lists(given: Any, expected: Sequence[Any], decimals: int | None) -> bool:
    if not isinstance(given, list) or len(given) != len(expected):
        return False
    return all(_elements(g, e, decimals) for g, e in zip(given, expected, strict=True))


def _sets(given: Sequence[Any], expected: Sequence[Any], decimals: int | None) -> bool:
    return _matched(given, expected, decimals) == len(given) == len(expected)


def _matched(given: Sequence[Any], expected: Sequence[Any], decimals: int | None) -> int:
    """Return how many elements of the two can be paired off."""
    left = list(expected)
    for one in given:
        place = next((at for at, e in enumerate(left) if _elements(one, e, decimals)), None)
        if place is not None:
            left.pop(place)
    return len(expected) - len(left)


def _mappings(given: Mapping[str, Any], expected: Mapping[str, Any], decimals: int | None) -> bool:
    mine = {_folded(str(key)): value for key, value in given.items()}
    known = {_folded(str(key)): value for key, value in expected.items()}
    return len(given) == len(mine) and mine.keys() == known.keys() and all(
        _elements(mine[key], known[key], decimals) for key in known
    )  # fmt: skip


def element_f1(
    given: Any, expected: Any, answer_type: AnswerType, decimals: int | None = None
) -> float | None:
    """Return F1 over the elements of a collection, None for other types."""
    if answer_type not in ("list", "set", "mapping"):
        return None
    if answer_type == "mapping":
        if not isinstance(given, Mapping):
            return 0.0
        mine = {_folded(str(key)): value for key, value in given.items()}
        known = {_folded(str(key)): value for key, value in expected.items()}
        hits = sum(key in mine and _elements(mine[key], known[key], decimals) for key in known)
        return _f1(hits, len(mine), len(known))
    if not isinstance(given, list):
        return 0.0
    return _f1(_matched(given, expected, decimals), len(given), len(expected))


def _f1(hits: int, given: int, expected: int) -> float:
    return 1.0 if given + expected == 0 else 2 * hits / (given + expected)


def read_answer(text: str, answer_type: AnswerType, *, marked: bool = True) -> Any:
    """Return the answer in a text as a JSON value; None where there is none of the type.

    Args:
        marked: read what stands behind the last ``Answer:``, else the last line.
    """
    text = text[-_MOST:]
    found = _MARK.findall(text) if marked else [line for line in text.splitlines() if line.strip()]
    if not found:
        return None
    said = found[-1].strip().strip("`*").strip()
    if _says_unknown(said):
        return UNKNOWN
    return _read(said, answer_type)


def _read(said: str, answer_type: AnswerType) -> Any:
    match answer_type:
        case "integer" | "float":
            return _number(said)
        case "boolean":
            word = _folded(said)
            return {"true": True, "yes": True, "false": False, "no": False}.get(word)
        case "list" | "set" | "mapping":
            return _parsed(said, dict if answer_type == "mapping" else list)
        case "date":
            return _date(said)
    return said.strip("\"' ") or None


def _number(said: str) -> int | float | None:
    found = _NUMBER.findall(said)
    if len(found) != 1:
        return None
    bare = re.sub(r"[,_ ]", "", found[0]).replace("−", "-")
    if len(bare) > 400:
        return None
    return int(bare) if re.fullmatch(r"[-+]?\d+", bare) else float(bare)


def _parsed(said: str, kind: type[Any]) -> Any:
    try:
        found = json_text.parse(said)
    except ValueError:
        return None
    return found if isinstance(found, kind) else None


def _date(said: str) -> str | None:
    try:
        return datetime.fromisoformat(said.strip(" .\"'")).date().isoformat()
    except ValueError:
        return None


def chance(answer_type: AnswerType, labels: int = 0) -> float:
    """Return the share that guessing gets right: of booleans a half, of labels one in so many."""
    if answer_type == "boolean":
        return 0.5
    return 1 / labels if answer_type == "string" and labels else 0.0


def is_trivial(value: Any, answer_type: AnswerType) -> bool:
    """Whether an answer says nothing: empty, zero, or missing somewhere."""
    if answer_type in ("list", "set", "mapping"):
        values = list(value.values()) if isinstance(value, Mapping) else list(value)
        return (
            len(values) < 2
            or None in values
            or max(Counter(map(str, values)).values()) == len(values)
        )
    return value is None or (not isinstance(value, bool | str) and value in (0, 1))
