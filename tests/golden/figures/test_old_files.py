"""The figures of committed results, by the reader of the files that older versions wrote.

Whole for some of each paper, by a hash of all lines for the others. After a change
that is meant: LLMX_UPDATE_GOLDEN=1 pytest tests/golden/figures, then read the diff.
"""

import json
import os
from collections import Counter
from hashlib import sha256
from pathlib import Path

import pytest

from llmx.core.figure import Figures
from llmx.report.figures.read import figures_in, write_figures

HERE = Path(__file__).parent
RESULTS = HERE.parents[2] / "docs" / "results"
WHOLE = (
    "2026-11-26-fsd/fsd_guards",
    "2026-11-27-staircase/staircase_moa",
    "2026-11-30-staircase/staircase_simulated",
    "2026-11-30-backtracking/backtracking_geometry",
)
ALL = sorted(str(path.parent.relative_to(RESULTS)) for path in RESULTS.glob("*/*/card.json"))


def lines(found: Figures) -> list[str]:
    """One figure a line; of what p values follow from only that it is there."""
    marks = [f"# {name}: {', '.join(arms)}" for name, arms in found.marks.items()]
    dumped = found.dump()["figures"]
    for one in dumped:
        if "basis" in one:
            one["basis"] = sha256(json.dumps(one["basis"]).encode()).hexdigest()[:8]
        one["span"] = [float(f"{one['span'].get(k, 0):.8g}") for k in ("estimate", "low", "high")]
    return [*marks, *(json.dumps(one) for one in dumped)]


def same(path: Path, found: str) -> None:
    if os.environ.get("LLMX_UPDATE_GOLDEN"):
        path.write_text(found, "utf-8")
    assert found == path.read_text("utf-8")


@pytest.mark.parametrize("name", WHOLE)
def test_the_figures_of_a_committed_result(name):
    found = lines(figures_in(RESULTS / name))
    same(HERE / f"{name.rpartition('/')[2]}.jsonl", "".join(f"{line}\n" for line in found))


def test_the_figures_of_all_committed_results_by_hash():
    found = []
    for name in ALL:
        known = figures_in(RESULTS / name)
        digest = sha256("\n".join(lines(known)).encode()).hexdigest()[:16]
        kinds = Counter(one.quantity for one in known.figures)
        found.append(f"{name}\t{len(known.figures)} figures of {len(kinds)} quantities\t{digest}\n")
    same(HERE / "all.tsv", "".join(found))


@pytest.mark.parametrize("name", ALL)
def test_what_is_written_beside_the_old_files_is_what_they_say(name, tmp_path):
    """A folder of an older version and one of this version are read alike."""
    found = figures_in(RESULTS / name)
    write_figures(tmp_path, found)
    assert figures_in(tmp_path) == found
