"""docs/statistics.md is true: its table, its example and its list of simulated methods."""

import re
from pathlib import Path

import pytest
from counts import THOROUGH
from seed_grid import RULES, SEEDS, comparison, summary
from simulated import CASES

from llmx.stats import minimum_detectable_effect

PAGE = (Path(__file__).parents[3] / "docs" / "statistics.md").read_text(encoding="utf-8")
RATES = (0.05, 0.1, 0.2, 0.4)
ROWS = re.findall(r"^\| (\d+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|$", PAGE, re.M)


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_the_number_of_problems(row: tuple[str, ...]) -> None:
    n, *shown = row
    wanted = [f"{100 * minimum_detectable_effect(int(n), rate):.1f}" for rate in RATES]
    assert shown == wanted


def test_the_example_says_what_it_does() -> None:
    (block,) = re.findall(r"^```python\n(.*?)^```$", PAGE, re.M | re.S)
    values: dict[str, object] = {}
    exec(block, values)

    def value(expression: str) -> object:
        return eval(expression, values)

    assert round(value("two_level(gaps).p_value()"), 2) == 0.18
    assert value("equivalence(gaps, margin=0.02).equivalent") is False
    assert round(value("mcnemar_exact(12, 30)"), 3) == 0.008
    assert value("holm([0.01, 0.04, 0.03])") == pytest.approx([0.03, 0.06, 0.06])
    assert round(value("minimum_detectable_effect(1000, 0.2)"), 2) == 0.04


def test_every_simulated_method_is_in_the_table_within_its_band() -> None:
    shown = dict(re.findall(r"^\| ([^|]+) \| [\d.]+ \| ([\d.]+) \| [\d,]+ \|$", PAGE, re.M))
    assert list(shown) == [case.name for case in CASES]
    for case in CASES:
        assert case.low <= float(shown[case.name]) / 100 <= case.high


def test_the_tables_of_the_grid_of_seeds() -> None:
    """In the usual run their rows and what they may say; in the thorough one every figure."""
    worst = re.findall(r"^\| (\d+) \| [\d.]+ \| ([\d.]+) \| .* \| [\d.]+ to [\d.]+ \|$", PAGE, re.M)
    assert [int(seeds) for seeds, _ in worst] == list(SEEDS)
    assert all(float(covered) >= 94 for _, covered in worst)
    cells = r"((?: [\d.]+, [\d.]+ \|)+)$"
    rows = dict(re.findall(rf"^\| (\D.*?) \|{cells}", PAGE, re.M))
    assert list(rows) == list(RULES)
    shown = [float(part) for part in re.findall(r"([\d.]+),", rows[list(RULES)[-1]])]
    assert shown == [float(covered) for _, covered in worst]
    if THOROUGH:
        assert all(line in PAGE for line in [*summary(), *comparison()])


def test_the_rule_in_use_is_the_narrowest_that_covers() -> None:
    rows = re.findall(r"^\| (\D[^|]*) \|((?: [\d.]+, [\d.]+ \|)+)$", PAGE, re.M)
    found = {
        name: [tuple(map(float, cell)) for cell in re.findall(r"([\d.]+), ([\d.]+)", cells)]
        for name, cells in rows
    }
    kept = {name: row for name, row in found.items() if min(covered for covered, _ in row) >= 94}
    mine = [width for _, width in kept[list(RULES)[-1]]]
    assert len(kept) > 2
    assert all(a <= width for row in kept.values() for a, (_, width) in zip(mine, row, strict=True))
