"""What a recipe may write as a finding. No numpy: the plan checks it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from itertools import combinations
from typing import Any

from llmx.core.errors import ConfigError, nearest
from llmx.core.record import RIGHT
from llmx.report.verdict.finding_test import FindingTest, finding_test, known_tests

CONDITIONS = ("needs", "must_fail")
"""What has to hold before anything is said.

``needs: whole_traces``, of a test of accuracy: half of the outputs of every arm are whole traces.
``must_fail: ARM``: that arm does not pass the same test of accuracy.
"""

SINGLE = ("control", "reference", "arm", "target")
"""Fields that name one arm: without it nothing is left to compare."""

BASES = ("control", "reference", "target")
"""Those of them that the other arms are compared with."""

HEAD = ("id", "test", "statement", "half")
"""Fields of every finding; the statement is for those that no paper makes.

`half` names the part of its statement that a test tests, where it is not the whole, and why.
"""

EQUIVALENCE = ("equivalent", "lossless", "non_inferior_and_faster")
"""Tests that have a margin."""

OPTIMA = ("optimum", "optimum_inside")
"""Tests whose arms have values, of which one is the best."""

TRAIT, LEVELS = "by", "levels"
"""Field that names a key in the metadata of problems, and that of some of its values, in order."""

DROP = "drop"
"""The test of two levels; others may have more."""

MARGIN = 0.02
"""What `lossless` and `non_inferior_and_faster` take where a finding gives no margin."""

POWER = 0.8
"""Share of runs in which what is said to be found is found."""

_TEXTS = ("statement", "half")

_NUMBERS = ("share_tolerance", "margin", "aim", "tolerance", "bound")

_CHECKED = frozenset(
    {
        *(*_NUMBERS, "clustered", "sure", "expected", "metric", "measure", "pairs", "arms"),
        *(*SINGLE, TRAIT, LEVELS),
    }
)
"""Fields whose values are known, whatever test has them."""

_MAY_BE_NULL = ("metric", "clustered", "sure")

_WORDS = {"measure": ("drop", "jitter"), "needs": ("whole_traces",)}


def check_finding(finding: Any, where: str) -> None:
    """Refuse a finding that could not be tested.

    Raises:
        ConfigError: naming the place and what to write.
    """
    if not isinstance(finding, Mapping) or not isinstance(finding.get("id"), str):
        raise ConfigError(f"{where} needs an id", "write {id: NAME, test: TEST, …}")
    test = finding.get("test")
    if test not in (tests := known_tests()):
        raise ConfigError(f"{where}: unknown test '{test}'", nearest(str(test), tests, "tests"))
    declared = finding_test(str(test))
    conditions = _conditions(declared)
    known = declared.fields | {*HEAD} | conditions
    for field in finding:
        if field not in known:
            raise ConfigError(f"{where}: unknown field '{field}'", nearest(field, known))
    for field in _TEXTS:
        if not isinstance(finding.get(field, ""), str):
            raise ConfigError(f"{where}.{field} is no text", "write a sentence")
    _check_values(finding, where, declared.fields, conditions)


def _conditions(test: FindingTest) -> frozenset[str]:
    """Return the conditions that a finding of a test may have."""
    there = {"needs": test.of_accuracy, "must_fail": test.must_fail}
    return frozenset(name for name, may in there.items() if may)


def _check_values(
    finding: Mapping[str, Any], where: str, fields: Set[str], conditions: Set[str]
) -> None:
    for field in fields | conditions:
        value = finding.get(field)
        if field not in _CHECKED and field not in conditions:
            continue  # a plugin's own, which its test reads
        if value is None and field in {*_NUMBERS, *_WORDS, *conditions, *_MAY_BE_NULL}:
            continue
        if field not in finding and field in _instead(finding, fields):
            continue
        wanted = _wanted(finding["test"], field, value)
        if wanted:
            raise ConfigError(f"{where}.{field} is {value!r}", f"write {wanted}")
    if finding.get("must_fail") and not {"reference", "target"} & {*finding}:
        raise ConfigError(f"{where}.must_fail has nothing to fail beside", "write reference: ARM")
    metric = finding.get("metric") or RIGHT.name
    if metric != RIGHT.name and "margin" in fields and finding.get("margin") is None:
        hint = "write margin: NUMBER, in its unit"
        raise ConfigError(f"{where} has no margin for '{metric}'", hint)


def _instead(finding: Mapping[str, Any], fields: Set[str]) -> Set[str]:
    """Return what a finding may leave out: of a test that takes pairs or arms, the other of both.

    With pairs, each arm has a base of its own.
    """
    if not {"pairs", "arms"} <= fields:
        return frozenset()
    alone = "pairs" in finding and "arms" not in finding
    return frozenset({"arms", *SINGLE}) if alone else frozenset({"pairs"})


def _wanted(test: str, field: str, value: Any) -> str:
    """Return what should stand there instead; empty where the value is right."""
    if field in _NUMBERS:
        return "" if _number(value) and value > 0 else "a number above 0"
    if field in ("clustered", "sure"):
        return "" if isinstance(value, bool) else "true or false"
    if field == "expected":
        return "" if _number(value) else "a number"
    if field == TRAIT:
        right = isinstance(value, str) and bool(value)
        return "" if right else "a key in the metadata of the problems, e.g. level"
    if field == LEVELS:
        many = len(set(map(str, value))) if isinstance(value, list) else 0
        right = many > 1 and many == len(value) and (test != DROP or many == 2)
        more = "" if test == DROP else " or more"
        return "" if right else f"two values of it{more}, the one answered best first"
    if field == "metric":
        return "" if isinstance(value, str) and value else "the name of a metric"
    if field in _WORDS:
        return "" if value in _WORDS[field] else f"one of {', '.join(_WORDS[field])}"
    if field == "arms" and test in OPTIMA:
        counted = isinstance(value, Mapping) and value and all(map(_number, value.values()))
        return "" if counted else "names of arms with their values: {k0: 0, k1: 1}"
    if field == "pairs":
        right = isinstance(value, list) and all(_names(pair, 2) for pair in value)
    else:
        right = isinstance(value, str) if field in (*SINGLE, "must_fail") else _names(value)
    return "" if right else "names of arms"


def check_metrics(findings: Iterable[Mapping[str, Any]], known: Iterable[str], where: str) -> None:
    """Refuse a finding on a metric that nothing in the recipe measures.

    Raises:
        ConfigError: naming the place and the nearest metric.
    """
    there = (RIGHT.name, *known)
    for place, finding in enumerate(findings):
        name = finding.get("metric", RIGHT.name)
        if name not in there:
            text = f"{where}[{place}].metric is '{name}', which no scorer of the recipe declares"
            raise ConfigError(text, nearest(name, there, "metrics"))


def comparisons_of(finding: Mapping[str, Any]) -> int:
    """Return over how many comparisons a finding shares its level, at least 1."""
    if LEVELS in finding:
        return max(1, len(finding.get("arms", ())) * (len(finding[LEVELS]) - 1))
    return max(1, len(pairs_of(finding)))


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _names(value: Any, size: int | None = None) -> bool:
    named = isinstance(value, list) and bool(value) and all(isinstance(v, str) for v in value)
    return named and (size is None or len(value) == size)


def arms_of(finding: Mapping[str, Any]) -> tuple[str, ...]:
    """Return every arm that a finding names, once."""
    single = [finding[field] for field in SINGLE if field in finding]
    pairs = [name for pair in finding.get("pairs", ()) for name in pair]
    return tuple(dict.fromkeys([*finding.get("arms", ()), *pairs, *single]))


def pairs_of(finding: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return the pairs of arms that a finding compares, each once; of arms apart none."""
    if LEVELS in finding:
        return ()
    base = next(
        (finding[field] for field in ("control", "reference", "target") if field in finding), None
    )
    arms = [*finding.get("arms", ()), *([finding["arm"]] if "arm" in finding else [])]
    against = [(arm, base) for arm in arms] if base else list(combinations(arms, 2))
    return tuple(dict.fromkeys([*against, *(tuple(pair) for pair in finding.get("pairs", ()))]))
