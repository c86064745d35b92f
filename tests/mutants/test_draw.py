"""The draw of one-operator changes: whole by kind, each another program, always the same."""

import ast

import pytest
from areas import AREAS
from draw import candidates, drawn, row
from mutant import PACKAGE
from one_operator import changes

ROOT = PACKAGE.parent

EVERY_KIND = '''
"""A docstring with 1 < 2 and not a change."""
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    import numpy
@decorated(1)
def f(x: int | None = 3, *y: list[1]) -> int | None:
    assert x > 5
    if x < 4 and not y:
        return -x
    z = max(x, 2) if x is None else abs(x) + 1.5
    return g(x, z, True)
'''

MADE = {
    ("off by one", "3", "4"),
    ("condition", "x < 4 and not y", "not (x < 4 and not y)"),
    ("and/or", "and", "or"),
    ("comparison", "<", "<="),
    ("off by one", "4", "5"),
    ("dropped sign", "not y", "(y)"),
    ("dropped sign", "-x", "(x)"),
    ("min/max", "max", "min"),
    ("swapped", "x, 2", "2, x"),
    ("off by one", "2", "3"),
    ("condition", "x is None", "not (x is None)"),
    ("comparison", "is", "is not"),
    ("no abs", "abs(x)", "(x)"),
    ("arithmetic", "+", "-"),
    ("constant", "1.5", "3.0"),
    ("swapped", "x, z", "z, x"),
    ("truth", "True", "False"),
}


def test_all_that_runs_is_changed_and_nothing_else():
    found = {
        (one.operator, EVERY_KIND[one.start : one.end], one.new) for one in changes(EVERY_KIND)
    }
    assert found == MADE


@pytest.mark.parametrize("text", ["a = 'é' + b\nc = d - 1  # é - 1", "x = (1\n     + y)"])
def test_places_are_characters_and_lines_whatever_stands_before(text):
    (found,) = [one for one in changes(text) if one.operator == "arithmetic" or one.new == "2"][-1:]
    assert text[found.start : found.end] in "+-1"
    ast.parse(text[: found.start] + found.new + text[found.end :])


@pytest.mark.parametrize("area", AREAS)
def test_a_row_stands_once_and_is_another_program(area):
    for kind, one in candidates(AREAS[area])[::23]:
        text = (PACKAGE / one.file).read_text(encoding="utf-8")
        assert text.count(one.old) == 1, (kind, one)
        changed = ast.parse(text.replace(one.old, one.new))
        assert ast.dump(changed) != ast.dump(ast.parse(text)), (kind, one)


def test_lines_that_are_there_twice_are_told_apart_by_those_above():
    text = "def f(x):\n    return x + 1\n\n\ndef g(x):\n    return x + 1\n"
    rows = [row("f.py", text, one) for one in changes(text) if one.operator == "arithmetic"]
    assert [one.old for one in rows] == [
        "def f(x):\n    return x + 1",
        "def g(x):\n    return x + 1",
    ]
    assert text.replace(rows[1].old, rows[1].new).endswith("return x - 1\n")


@pytest.mark.parametrize("area", AREAS)
def test_the_draw_is_fixed_by_its_seed(area):
    one, again, other = drawn(area, 8, 0), drawn(area, 8, 0), drawn(area, 8, 1)
    assert one == again and set(one) != set(other) and len(set(one)) == 8
    assert drawn(area, 4, 0) == one[:4]


def test_the_first_of_a_draw_are_of_different_kinds():
    kinds = {change: kind for kind, change in candidates(AREAS["statistics"])}
    assert len({kinds[one] for one in drawn("statistics", 8, 0)}) == 8


@pytest.mark.parametrize("area", AREAS)
def test_an_area_names_files_and_tests_that_are_there(area):
    for pattern in AREAS[area].files:
        assert list(PACKAGE.glob(pattern)), pattern
    for pattern in AREAS[area].tests:
        assert list((ROOT / "tests").glob(pattern)), pattern
