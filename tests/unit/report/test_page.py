"""The HTML page, the Markdown and the terminal: complete, self-contained, safe, the right width."""

import dataclasses
import io
import re
from html.parser import HTMLParser

import pytest
from invented import SHAPE, arm_specs, write_run
from result_rows import row_of
from rich.console import Console

from llmx.core.figure import Figures
from llmx.report.build import build
from llmx.report.gather import gather
from llmx.report.numbers import number_span, percent, percent_span, points_span
from llmx.report.samples import side_by_side
from llmx.report.terminal import render
from llmx.report.write import configuration, html, markdown


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    names = list(SHAPE)
    found = gather(write_run(tmp_path_factory.mktemp("run"), names, problems=60), names)
    return build(found, arm_specs(names), "sd", "Ten arms"), found


@pytest.fixture(scope="module")
def page(made):
    results, found = made
    return html(results, configuration(arm_specs(list(SHAPE)), "sd"), side_by_side(found))


class Reader(HTMLParser):
    """Collects ids, links, tags, and what is never closed."""

    VOID = frozenset({"meta", "br", "img", "link", "input"})

    def __init__(self):
        super().__init__()
        self.ids, self.links, self.tags, self.open = [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.note(tag, attrs)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.note(tag, attrs)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def note(self, tag, attrs):
        self.tags.append(tag)
        self.ids += [value for name, value in attrs if name == "id"]
        self.links += [value for name, value in attrs if name in ("href", "src")]


def read(page):
    reader = Reader()
    reader.feed(page)
    return reader


def test_the_page_is_well_formed_and_its_anchors_resolve(page):
    reader = read(page)
    assert reader.open == []
    assert len(reader.ids) == len(set(reader.ids))
    assert {link.removeprefix("#") for link in reader.links} <= set(reader.ids)


def test_the_page_fetches_nothing(page):
    reader = read(page)
    assert all(link.startswith("#") for link in reader.links)
    assert not {"script", "link", "img", "iframe", "object"} & set(reader.tags)
    assert not re.search(r"url\(|@import|https?://(?!www\.w3\.org/2000/svg)", page)


def test_light_dark_and_phone_are_provided_for(page):
    assert "prefers-color-scheme:dark" in page
    assert "max-width:600px" in page
    assert 'name="viewport"' in page
    assert '<html lang="en">' in page


def test_every_arm_and_twenty_problems_are_there(page, made):
    results, found = made
    for row in results.rows:
        assert f"{row['arm']}</th>" in page
    assert page.count("<article") == 20
    shown = side_by_side(found)
    assert [sample.id for sample in shown] == [f"p{3 * i:03d}" for i in range(20)]
    assert all(sample.arms == len(SHAPE) for sample in shown)


def test_texts_and_names_of_others_are_escaped(made):
    results, found = made
    evil = "<script>alert(1)</script>"
    arms = [one["arm"] for one in results.rows[:2]]
    known = [one for one in results.figures.figures if one.arm in arms]
    renamed = tuple(one.model_copy(update={"arm": one.arm + evil}) for one in known)
    figures = Figures(figures=renamed)
    first = side_by_side(found)[0]
    answers = (dataclasses.replace(first.answers[0], text=evil, arms=(arms[0] + evil,)),)
    shown = dataclasses.replace(first, question=evil, id=evil, expected=evil, answers=answers)
    page = html(results.model_copy(update={"figures": figures, "title": evil}), evil, [shown])
    assert evil not in page
    assert "&lt;script&gt;" in page


def test_configuration_tells_shared_from_own_settings():
    text = configuration(arm_specs(["sd", "fsd_60"]), "sd")
    assert text.count("top_p: 0.9") == 1
    assert text.count("algorithm:") == 2
    assert "draft_share: 0.6" in text.partition("fsd_60")[2]


def test_markdown_tables_are_rectangular(made):
    results, _ = made
    blocks = re.findall(r"(?:^\|.*\n)+", markdown(results), re.MULTILINE)
    assert len(blocks) == 4
    for block in blocks:
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}) == 1


@pytest.mark.parametrize("width", [80, 109, 110, 120, 200])
def test_the_terminal_table_fits_and_loses_no_figure(made, width):
    results, _ = made
    console = Console(width=width, record=True, file=io.StringIO())
    console.print(render(results))
    text = console.export_text()
    assert max(map(len, text.splitlines())) <= width
    lines = text.partition("•")[0].splitlines()
    for row in (row_of(results, one["arm"]) for one in results.rows):
        # Every table has the arm, but the one of ratios to the reference leaves out the reference.
        first, *beside, last = (line for line in lines if line.startswith(f"{row.arm} "))
        assert percent_span(row.accuracy) in first
        assert points_span(row.difference.score if row.difference else None) in first
        assert number_span(row.speedup, 2) in first
        assert percent(row.unparsed_share) in last
        assert len(beside) == (row.difference is not None)
        for line in beside:
            assert number_span(row.rounds_reference, 2) in line
    assert "…" not in text
    assert text.count("points") >= 2


def test_equal_results_give_equal_bytes(made):
    results, found = made
    shuffled = dict(reversed(found.arms.items()))
    again = build(
        type(found)(shuffled, found.blocks[::-1]), arm_specs(list(SHAPE)), "sd", "Ten arms"
    )
    assert again == results
    assert markdown(again) == markdown(results)
