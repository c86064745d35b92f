"""``llmx reproduce PAPER --from docs/results/…``: every value, interval and verdict word, by line.

Reasons and titles are no part of it: wording may change, figures may not. After a change that is
meant: LLMX_UPDATE_GOLDEN=1 pytest tests/golden/reproduce, then read the diff.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from llmx.claims import known
from llmx.runs.reproduce import given_runs, paper_page

HERE = Path(__file__).parent
RESULTS = HERE.parents[2] / "docs" / "results"
FOLDERS = {
    folder.name: page.stem.removeprefix("reproduce-")
    for folder in sorted(RESULTS.iterdir())
    for page in folder.glob("reproduce-*.json")
}


def test_the_three_papers_have_results():
    assert {*FOLDERS.values()} >= {"fsd", "staircase", "backtracking"}


def said(value) -> str:
    return "-" if value is None else f"{value:.10g}" if isinstance(value, float) else str(value)


def span(found) -> str:
    if found is None:
        return "-"
    return " ".join(map(said, (found.estimate, found.low, found.high, found.level)))


def beside(ours) -> list:
    if ours is None:
        return ["-"]
    judge = ours.judge and f"{ours.judge.kind} {ours.judge.name}"
    heads = [ours.recipe, ours.run, ours.quantity, ours.arm, ours.against, span(ours.span)]
    counts = [ours.unit, ours.problems, ours.seeds, span(ours.absolute), span(ours.accuracy)]
    return [*heads, *counts, judge, ours.unkept or "-"]


def lines(page) -> Iterator[list]:
    for place, one in enumerate(page.claims):
        yield ["claim", place, one.word, *beside(one.ours)]
    for one in page.anchors:
        yield ["anchor", one.id, one.theirs, one.word, *beside(one.ours)]
    for tested in page.findings:
        for one in tested.judged:
            v = one.verdict
            yield ["verdict", tested.id, one.recipe, v.word, v.p, v.p_all, v.tested, v.leans]
            for n in v.numbers:
                figure = [n.what, n.arm, n.against, span(n.span), n.unit, n.p]
                yield ["", *figure, n.problems, n.seeds, n.rounds]


@pytest.mark.parametrize("name", FOLDERS)
def test_what_is_reproduced_from_a_committed_result(name, tmp_path):
    recipes = sorted(path.name for path in (RESULTS / name).iterdir() if path.is_dir())
    stored = given_runs([RESULTS / name], recipes)
    made = paper_page(known.find(FOLDERS[name], ()), {}, stored, tmp_path)
    found = "".join("\t".join(map(said, line)).rstrip() + "\n" for line in lines(made.page))
    path = HERE / f"{name}.tsv"
    if os.environ.get("LLMX_UPDATE_GOLDEN"):
        path.write_text(found, "utf-8")
    assert found == path.read_text("utf-8")
