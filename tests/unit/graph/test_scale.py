"""Large runs stay within the time and the memory that docs/scale.md states."""

import json
import sys
from importlib import import_module
from pathlib import Path

import pytest
from counts import THOROUGH, count

SCRIPTS = Path(__file__).parents[3] / "scripts"
PAGE = (SCRIPTS.parent / "docs" / "scale.md").read_text(encoding="utf-8")
MEGABYTES = 600
CORES, SECONDS = 2, 60
"""200,000 records on two cores: their processor seconds, as the machine may be busy with others."""


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(SCRIPTS))
    return import_module("bench_scale")


@pytest.fixture
def place(bench, tmp_path: Path):
    return bench.Place(tmp_path)


def test_many_records_from_the_answers_to_the_comparison(bench, place) -> None:
    records = count(64, 200_000)
    found = bench.commands(place, bench.written(place, records), workers=count(1, 2))
    assert sum(one.processor for one in found.values()) <= CORES * SECONDS
    assert max(one.megabytes for one in found.values()) <= MEGABYTES
    (made,) = place.runs.glob("scaled-*")
    for arm in "ab":
        lines = (made / "score" / arm / "scores.jsonl").read_bytes().count(b"\n")
        assert lines == records // 2
        assert json.loads((made / "audit" / arm / "audit.json").read_text())["passed"]
    assert json.loads((made / "results.json").read_text())["rows"][1]["problems"] == records // 2


@pytest.mark.skipif(not THOROUGH, reason="minutes; the laws are counted in test_growth.py")
@pytest.mark.parametrize(("part", "size", "seconds"), [("arms", 2_000, 10), ("runs", 10_000, 5)])
def test_many_arms_and_runs(bench, place, part: str, size: int, seconds: float) -> None:
    (found,) = getattr(bench, f"of_{part}")(place, size).values()
    assert found.processor <= seconds and found.megabytes <= MEGABYTES


@pytest.mark.parametrize("power", [1.0, 2.0])
def test_the_exponent_is_that_of_the_law(bench, power: float) -> None:
    sizes, start = [10, 100, 1000], bench.Spent(2.0, 0.0, 0.0)
    found = [bench.Spent(2.0 + 0.01 * size**power, 0.0, 0.0) for size in sizes]
    assert bench.exponent(sizes, found, start) == pytest.approx(power)


def test_what_a_command_says_is_shown_if_it_fails(bench, place) -> None:
    with pytest.raises(SystemExit, match="no recipe is named"):
        place.llmx("run")


def test_the_page_states_what_is_tested(bench, capsys, monkeypatch) -> None:
    assert f"{MEGABYTES} MB" in PAGE and f"{SECONDS} s" in PAGE and "bench_scale.py" in PAGE
    monkeypatch.setattr(sys, "argv", ["bench_scale.py", "--only", "ars"])
    with pytest.raises(SystemExit, match="no part 'ars'"):
        bench.main()
