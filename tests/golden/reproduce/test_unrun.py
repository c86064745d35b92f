"""``llmx reproduce PAPER`` where nothing of a paper was run: its tables, notes and statements.

Papers with committed results stand in test_reproduced.py. After a change that is meant:
LLMX_UPDATE_GOLDEN=1 pytest tests/golden/reproduce, then read the diff.
"""

import os
from pathlib import Path

import pytest

from llmx.claims import known
from llmx.claims.reproduce.table import figure_tables, unread
from llmx.runs.reproduce import paper_page

HERE = Path(__file__).parent


def lines(page):
    for table in figure_tables(page.claims):
        yield ["table", table.title, table.alone]
        yield ["", *table.columns]
        for name, cells in table.rows:
            said = ("" if one is None else f"{one.published}{one.mark}" for one in cells)
            yield [name, *said]
        for place, note in enumerate(table.notes, 1):
            yield ["note", place, note]
    yield ["unread", unread(page.claims)]
    for tested in page.findings:
        yield ["statement", tested.id, tested.statement, tested.where, tested.needs]


@pytest.mark.parametrize("name", ["b3"])
def test_what_is_published_and_nothing_beside(name, tmp_path):
    page = paper_page(known.find(name, ()), {}, [], tmp_path).page
    assert not page.sources and not any(tested.judged for tested in page.findings)
    found = "".join("\t".join(map(str, line)).rstrip() + "\n" for line in lines(page))
    path = HERE / f"{name}.tsv"
    if os.environ.get("LLMX_UPDATE_GOLDEN"):
        path.write_text(found, "utf-8")
    assert found == path.read_text("utf-8")
