"""Axes, placement of labels and the SVG around them."""

from itertools import combinations
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmx.core.figure import Span
from llmx.report.accuracies import accuracies
from llmx.report.picture import caption, picture
from llmx.report.placement import Box, place
from llmx.report.plot import COLOURS, look, plot
from llmx.report.results import Results, Row
from llmx.report.scale import fitted, fitted_rate
from llmx.report.svg import SHAPES, element, marker
from llmx.report.tables import tables

values = st.lists(st.floats(0.01, 1e6), min_size=1, max_size=12)
SVG = "{http://www.w3.org/2000/svg}"


@given(values, st.sampled_from([fitted, fitted_rate]))
def test_every_value_lies_on_the_axis_and_order_is_kept(numbers, make):
    scale = make(numbers, 10, 510)
    pixels = [scale(value) for value in sorted(numbers)]
    assert all(10 - 1e-6 <= pixel <= 510 + 1e-6 for pixel in pixels)
    assert pixels == sorted(pixels)


@given(values, st.sampled_from([fitted, fitted_rate]))
def test_ticks_are_few_rising_and_inside(numbers, make):
    scale = make(numbers, 10, 510)
    ticks = scale.ticks()
    assert ticks == sorted(set(ticks))
    assert all(scale.low <= tick * (1 + 1e-9) and tick <= scale.high * (1 + 1e-9) for tick in ticks)
    assert len({scale.name(tick) for tick in ticks}) == len(ticks)


@pytest.mark.parametrize(
    ("numbers", "logarithmic"), [([60, 130], False), ([60, 400], True), ([0, 400], False)], ids=str
)
def test_a_wide_range_of_rates_is_drawn_logarithmically(numbers, logarithmic):
    assert fitted_rate(numbers, 0, 1).logarithmic is logarithmic


def test_a_percentage_axis_stays_in_range():
    scale = fitted([2, 99], 0, 1, floor_at=0, roof_at=100)
    assert (scale.low, scale.high) == (0, 100)


FRAME = Box(0, 0, 700, 400)
points = st.lists(
    st.tuples(st.floats(80, 620), st.floats(40, 360)), min_size=1, max_size=10, unique=True
)


@given(points)
def test_labels_never_cover_each_other_and_stay_inside(places):
    labels = place(places, [60.0] * len(places), 14, FRAME, [])
    for one, other in combinations(labels, 2):
        assert one.box.overlap(other.box) == pytest.approx(0, abs=1e-6)
    for label in labels:
        assert label.box.overlap(FRAME) == pytest.approx(60 * 14)


def test_ten_arms_in_one_spot_are_all_named_apart():
    labels = place([(300.0, 200.0)] * 10, [60.0] * 10, 14, FRAME, [])
    assert sum(a.box.overlap(b.box) for a, b in combinations(labels, 2)) == pytest.approx(0)


def row(index, name=None):
    speed = Span(estimate=60 + 8 * index, low=58 + 8 * index, high=63 + 8 * index)
    accuracy = Span(estimate=0.6 - 0.02 * index, low=0.5 - 0.02 * index, high=0.7 - 0.02 * index)
    return Row(arm=name or f"arm_{index}", accuracy=accuracy, tokens_per_second=speed)


def results(*rows):
    return Results(title="t", rows=rows)


def test_each_arm_is_marked_barred_and_named_once():
    tree = ElementTree.fromstring(plot(results(*(row(i) for i in range(9)))))
    texts = [node.text for node in tree.iter(f"{SVG}text")]
    assert [text for text in texts if text.startswith("arm_")] == [f"arm_{i}" for i in range(9)]
    assert len([n for n in tree.iter() if n.get("class") == "mark"]) == 9
    assert len([n for n in tree.iter(f"{SVG}line") if n.get("stroke")]) == 18
    assert {"Speed (tokens/s)", "Accuracy (%)"} <= set(texts)


