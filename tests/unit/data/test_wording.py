"""Rewording changes words and nothing else."""

import re
from random import Random

import pytest

from llmx.core.spec import DataSpec
from llmx.data.gsm_symbolic import GsmSymbolic, parse_step, reword

LINES = [
    ("His sister has 19 - 5 = 14 toys.", "19 - 5", "His sister has 14 toys."),
    ("There are 27 girls x 3 boys/girl = 81 boys.", "27 * 3", "There are 81 boys."),
    ("4 loaves cost 4 * £5 = £20.", "4 * £5", "4 loaves cost £20."),
    ("So she gets 36/18 = 2 days.", "36 / 18", "So she gets 2 days."),
    ("10 + 20 + 37 = 67 students.", "10 + 20 + 37", "67 students."),
]


@pytest.mark.parametrize(("line", "symbols", "statement"), LINES, ids=[x[1] for x in LINES])
def test_a_line_is_cut_at_its_equation(line, symbols, statement):
    step = parse_step(line)
    assert step is not None
    assert step.symbols == symbols
    assert step.statement == statement


@pytest.mark.parametrize("line", ["Karen = 438 points", "No sums here.", "a=b=3 + 4 = 7", ""])
def test_a_line_without_one_clear_equation_is_left_alone(line):
    assert parse_step(line) is None


def test_every_number_of_the_generator_survives_and_none_is_added():
    spec = {"kind": "gsm_symbolic", "templates": (43, 62, 9, 30, 3), "train": 200}
    fixed = GsmSymbolic(DataSpec(**spec, wording="fixed")).split("train")
    rng = Random(0)
    for sample in fixed:
        lines = [line for line in sample.solution.splitlines() if not line.startswith("####")]
        worded = reword("\n".join(lines), sample.answer, rng)
        before = set(re.findall(r"\d+", "\n".join(lines)))
        after = set(re.findall(r"\d+", worded))
        assert after <= before | {sample.answer.lstrip("-")}
        assert worded.endswith(f"#### {sample.answer}")


def test_the_results_of_every_step_survive():
    rng = Random(1)
    for _ in range(50):
        worded = reword("A has 2 + 3 = 5 x.\nB has 5 * 4 = 20 x.", "20", rng)
        assert re.search(r"\b5\b", worded) and re.search(r"\b20\b", worded)


def test_writers_differ_and_keep_to_their_manner():
    lines = "A has 2 + 3 = 5 x.\nB has 5 * 4 = 20 x.\nC has 20 - 1 = 19 x."
    texts = {reword(lines, "19", Random(seed)) for seed in range(200)}
    assert len(texts) > 100
    words = sum(" times " in t for t in texts)
    both = sum(" times " in t and (" plus " in t or " minus " in t) for t in texts)
    assert both / words > 0.7  # far above the share that independent steps would give
