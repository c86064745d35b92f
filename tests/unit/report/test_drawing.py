"""Axes, placement of labels and the SVG around them."""

from itertools import combinations
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from result_rows import results
from result_rows import row as one_row

from llmx.core.figure import Span
from llmx.report import plot as pictures
from llmx.report import plot as plots
from llmx.report import rows as row_pictures
from llmx.report.axes import flowed, legend_height
from llmx.report.curves import Line, curves, stacked
from llmx.report.families import looks
from llmx.report.placement import Box, placed_clear
from llmx.report.scale import fitted, fitted_rate
from llmx.report.svg import LETTER, SHAPES, element, marker
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


def figures(found):
    return found.figures


def plot(found, width=760):
    arms = [row["arm"] for row in found.rows]
    return plots.plot(figures(found), arms, pictures.references_of(figures(found)), width)


def picture(found):
    return pictures.picture(figures(found))


def caption(found):
    return pictures.caption(figures(found))


def accuracies(found, width=760):
    return row_pictures.accuracies(figures(found), [row["arm"] for row in found.rows], width)


points = st.lists(
    st.tuples(st.floats(80, 620), st.floats(40, 360)), min_size=1, max_size=10, unique=True
)


@given(points)
def test_labels_that_have_room_cover_nothing_and_stay_inside(places):
    labels = [one for one in placed_clear(places, [60.0] * len(places), 14, FRAME, []) if one]
    for one, other in combinations(labels, 2):
        assert one.box.overlap(other.box) == pytest.approx(0, abs=1e-6)
    for label in labels:
        assert label.box.overlap(FRAME) == pytest.approx(60 * 14)


def test_a_lonely_point_is_named_and_of_ten_in_one_spot_none_is():
    many = [(300.0, 200.0)] * 10
    labels = placed_clear([*many, (600.0, 50.0)], [60.0] * 11, 14, FRAME, [])
    assert labels[:10] == [None] * 10 and labels[10] is not None


def test_a_label_lies_on_no_other():
    """In a frame of one line, where the second name has room on the side of the first alone."""
    frame = Box(0, 90, 235, 110)
    first, second = placed_clear([(100.0, 100.0), (230.0, 100.0)], [60.0] * 2, 14, frame, [])
    assert first is not None and second is None


def test_a_label_lies_on_no_marker():
    ring = [Box(300 + dx, 180 + dy, 320 + dx, 200 + dy) for dx in (-90, 0, 90) for dy in (0, 30)]
    (placed,) = placed_clear([(300.0, 200.0)], [60.0], 14, FRAME, ring)
    covered = sum(placed.box.overlap(one) for one in ring) if placed else 0
    assert covered <= 0.06 * 60 * 14
    everywhere = [Box(200, 100, 400, 300)]
    assert placed_clear([(300.0, 200.0)], [60.0], 14, FRAME, everywhere) == [None]


def row(index, name=None):
    speed = Span(estimate=60 + 8 * index, low=58 + 8 * index, high=63 + 8 * index)
    accuracy = Span(estimate=0.6 - 0.02 * index, low=0.5 - 0.02 * index, high=0.7 - 0.02 * index)
    return one_row(arm=name or f"arm_{index}", accuracy=accuracy, tokens_per_second=speed)


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
    [(), (one_row(arm="a"),), (one_row(arm="a", accuracy=Span(estimate=0.5)),)],
    ids=["no arms", "nothing measured", "no speed"],
)
def test_without_both_measures_the_picture_says_so(rows):
    assert "No arm has both" in plot(results(*rows))


def test_without_any_speed_the_picture_is_of_accuracy_alone():
    scored = [{**row(index), "tokens_per_second": None} for index in range(3)]
    untimed, timed = results(*scored, one_row(arm="unscored")), results(row(0), scored[1])
    assert caption(untimed) == "Accuracy" and caption(timed) == "Accuracy against speed"
    assert caption(results(one_row(arm="a"))) == "Accuracy against speed"
    assert tables(untimed)[0].title == "Accuracy" and "speed" in tables(timed)[0].title
    tree = ElementTree.fromstring(picture(untimed))
    assert picture(untimed) == accuracies(untimed) != plot(untimed)
    assert tree.find(f"{SVG}desc").text.startswith("arm_0: 60.0 (50.0–70.0) %; arm_1: ")
    assert len([n for n in tree.iter() if n.get("class") == "mark"]) == 3
    names = [n.text for n in tree.iter(f"{SVG}text") if n.get("class") == "name"]
    assert names == ["arm_0", "arm_1", "arm_2"]


