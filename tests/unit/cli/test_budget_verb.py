"""``llmx budget``: the cheapest way near an arm's best, by any cost that was counted."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

import llmx as package
from llmx.core.errors import ConfigError
from llmx.core.figure import Span
from llmx.core.record import as_json
from llmx.core.spec import ArmSpec, RunSpec
from llmx.report.priced import (
    PricedPoint,
    PricedPoints,
    cheapest_within,
    cost_amount,
    most_accurate,
)
from llmx.store.files import write_json


def point(method, size, right, behind, arm="a", bound=False, **costs):
    half = 0.03
    return PricedPoint(
        arm=arm, method=method, label=method.replace("_", " "), size=size, sizes="draws",
        problems=200, accuracy=Span(estimate=right, low=right - half, high=right + half),
        behind=None if behind is None else Span(estimate=behind), costs=costs, unparsed=0.0,
        cut=0.0, bound=bound,
    )  # fmt: skip


POINTS = (
    point("single", 1, 0.70, -0.12, completion=50.0, longest=50.0),
    point("majority", 4, 0.80, -0.02, completion=200.0, longest=60.0),
    point("majority", 16, 0.82, 0.0, completion=800.0, longest=70.0),
    point("revise", 2, 0.85, 0.02, completion=400.0, longest=400.0),
    point("oracle", 4, 0.95, 0.13, bound=True, completion=200.0, longest=60.0),
    point("single", 1, 0.30, -0.05, arm="b", completion=5.0, longest=5.0),
    point("majority", 8, 0.35, 0.0, arm="b", completion=40.0, longest=6.0),
)
FOUND = PricedPoints(cost="longest", draws={"a": 16, "b": 8}, points=POINTS)


def stored(runs, document=None, stage="scaling", name="scaling_gsm-1a2b3c4d"):
    """A finished run on disk, as far as the verb reads it."""
    folder = runs / name
    spec = RunSpec(name="scaling_gsm", stages=(), arms={"a": ArmSpec()}, source="r.yaml", group="x")
    write_json(folder / "spec.json", spec.model_dump(mode="json"))
    write_json(folder / "manifest.json", {"stages": [], "seconds": 1.0})
    if document is not None:
        (folder / stage).mkdir()
        write_json(folder / stage / "scaling.json", as_json(document))
    return folder


@pytest.mark.parametrize(
    ("gain", "kind", "wanted"),
    [
        (0.0, "completion", ("revise", 2)),
        (0.02, "completion", ("revise", 2)),  # the vote of 16 is as near, and costs more
        (0.04, "completion", ("majority", 4)),
        (0.02, "longest", ("majority", 16)),
        (0.2, "longest", ("single", 1)),
    ],
)
def test_the_cheapest_near_the_best_by_a_cost(gain, kind, wanted):
    first = cheapest_within(FOUND, gain, kind)[0]
    assert (first.method, first.size) == wanted


@given(st.floats(0, 1), st.floats(0, 1), st.sampled_from(["completion", "longest"]))
def test_a_wider_margin_never_costs_more(one, other, kind):
    near, far = (cheapest_within(FOUND, gain, kind) for gain in sorted((one, other)))
    for a, b in zip(near, far, strict=True):
        assert a.arm == b.arm and a.costs[kind] >= b.costs[kind]


@given(st.permutations(POINTS), st.floats(0, 0.3))
def test_the_order_of_the_points_does_not_matter(points, gain):
    other = FOUND.model_copy(update={"points": tuple(points)})

    def key(found):
        return {one.arm: (one.method, one.size) for one in cheapest_within(found, gain, "longest")}

    assert key(other) == key(FOUND)


def test_nobody_can_run_a_bound():
    assert not any(
        one.bound for gain in (0, 0.5) for one in cheapest_within(FOUND, gain, "longest")
    )
    assert most_accurate(POINTS, "a").method == "revise"


def test_a_point_without_a_price_or_a_common_problem_is_left_out():
    points = (
        *POINTS,
        point("free", 1, 0.9, 0.08, longest=1.0),
        point("elsewhere", 1, 0.99, None, completion=1.0, longest=1.0),
    )
    found = FOUND.model_copy(update={"points": points})
    assert most_accurate(points, "a").method == "free"
    assert cheapest_within(found, 0.07, "completion")[0].method == "revise"
    assert cheapest_within(found, 0.0, "longest")[0].method == "free"


def test_a_cost_that_nobody_counted_is_refused():
    with pytest.raises(ConfigError, match="no method of this run has a cost 'tokens'") as refused:
        cheapest_within(FOUND, 0.02, "tokens")
    assert "completion" in refused.value.hint


def test_the_table_has_a_row_for_the_cheapest_and_for_the_best(llmx, tmp_path):
    stored(tmp_path, FOUND)
    done = llmx("budget", "scaling_gsm", "--gain", "2", "--runs", str(tmp_path))
    assert done.exit_code == 0, done.output
    lines = [" ".join(line.split()) for line in done.stdout.splitlines() if line.strip()]
    assert "longest" in " ".join(lines[:3])  # the run's own
    body = " | ".join(lines)
    assert "a majority 16 draws 82.0 (79.0–85.0) 0.0 70 cheapest near" in body
    assert "a revise 2 draws 85.0 (82.0–88.0) +2.0 400 best" in body
    assert "b majority 8 draws" in body and body.endswith("both")


def test_json_and_the_call_say_the_same(llmx, tmp_path):
    stored(tmp_path, FOUND)
    words = ("--gain", "4", "--cost", "completion", "--runs", str(tmp_path), "--json")
    rows = json.loads(llmx("budget", "scaling_gsm", *words).stdout)
    assert [(one["arm"], one["method"], one["size"]) for one in rows] == [
        ("a", "majority", 4), ("a", "revise", 2), ("b", "majority", 8),
    ]  # fmt: skip
    assert rows[0]["cost"] == "completion" and rows[0]["costs"]["completion"] == 200
    found = package.budget("scaling_gsm", gain=4, cost="completion", runs=tmp_path)
    assert [one.cheapest.method for one in found.arms] == ["majority", "majority"]
    assert [one.best.method for one in found.arms] == ["revise", "majority"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--cost", "completoin"), "completion"),
        (("--gain", "-1"), "no number of points"),
        (("--gain", "many"), "--gain"),
    ],
)
def test_a_mistake_is_one_line(llmx, tmp_path, words, said):
    stored(tmp_path, FOUND)
    done = llmx("budget", "scaling_gsm", *words, "--runs", str(tmp_path))
    assert done.exit_code == 2 and len(done.stderr.splitlines()) <= 2
    assert said in done.stderr


def test_a_run_that_has_compared_nothing_says_which_would(llmx, tmp_path):
    stored(tmp_path)
    done = llmx("budget", "scaling_gsm-1a", "--runs", str(tmp_path))
    assert done.exit_code == 2
    assert "has not compared ways of spending compute" in done.stderr
    assert "llmx run recipe=scaling_gsm" in done.stderr


def test_two_stages_are_told_apart(llmx, tmp_path):
    folder = stored(tmp_path, FOUND)
    (folder / "again").mkdir()
    write_json(folder / "again" / "scaling.json", as_json(FOUND))
    done = llmx("budget", "scaling_gsm", "--runs", str(tmp_path))
    assert done.exit_code == 2 and "again, scaling" in done.stderr


def test_a_damaged_document_is_no_traceback(llmx, tmp_path):
    folder = stored(tmp_path, FOUND)
    write_json(folder / "scaling" / "scaling.json", {"cost": 3})
    done = llmx("budget", "scaling_gsm", "--runs", str(tmp_path))
    assert done.exit_code == 2 and "scaling.json" in done.stderr


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), (0.0, "0.00"), (5.567, "5.57"), (346.2, "346"), (999_999, "999999"),
     (2.698e9, "2.70 G"), (3.8e10, "38.0 G"), (1e6, "1.00 M")],
)  # fmt: skip
def test_a_cost_has_few_figures(value, text):
    assert cost_amount(value) == text
