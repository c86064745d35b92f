"""Two counts for each test: the usual one, and the thorough one that LLMX_THOROUGH asks for."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
SAYS = """
import conftest, counts
from hypothesis import settings
print(counts.count(3, 7), settings.default.max_examples, counts.some("abcdefgh", 2))
"""


def said(value: str | None) -> str:
    env = {name: kept for name, kept in os.environ.items() if name != "LLMX_THOROUGH"}
    env |= {"PYTHONPATH": str(TESTS), **({} if value is None else {"LLMX_THOROUGH": value})}
    done = subprocess.run([sys.executable, "-c", SAYS], env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("value", [None, "", "0"])
def test_the_usual_counts_are_few_and_the_same_each_time(value):
    assert said(value).startswith("3 50 ['") and said(value) == said(None)


def test_the_thorough_counts_are_whole():
    assert said("1") == f"7 500 {list('abcdefgh')}"


def test_no_property_test_has_one_count_alone():
    """Else it would not grow with the others."""
    fixed = re.compile(r"settings\([^)]*max_examples=\d")
    found = [str(path) for path in TESTS.rglob("*.py") if fixed.search(path.read_text())]
    assert found == []
