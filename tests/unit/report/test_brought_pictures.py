"""Pictures that rooms bring, and the table of figures that no other table shows."""

import re
from dataclasses import replace

import pytest
from result_rows import results, row

from llmx.core import registry
from llmx.core.errors import ConfigError, RunError
from llmx.core.figure import Figure, Figures, Span
from llmx.core.record import Metric
from llmx.report import brought
from llmx.report.axes import axis_title
from llmx.report.brought import BroughtTable, Picture, intervals, lines, sweeps
from llmx.report.figures.decoded import figure_of
from llmx.report.verdict.model import Number
from llmx.report.write import MOST, other_table, said


def figure(arm: str, value: float, **more) -> Figure:
    span = more.pop("span", Span(estimate=value))
    return Figure(**{"quantity": "depth", "arm": arm, "span": span, "unit": "levels", **more})


def figures(*found: Figure) -> Figures:
    return Figures(figures=found)


def names_in(svg: str) -> list[str]:
    return re.findall(r'class="(?:name|key-name)"[^>]*>([^<]+)<', svg)


TREE = figures(
    figure("a", 2.0, span=Span(estimate=2.0, low=1.0, high=3.0)),
    figure("b", 4.0),
    figure("b", 9.0),  # a second of its name is not another line
    figure("b", 1.0, against="a"),
    *(figure("a", at * 1.5, setting="width", at=at) for at in (1.0, 4.0, 2.0)),
    figure("b", 3.0, setting="width", at=1.0),
    figure("b", 3.0, setting="other", at=1.0),
)


def test_intervals_are_a_line_an_arm_and_no_point_of_a_sweep():
    svg = intervals("depth", "Depth").draw(TREE)
    assert names_in(svg) == ["a", "b", "b − a"] and "Depth (levels)" in svg


def test_lines_are_a_curve_an_arm_over_the_setting_in_its_order():
    svg = lines("depth", "width", "Depth by width").draw(TREE)
    assert names_in(svg) == ["a", "b"] and ">width<" in svg
    path = re.findall(r'<polyline points="([^"]+)"', svg)[0].split()
    across = [float(point.partition(",")[0]) for point in path]
    assert len(across) == 3 and across == sorted(across)


def test_every_sweep_has_an_axis_of_its_own_and_three_are_the_most():
    svg = sweeps("depth", ["width", "other", "unknown"], "Depth").draw(TREE)
    titles = re.findall(r'class="axis"[^>]*>([^<]+)<', svg)
    assert titles == ["Width", "Depth (levels)", "Other", "Depth (levels)"]
    assert names_in(svg) == ["a", "b", "b"] and sweeps("other", ["width"], "").draw(TREE) == ""
    with pytest.raises(ValueError, match="at most 3"):
        sweeps("depth", ["a", "b", "c", "d"], "")


@pytest.mark.parametrize(
    "quantity, unit, metric, wanted",
    [
        ("accuracy", "share", "", "Accuracy (%)"),
        ("accuracy difference", "points", "", "Accuracy difference (points)"),
        ("mean length", "times", "", "Mean length (×)"),
        ("tokens/s", "tokens/s", "", "Tokens/s"),
        ("f1", "share", "f1", "f1 (%)"),
        ("ndcg@10 difference", "", "ndcg@10", "ndcg@10 difference"),
        ("marks", "marks", "marks", "marks"),
    ],
)
def test_an_axis_says_its_quantity_and_its_unit(quantity, unit, metric, wanted):
    one = figure("a", 0.5, quantity=quantity, unit=unit, metric=metric)
    assert axis_title(one) == wanted
    assert f">{wanted}</text>" in intervals(quantity, "").draw(figures(one))


def test_what_is_swept_over_something_else_is_no_point():
    other = figures(figure("b", 1.0, setting="width", at=2.0), *TREE.figures[-1:])
    (path,) = re.findall(r'<polyline points="([^"]+)"', lines("depth", "width", "").draw(other))
    assert len(path.split()) == 1


@pytest.mark.parametrize("made", [intervals("depth", ""), lines("depth", "width", "")])
def test_what_the_figures_do_not_fill_is_not_drawn(made):
    assert made.draw(figures(figure("a", 1.0, quantity="other"))) == ""


@pytest.mark.parametrize("unit, last", [("share", "100"), ("points", "100"), ("levels", "1.0")])
def test_shares_are_drawn_in_percent(unit, last):
    spans = [Span(estimate=value) for value in (0.0, 0.5, 1.0)]
    svg = intervals("depth", "").draw(
        figures(*(figure(f"a{at}", 0, span=one, unit=unit) for at, one in enumerate(spans)))
    )
    ticks = re.findall(r'text-anchor="middle"[^>]*>([\d.]+)<', svg)
    assert ticks[-1] == last


