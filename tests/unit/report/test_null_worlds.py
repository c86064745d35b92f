"""Verdicts have the error rates that they state, and docs/statistics.md says what was measured."""

from pathlib import Path

import pytest
from counts import THOROUGH, count
from desk_power import ENOUGH, HEAD, OF_BATCHES, OF_LEVELS, OF_POOLS, questions
from null_worlds import (
    CASES,
    DIFFERENT,
    RUNS,
    SPREADS,
    World,
    allowed,
    right,
    rows_of_answers,
    rows_of_others,
    words,
    wrong,
)

from llmx.core.registry import kinds

PAGE = (Path(__file__).parents[3] / "docs" / "statistics.md").read_text(encoding="utf-8")
NAMED = {case.name: case for case in CASES}

# Where item p values and an interval that left seed noise out were wrong most often.
THREE = World(problems=128, seeds=3, spread=0.05)
PLAIN = World(problems=128, seeds=1, spread=0.0, trained=False)
USUAL = count(60, RUNS)


def test_every_test_that_decides_stands_at_its_null():
    """`costs_and_gains` says no word; for `poor_predictor` see simulated_arms.py; `equivalent` is
    `lossless` of every arm (test_declared_metrics.py). Tests of pools of draws have worlds of their
    own (papers/inference_scaling/test_scaling_nulls.py), and so have those of batches
    (papers/b3/test_retrieval_nulls.py) and those of levels (test_level_verdicts.py).
    """
    elsewhere = {"poor_predictor", "equivalent", *OF_POOLS, *OF_BATCHES, *OF_LEVELS}
    known = {case.finding["test"] for case in CASES} | elsewhere
    assert known == {*kinds("test")} - {"costs_and_gains"}


@pytest.mark.parametrize("name", [case.name for case in CASES if case.of == "answers"])
def test_at_the_edge_of_its_null_a_test_of_trained_arms_is_seldom_wrong(name):
    assert wrong(NAMED[name], THREE, USUAL) <= allowed(USUAL)


@pytest.mark.parametrize("name", ["`optimum`, five arms", "`ranking_at_equal_share`, five arms"])
def test_five_equal_arms_are_seldom_called_different(name):
    """With seeds 5 points apart 31 % of runs were, when p values knew nothing of seeds."""
    runs = count(150, RUNS)
    assert wrong(NAMED[name], THREE, runs) <= allowed(runs)


@pytest.mark.parametrize("name", [case.name for case in CASES if case.of != "answers"])
def test_at_the_edge_of_its_null_a_test_of_rounds_seeds_or_texts_is_seldom_wrong(name):
    world = THREE if NAMED[name].of == "seeds" else PLAIN
    assert wrong(NAMED[name], world, USUAL) <= allowed(USUAL)


@pytest.mark.parametrize("name", [case.name for case in CASES if case.of == "answers"])
def test_one_training_decides_nothing(name):
    world = World(problems=256, seeds=1, spread=0.08)
    assert not {*words(NAMED[name], world, NAMED[name].edge, count(8, RUNS))} & {*DIFFERENT}


@pytest.mark.parametrize(
    ("name", "world", "least"),
    [
        ("`lossless`, shown at the margin", World(256, 1, 0.0, trained=False), 0.7),
        ("`lossless`, shown at the margin", World(256, 3, 0.0), 0.4),
        ("`more_accurate`, one arm", World(256, 3, 0.0, trained=False), 0.9),
        ("`more_accurate`, one arm", World(256, 5, 0.03), 0.5),
        ("`steadier`, four arms", World(256, 5), 0.8),
        ("`threshold_transfer`, 12 pairs", PLAIN, 0.9),
        ("`first_token_cut`, four arms", PLAIN, 0.2),
        ("`end_to_end_speed`, four arms", PLAIN, 0.8),
    ],
)
def test_what_is_true_is_found(name, world, least):
    """A test that never says a word would pass all of the others."""
    assert right(NAMED[name], world, USUAL) >= least


ROWS = [*rows_of_answers(), *rows_of_others()]


@pytest.mark.slow
@pytest.mark.skipif(not THOROUGH, reason="the whole grid is simulated in the thorough run")
@pytest.mark.parametrize("row", ROWS, ids=[" ".join((row.name, *row.size)) for row in ROWS])
def test_the_whole_grid_is_seldom_wrong(row):
    for world in row.edge:
        assert world is None or wrong(row.case, world, row.case.runs) <= allowed(row.case.runs)


def printed(first):
    """Return the cells of the documented table that has this head."""
    _, _, rest = PAGE.partition(first)
    assert rest, f"docs/statistics.md has no table with the head {first}"
    lines = rest.strip().splitlines()[1:]
    body = [line for line in lines[: next((n for n, one in enumerate(lines) if not one), None)]]
    return [tuple(cell.strip() for cell in row.strip("|").split("|")) for row in body]


def test_the_documented_table_of_answers_is_the_one_of_the_script_and_keeps_the_level():
    spreads = " | ".join(f"{100 * spread:g}" for spread in SPREADS)
    shown = printed(f"| test | problems | seeds | wrong | {spreads} | right | {spreads} |")
    rows = rows_of_answers()
    assert [cells[:3] for cells in shown] == [(row.name, *row.size) for row in rows]
    for row, cells in zip(rows, shown, strict=True):
        wanted = [world is not None for world in (*row.edge, *row.planted)]
        assert [cell != "–" for cell in cells[3:]] == wanted
        wrongs = [float(cell) for cell in cells[3:8] if cell != "–"]
        assert max(wrongs) / 100 <= allowed(row.case.runs)


def test_the_documented_table_of_the_others_is_the_one_of_the_script_and_keeps_the_level():
    shown, rows = printed("| test | of | wrong | right |"), rows_of_others()
    assert [cells[:2] for cells in shown] == [(row.name, *row.size) for row in rows]
    assert max(float(cells[2]) for cells in shown) / 100 <= allowed(RUNS)


def test_the_documented_table_of_desks_asks_what_the_recipes_ask():
    shown = printed(f"| {' | '.join(HEAD)} |")
    assert [cells[:5] for cells in shown] == [size.cells() for size in questions()]
    assert [tuple(cells[7].split(", ")) for cells in shown] == [*questions().values()]
    for cells in shown:
        bold, share = cells[6].startswith("**"), float(cells[6].strip("*"))
        assert bold == (share < 100 * ENOUGH)
