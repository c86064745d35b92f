"""A sweep: accuracy against the swept key, and what its best point is worth."""

from pathlib import Path

import pytest

from llmx.core.figure import Figure, Figures, Span
from llmx.report.findings import findings
from llmx.report.results import Results
from llmx.report.sweeps import best_points, sweep_pictures, sweep_tables, sweeps, swept
from llmx.report.tables import reference_title, tables
from llmx.report.write import More, markdown


def accuracy(arm, share, n=50):
    span = Span(estimate=share, low=share - 0.1, high=share + 0.1)
    problems = Figure(quantity="problems", arm=arm, span=Span(estimate=n), unit="problems", n=n)
    return problems, Figure(quantity="accuracy", arm=arm, span=span, unit="share", n=n)


def gap(arm, against):
    span = Span(estimate=0.1, low=0.0, high=0.2)
    detectable = {"quantity": "detectable difference", "unit": "points", "n": 50}
    own = {"arm": arm, "against": against}
    return (
        Figure(quantity="accuracy difference", span=span, unit="points", p=0.5, n=50, **own),
        Figure(span=Span(estimate=0.2), **detectable, **own),
    )


def figures(arms, pairs=()):
    found = [one for arm, share in arms.items() for one in accuracy(arm, share)]
    found += [one for arm, against in pairs for one in gap(arm, against)]
    bases = tuple(dict.fromkeys(against for _, against in pairs))
    return Figures(figures=tuple(found), marks={"reference": bases} if bases else {})


GAMMAS = {"sd@gamma=10": 0.5, "sd@gamma=2": 0.3, "sd@gamma=4": 0.6, "plain": 0.55}


@pytest.mark.parametrize(
    ("name", "points"),
    [
        ("sd", {}),
        ("sd@seed=1", {}),
        ("sd@gamma=3", {"gamma": "3"}),
        ("sd@gamma=3@temperature=0@seed=2", {"gamma": "3", "temperature": "0"}),
    ],
)
def test_a_point_is_read_from_the_name_of_its_arm(name, points):
    assert swept(name) == points


def test_points_of_numbers_stand_in_their_order_and_an_arm_without_the_key_is_none():
    (sweep,) = sweeps(figures(GAMMAS))
    assert (sweep.key, sweep.numeric, [*sweep.curves]) == ("gamma", True, ["sd"])
    assert [value for value, _ in sweep.curves["sd"]] == ["2", "4", "10"]


def test_of_two_keys_each_has_a_curve_at_every_value_of_the_other():
    arms = {f"sd@gamma={g}@t={t}": 0.5 for g in (1, 2) for t in (0, 1)}
    found = {one.key: [*one.curves] for one in sweeps(figures(arms))}
    assert found == {"gamma": ["sd@t=0", "sd@t=1"], "t": ["sd@gamma=1", "sd@gamma=2"]}


def test_the_table_has_a_row_a_point_with_interval_problems_and_the_reference():
    (table,) = sweep_tables(figures(GAMMAS, [("sd@gamma=2", "plain"), ("sd@gamma=4", "plain")]))
    assert table.head == ("Arm", "gamma", "Accuracy, %", "− reference, points", "Problems")
    assert table.rows[0] == ("sd", "2", "30.0 (20.0–40.0)", "+10.0 (0.0 to +20.0)", "50")
    assert [row[1] for row in table.rows] == ["2", "4", "10"]
    (alone,) = sweep_tables(figures(GAMMAS))
    assert "− reference, points" not in alone.head


def test_the_best_point_is_said_with_its_interval_and_of_how_many_it_was_picked():
    (said,) = best_points(figures(GAMMAS))
    assert said.kind == "sweep"
    assert said.text.startswith(
        "Best of 3 points of `sd`: `sd@gamma=4` with an accuracy of 60.0 (50.0–70.0) %."
    )
    assert "optimistic" in said.text


def test_points_that_are_as_good_are_counted_and_one_point_is_no_sweep():
    (said,) = best_points(figures({"a@k=1": 0.5, "a@k=2": 0.5, "a@k=3": 0.4}))
    assert "%, as 1 more." in said.text
    assert not list(best_points(figures({"a@k=1": 0.5, "b": 0.4})))


def test_numbers_are_drawn_as_curves_and_names_as_lines_of_intervals():
    (curve,) = sweep_pictures(figures(GAMMAS))
    assert curve.file == "picture-sweep-gamma.svg" and "polyline" in curve.svg
    (lanes,) = sweep_pictures(figures({"a@target=x/y": 0.5, "a@target=z": 0.4}))
    assert "a@target=z" in lanes.svg and "polyline" not in lanes.svg
    assert not sweep_pictures(figures({"a": 0.5, "b@seed=1": 0.5}))
    assert not sweep_pictures(figures({"a@k=1": 0.5, "b": 0.5}))


def test_the_report_shows_the_tables_of_its_sweeps():
    found = figures(GAMMAS)
    results = Results(title="R", reference=None, rows=(), figures=found)
    text = markdown(results, More(sweeps=sweep_tables(found)))
    assert "## Accuracy against gamma\n" in text and "| `sd` | 2 | 30.0 (20.0–40.0) | 50 |" in text


# The reference in headings.

MODELS = {"answers@target=a": 0.5, "answers@target=b": 0.6}


def titles(found, reference):
    results = Results(title="R", reference=reference, rows=(), figures=found)
    return reference_title(results), [table.title for table in tables(results)]


def test_where_all_rows_have_one_reference_headings_name_that_very_arm():
    found = figures(MODELS, [("answers@target=b", "answers@target=a")])
    title, heads = titles(found, "answers")
    assert title == "answers@target=a"
    assert "Paired comparison with answers@target=a" in heads
    said = [one.text for one in findings(found, "answers", None)]
    assert any("from `answers@target=a`" in text for text in said), said


def test_where_each_point_has_its_own_reference_it_is_named_without_a_point():
    arms = {f"{arm}@gamma={g}": 0.5 for arm in ("sd", "plain") for g in (1, 2)}
    found = figures(arms, [(f"sd@gamma={g}", f"plain@gamma={g}") for g in (1, 2)])
    assert titles(found, "plain")[0] == "plain"


def test_several_references_are_called_the_reference():
    found = figures({"a": 0.5, "b": 0.5, "c": 0.5, "d": 0.5}, [("a", "b"), ("c", "d")])
    assert titles(found, "b")[0] == "the reference"


def test_no_picture_of_a_sweep_leaves_its_folder():
    (one,) = sweep_pictures(figures({"a@m/../x=1": 0.5, "a@m/../x=2": 0.4}))
    assert Path(one.file).name == one.file