GOOD = Picture("c", lambda found: "<svg xmlns='http://www.w3.org/2000/svg'/>")
BAD = {
    "none": (object(), "plain", ConfigError, "no Picture"),
    "name": (GOOD, "../../up", ConfigError, "cannot be called so"),
    "raises": (Picture("c", lambda found: 1 / 0), "plain", RunError, "ZeroDivisionError"),
    "html": (Picture("c", lambda found: "<html/>"), "plain", RunError, "no SVG document"),
    "open": (Picture("c", lambda found: "<svg>"), "plain", RunError, "no SVG document"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_picture_is_an_error_of_one_line(case, monkeypatch):
    found, name, kind, text = BAD[case]
    monkeypatch.setattr(brought, "lookup", lambda family, name: found)
    with pytest.raises(kind, match=text) as raised:
        brought.drawn(TREE, [name])
    assert f"'{name}'" in raised.value.message and "\n" not in raised.value.message


def test_only_what_is_filled_is_drawn(monkeypatch):
    known = {"empty": Picture("e", lambda found: ""), "full": GOOD}
    monkeypatch.setattr(brought, "lookup", lambda family, name: known[name])
    (one,) = brought.drawn(TREE, ["empty", "full"])
    assert (one.name, one.caption, one.file) == ("full", "c", "picture-full.svg")


ROOMS = {"one": "plugin one", "two": "llmx.papers.two", "all": "llmx.report"}


@pytest.mark.parametrize(
    "paper, wanted",
    [("one", {"one", "all"}), ("two", {"two", "all"}), ("three", {"all"}), (None, {"all"})],
)
def test_a_picture_is_its_papers_and_those_of_shared_rooms_are_everybodys(
    paper, wanted, monkeypatch
):
    monkeypatch.setattr(registry, "kinds", lambda family: dict.fromkeys(ROOMS, ""))
    monkeypatch.setattr(registry, "owner", lambda family, name: ROOMS[name])
    assert {*brought.brought_for(paper)} == wanted


DEEP = BroughtTable(
    "Depths", "How deep.", ("Arm", "Depth"),
    lambda found: [(one.arm, f"{one.span.estimate:g}") for one in found.of("depth", {"b"})],
)  # fmt: skip
BAD_TABLES = {
    "none": (GOOD, ConfigError, "no BroughtTable"),
    "raises": (replace(DEEP, rows=lambda found: 1 / 0), RunError, "ZeroDivisionError"),
    "half": (replace(DEEP, rows=lambda found: (1 / 0 for _ in "a")), RunError, "cannot be made"),
}


@pytest.mark.parametrize("case", BAD_TABLES)
def test_a_bad_table_is_an_error_of_one_line(case, monkeypatch):
    found, kind, text = BAD_TABLES[case]
    monkeypatch.setattr(brought, "lookup", lambda family, name: found)
    with pytest.raises(kind, match=text) as raised:
        brought.tabled(TREE, ["plain"])
    assert "'plain'" in raised.value.message and "\n" not in raised.value.message


def test_only_tables_that_are_filled_are_shown(monkeypatch):
    monkeypatch.setattr(brought, "lookup", lambda family, name: DEEP)
    (one,) = brought.tabled(TREE, ["depths"])
    assert (one.title, one.head, one.rows[0]) == ("Depths", ("Arm", "Depth"), ("b", "4"))
    assert brought.tabled(figures(figure("a", 1.0)), ["depths"]) == ()


def test_tables_are_brought_as_pictures_are(monkeypatch):
    monkeypatch.setattr(registry, "kinds", lambda family: {family: ""})
    monkeypatch.setattr(registry, "owner", lambda family, name: "llmx.papers.two")
    assert brought.brought_by(["llmx.papers.two"], "table") == ("table",)
    assert brought.brought_by(["llmx.papers.one"], "table") == ()


def test_the_table_has_what_is_there_once_and_sweeps_last():
    table = other_table(figures(*TREE.figures[4:5], *TREE.figures, TREE.figures[0]))
    assert table is not None and table.head == ("Arm", "Figure", "Value (interval)", "Beside", "At")
    assert [row[0] for row in table.rows] == ["a", "b", "b", "b", "a", "a", "a", "b", "b"]
    assert table.rows[0][2:] == ("2 (1–3) levels", "–", "–")
    assert table.rows[3] == ("b", "depth", "1 levels", "a", "–")
    assert table.rows[4][4] == "width = 1"
    assert other_table(Figures()) is None


def test_a_long_sweep_is_cut_and_says_so():
    many = figures(*(figure("a", at, setting="width", at=at) for at in range(MOST + 3)))
    table = other_table(many)
    assert table is not None and len(table.rows) == MOST and "3 more are" in table.note


SAID = [
    (Span(estimate=0.5, low=0.4, high=0.6), "share", "50.0 (40.0–60.0) %"),
    (Span(estimate=-0.5), "points", "−50.0 points"),
    (Span(estimate=1.25, low=1.0, high=1.5, level=0.9), "times", "1.250 (1.000–1.500) ×, 90 %"),
    (Span(estimate=2.0, low=1.0, high=3.0, level=1.0), "levels", "2 (1–3) levels"),
    (Span(estimate=1234.5), "", "1234.5"),
]


@pytest.mark.parametrize("span, unit, wanted", SAID)
def test_a_figure_is_written_with_its_unit(span, unit, wanted):
    assert said(span, unit) == wanted


def test_metrics_are_figures_that_claims_can_name():
    span = Span(estimate=0.5, low=0.4, high=0.6)
    share, own = Metric(name="f1", unit="%", low=0, high=1), Metric(name="marks", unit="marks")
    measured = [{"metric": one, "value": span} for one in (share, own)]
    found = results(row("a", problems=9, metrics=measured)).figures
    assert found.metrics == (share, own)
    assert [(one.quantity, one.unit, one.metric, one.n) for one in found.figures[1:]] == [
        ("f1", "share", "f1", 9),
        ("marks", "marks", "marks", 9),
    ]


def test_a_verdicts_number_keeps_its_metric():
    number = Number(what="f1 difference", arm="a", span=Span(estimate=1), unit="", metric="f1")
    assert figure_of(number).metric == "f1"