@pytest.mark.parametrize("width", [380, 760])
def test_accuracies_stay_in_the_frame(width):
    long = one_row(arm="an_arm_with_a_long_name", accuracy=Span(estimate=0.9, low=0.8, high=1.0))
    bare = one_row(arm="b", accuracy=Span(estimate=0.0))
    tree = ElementTree.fromstring(accuracies(results(long, bare), width))
    high = float(tree.get("viewBox").split()[3])
    for drawn in tree.iter(f"{SVG}line"):
        assert all(0 <= float(drawn.get(end)) <= width for end in ("x1", "x2"))
        assert all(0 <= float(drawn.get(end)) <= high for end in ("y1", "y2"))


@pytest.mark.parametrize("width", [380, 760])
def test_long_names_stay_in_the_frame_and_differ(width):
    arms = [f"answers@target=a_folder_of_models_with_a_long_name_{which}" for which in "ab"]
    found = [one_row(arm=arm, accuracy=Span(estimate=0.5, low=0.4, high=0.6)) for arm in arms]
    tree = ElementTree.fromstring(accuracies(results(*found), width))
    names = [n for n in tree.iter(f"{SVG}text") if n.get("class") == "name"]
    assert all(float(n.get("x")) - LETTER * len(n.text) >= 0 for n in names)
    assert [n.text[-6:] for n in names] == ["name_a", "name_b"]
    assert all(n.text.startswith("answers") and "…" in n.text for n in names)


@pytest.mark.parametrize("most", [1, 2, 3, 4, 9, 10, 11])
def test_both_ends_of_a_name_are_kept(most):
    assert row_pictures.both_ends("0123456789", 10) == "0123456789"
    shown = row_pictures.both_ends("0123456789", most)
    assert len(shown) <= max(most, 2)
    start, dots, end = shown.partition("…")
    assert "0123456789".startswith(start) and "0123456789".endswith(end)
    assert bool(dots) == (most < 10)
    assert bool(end) == bool(dots)


def test_an_arm_without_intervals_is_a_bare_point():
    bare = one_row(arm="a", accuracy=Span(estimate=0.5), tokens_per_second=Span(estimate=50.0))
    tree = ElementTree.fromstring(plot(results(bare)))
    assert len([n for n in tree.iter() if n.get("class") == "mark"]) == 1


def test_hostile_names_stay_text():
    drawn = plot(results(row(0, '<script>&"x"')))
    tree = ElementTree.fromstring(drawn)
    assert not list(tree.iter(f"{SVG}script"))
    assert '<script>&"x"' in [node.text for node in tree.iter(f"{SVG}text")]


def test_no_two_of_sixty_arms_look_the_same():
    found = looks([f"arm{index}" for index in range(60)])
    assert len({(one.colour, one.shape) for one in found.values()}) == 60


FSD = (
    "sd",
    "fsd_r_lo",
    "fsd_r_hi",
    "fsd_h_lo",
    "fsd_h_hi",
    "fsd_h_lo_t0",
    "sd_t0",
    "fly",
    "fly_acc",
)
REFERENCES = {name: "sd_t0" if name.endswith("_t0") else "sd" for name in FSD}


def test_a_family_has_one_colour_a_member_its_shape_and_a_twin_is_hollow():
    found = looks(FSD, REFERENCES)
    assert found["fsd_h_lo"].colour == found["fsd_h_hi"].colour != found["fsd_r_lo"].colour
    assert found["fsd_h_lo"].shape != found["fsd_h_hi"].shape
    assert found["fsd_h_lo"].line == found["fsd_h_hi"].line != found["fsd_r_hi"].line
    twin, own = found["fsd_h_lo_t0"], found["fsd_h_lo"]
    assert (twin.colour, twin.shape, twin.hollow) == (own.colour, own.shape, True)
    assert twin.line != own.line and not own.hollow
    assert found["sd_t0"].hollow and found["sd_t0"].colour == found["sd"].colour
    assert found["fly"].family == found["fly_acc"].family == "fly"


