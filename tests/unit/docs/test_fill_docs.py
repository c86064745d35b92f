"""Figures of the documentation are those of committed results, as scripts/fill_docs.py writes."""

import json
import sys
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
sys.path.append(str(ROOT / "scripts"))
fill_docs = import_module("fill_docs")
SPAN = {"estimate": -0.0049, "low": -0.0147, "high": 0.0001}
PAGE = "Before.\n<!-- figures: results/one table small -->\n{}<!-- end figures -->\nAfter.\n"
SPEC = """
file: {file}
list: rows
key: arm.name
label: arm
rows: {{b: "`b`", a: first}}
columns: {{"gain, points": "{{gain|points}}", n: "of {{sizes.1|count}}"}}
"""
ENTRIES = [
    {"arm": {"name": "a"}, "gain": None, "sizes": [1, 2]},
    {"arm": {"name": "b"}, "gain": SPAN, "sizes": [3, 4000]},
    {"arm": {"name": "left out"}, "gain": SPAN, "sizes": [5, 6]},
]
FILLED = """| arm | gain, points | n |
| --- | --- | --- |
| `b` | −0.5 (−1.5 to 0.0) | of 4,000 |
| first | – | of 2 |
"""


@pytest.mark.parametrize("page", fill_docs.PAGES, ids=lambda page: page.name)
def test_every_figure_is_that_of_its_results(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert fill_docs.filled(text) == text, "run python scripts/fill_docs.py"


@pytest.mark.parametrize("page", fill_docs.PAGES, ids=lambda page: page.name)
def test_every_mark_is_of_a_whole_block(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    blocks = len(fill_docs.BLOCK.findall(text))
    assert text.count("<!-- figures") == text.count("<!-- end figures") == blocks


def test_every_table_is_on_a_page() -> None:
    used = {
        at["name"]
        for page in fill_docs.PAGES
        for at in fill_docs.BLOCK.finditer(page.read_text(encoding="utf-8"))
    }
    assert used == {path.stem for path in (ROOT / "docs/tables").glob("*.yaml")}


@pytest.mark.parametrize(
    ("found", "form", "text"),
    [
        (None, "percent", "–"),
        (0.5, "percent", "50.0"),
        (-0.0001, "points", "0.0"),
        (0.021, "points", "+2.1"),
        (-0.021, "points", "−2.1"),
        (SPAN, "points", "−0.5 (−1.5 to 0.0)"),
        (SPAN, "points_alone", "−0.5"),
        (SPAN, "percent", "−0.5 (−1.5 to 0.0)"),
        ({"estimate": 1.096, "low": 1.05, "high": 1.164}, "times", "1.10 (1.05–1.16)"),
        ({"estimate": 1.096, "low": 1.05, "high": 1.164}, "times_alone", "1.10"),
        ({"estimate": 1.096, "low": None, "high": None}, "times", "1.10"),
        (0.02033, "seconds", "0.020"),
        (355.58, "count", "356"),
        (12345.6, "count", "12,346"),
        (46.218, "number", "46.2"),
        ("not shown here", "text", "not shown here"),
        (0.47, "plain", "0.47"),
    ],
)
def test_a_value_is_shown(found: object, form: str, text: str) -> None:
    assert fill_docs.shown(found, form) == text


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "docs/tables").mkdir(parents=True)
    (tmp_path / "docs/tables/small.yaml").write_text(SPEC.format(file="found.json"))
    (tmp_path / "results/one").mkdir(parents=True)
    (tmp_path / "results/one/found.json").write_text(json.dumps({"rows": ENTRIES}))
    return tmp_path


@pytest.mark.parametrize("before", ["", "| an older | table |\n", FILLED])
def test_a_block_is_filled_and_the_rest_of_a_page_is_left(root: Path, before: str) -> None:
    assert fill_docs.filled(PAGE.format(before), root) == PAGE.format(FILLED)


def test_a_changed_result_changes_the_page(root: Path) -> None:
    path = root / "results/one/found.json"
    path.write_text(path.read_text().replace("4000", "4001"))
    assert "of 4,001" in fill_docs.filled(PAGE.format(FILLED), root)


def test_a_row_may_be_a_folder(root: Path) -> None:
    for name, size in (("x", 1), ("y", 2)):
        (root / f"results/{name}").mkdir()
        rows = [{"arm": {"name": "a"}, "size": size}]
        (root / f"results/{name}/figures.json").write_text(json.dumps({"rows": rows}))
    (root / "docs/tables/small.yaml").write_text(
        "file: '*/figures.json'\nlist: rows\nkey: arm.name\nlabel: recipe\n"
        "rows: {y: second, x: first}\ncolumns: {a: '{a.size|count}', b: '{b?.size|count}'}\n"
    )
    assert fill_docs.body("results", "small", root).splitlines()[2:] == [
        "| second | 2 | – |",
        "| first | 1 | – |",
    ]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("gain|points", "gains|points", "'gains'"),
        ("gain|points", "gain|point", "'point'"),
        ("sizes.1|count", "sizes.2|count", "out of range"),
        ("a: first", "c: first", "'c'"),
        ("list: rows", "list: lines", "'lines'"),
    ],
)
def test_what_is_not_there_is_no_empty_cell(root: Path, old: str, new: str, says: str) -> None:
    path = root / "docs/tables/small.yaml"
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises((KeyError, IndexError), match=says):
        fill_docs.filled(PAGE.format(""), root)


def test_check_names_stale_pages_and_writes_nothing(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page, whole = root / "page.md", root / "whole.md"
    page.write_text(stale := PAGE.format("typed\n"))
    whole.write_text("no figures\n")
    monkeypatch.setattr(fill_docs, "ROOT", root)
    monkeypatch.setattr(fill_docs, "PAGES", (page, whole))
    assert fill_docs.main(["--check"]) == 1
    assert "page.md" in (said := capsys.readouterr().out) and "whole" not in said
    assert page.read_text() == stale
    assert fill_docs.main([]) == 0
    assert page.read_text() == PAGE.format(FILLED)
    assert fill_docs.main(["--check"]) == 0