def test_what_a_picture_shows_is_also_said():
    tree = ElementTree.fromstring(plot(results(row(0))))
    assert tree.get("role") == "img"
    about = tree.find(f"{SVG}desc")
    assert about.text == "arm_0: 60.0 (50.0–70.0) % at 60 (58–63) tokens/s"
    assert tree.get("aria-labelledby").split()[1] == about.get("id")


@pytest.mark.parametrize(
    "rows",
    [(), (Row(arm="a"),), (Row(arm="a", accuracy=Span(estimate=0.5)),)],
    ids=["no arms", "nothing measured", "no speed"],
)
def test_without_both_measures_the_picture_says_so(rows):
    assert "No arm has both" in plot(results(*rows))


def test_without_any_speed_the_picture_is_of_accuracy_alone():
    scored = [row(index).model_copy(update={"tokens_per_second": None}) for index in range(3)]
    untimed, timed = results(*scored, Row(arm="unscored")), results(row(0), scored[1])
    assert caption(untimed) == "Accuracy" and caption(timed) == "Accuracy against speed"
    assert caption(results(Row(arm="a"))) == "Accuracy against speed"
    assert tables(untimed)[0].title == "Accuracy" and "speed" in tables(timed)[0].title
    tree = ElementTree.fromstring(picture(untimed))
    assert picture(untimed) == accuracies(untimed) != plot(untimed)
    assert tree.find(f"{SVG}desc").text.startswith("arm_0: 60.0 (50.0–70.0) %; arm_1: ")
    assert len([n for n in tree.iter() if n.get("class") == "mark"]) == 3
    names = [n.text for n in tree.iter(f"{SVG}text") if n.get("class") == "name"]
    assert names == ["arm_0", "arm_1", "arm_2"]


@pytest.mark.parametrize("width", [380, 760])
def test_accuracies_stay_in_the_frame(width):
    long = Row(arm="an_arm_with_a_long_name", accuracy=Span(estimate=0.9, low=0.8, high=1.0))
    bare = Row(arm="b", accuracy=Span(estimate=0.0))
    tree = ElementTree.fromstring(accuracies(results(long, bare), width))
    high = float(tree.get("viewBox").split()[3])
    for drawn in tree.iter(f"{SVG}line"):
        assert all(0 <= float(drawn.get(end)) <= width for end in ("x1", "x2"))
        assert all(0 <= float(drawn.get(end)) <= high for end in ("y1", "y2"))


def test_an_arm_without_intervals_is_a_bare_point():
    bare = Row(arm="a", accuracy=Span(estimate=0.5), tokens_per_second=Span(estimate=50.0))
    tree = ElementTree.fromstring(plot(results(bare)))
    assert len([n for n in tree.iter() if n.get("class") == "mark"]) == 1


def test_hostile_names_stay_text():
    drawn = plot(results(row(0, '<script>&"x"')))
    tree = ElementTree.fromstring(drawn)
    assert not list(tree.iter(f"{SVG}script"))
    assert '<script>&"x"' in [node.text for node in tree.iter(f"{SVG}text")]


def test_no_two_of_sixty_arms_look_the_same():
    assert len({look(index) for index in range(60)}) == 60
    assert len(COLOURS) * len(SHAPES) >= 60


@pytest.mark.parametrize("shape", SHAPES)
def test_markers_are_centred_on_their_point(shape):
    tree = ElementTree.fromstring(marker(shape, 50, 50, 6))
    if tree.tag == "circle":
        assert (tree.get("cx"), tree.get("cy")) == ("50", "50")
        return
    corners = [tuple(map(float, corner.split(","))) for corner in tree.get("points").split()]
    for axis in (0, 1):
        assert sum(corner[axis] for corner in corners) / len(corners) == pytest.approx(50, abs=0.1)


def test_attributes_are_escaped_and_numbers_short():
    assert element("a", b='"<', stroke_width=1.23456, y=-0.01) == (
        '<a b="&quot;&lt;" stroke-width="1.2" y="0"/>'
    )