def test_points_of_a_sweep_are_a_family():
    found = looks(["sd", "fsd@gamma=3", "fsd@gamma=5"])
    assert found["fsd@gamma=3"].line == found["fsd@gamma=5"].line
    assert found["fsd@gamma=3"].shape != found["fsd@gamma=5"].shape
    assert found["sd"].line != found["fsd@gamma=3"].line


def crowd():
    """Thirty arms within a few tokens/s of each other, and one far away."""
    rows = [
        one_row(
            f"family{index % 5}_member{index // 5}",
            accuracy=row(0)["accuracy"],
            tokens_per_second=Span(estimate=60 + index / 9),
        )
        for index in range(30)
    ]
    far = one_row(arm="far", accuracy=Span(estimate=0.2), tokens_per_second=Span(estimate=150.0))
    return results(*rows, far)


@pytest.mark.parametrize("width", [380, 760])
def test_every_arm_of_a_crowd_is_named_in_the_legend_and_names_never_overlap(width):
    tree = ElementTree.fromstring(plot(crowd(), width))
    keys = [n for n in tree.iter(f"{SVG}text") if n.get("class") == "key-name"]
    assert {n.text for n in keys} == {one["arm"] for one in crowd().rows}
    named = [n for n in tree.iter(f"{SVG}text") if n.get("class") in ("name", "key-name")]
    boxes = [box(n) for n in named]
    assert all(a.overlap(b) == 0 for a, b in combinations(boxes, 2))
    height = float(tree.get("viewBox").split()[3])
    assert all(b.left >= 0 and b.right <= width and b.bottom <= height for b in boxes)


def box(node):
    """Return where a text stands; a letter is about 6.6 pixels wide."""
    wide, x, y = 6.6 * len(node.text), float(node.get("x")), float(node.get("y"))
    left = x - wide / 2 if node.get("text-anchor") == "middle" else x
    return Box(left, y - 10, left + wide, y + 3)


def test_arms_of_a_family_are_joined_in_the_order_of_their_speeds():
    rows = [row(index, name) for index, name in ((2, "f_a"), (0, "f_b"), (1, "f_c"), (3, "sd"))]
    tree = ElementTree.fromstring(plot(results(*rows)))
    (joined,) = tree.iter(f"{SVG}polyline")
    xs = [float(point.split(",")[0]) for point in joined.get("points").split()]
    assert len(xs) == 3 and xs == sorted(xs)


@given(st.lists(st.text("ab", max_size=30), max_size=20), st.floats(60, 800))
def test_a_legend_wraps_within_its_width(names, width):
    places = flowed(names, width)
    assert [y for _, y in places] == sorted(y for _, y in places)
    for (x, _), name in zip(places, names, strict=True):
        assert x == 0 or x + 30 + 7.9 * len(name) <= width + 1e-6
    assert legend_height(names, width) >= 18 * len({y for _, y in places})


def test_three_sweeps_have_an_axis_each():
    lines = [Line("plain", [1, 2], [1, 2]), Line("staircase", [1, 2], [0.5, 0.6])]
    drawn = stacked([(title, lines) for title in ("Proposers", "Layers", "Skew")], "Seconds", "t")
    texts = [n.text for n in ElementTree.fromstring(drawn).iter(f"{SVG}text")]
    assert {"Proposers", "Layers", "Skew"} <= {*texts} and texts.count("Seconds") == 3


def test_a_law_is_dashed_and_has_no_markers():
    tree = ElementTree.fromstring(curves([Line("law", [0, 1], [0, 1], law=True)], "x", "y", "t"))
    assert all(n.get("stroke-dasharray") for n in tree.iter(f"{SVG}polyline"))
    assert not [n for n in tree.iter() if n.get("class") == "mark"]


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
