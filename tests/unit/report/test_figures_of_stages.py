"""A figure is written and read back whole, is found by its name, and says what p it has."""

import json
from itertools import pairwise

import pytest
from counts import count
from hypothesis import given, settings
from hypothesis import strategies as st
from result_rows import results, row

from llmx.claims.paper import Ours
from llmx.claims.reproduce.beside import beside
from llmx.claims.reproduce.stored import load_stored
from llmx.core.errors import RunError
from llmx.core.figure import FILE, Figure, Figures, JudgeName, Rounds, Span, Spread, joined
from llmx.core.record import as_json
from llmx.report import numbers
from llmx.report.figures import names
from llmx.report.figures.decoded import of_verdicts
from llmx.report.figures.p_at import p_at
from llmx.report.figures.read import figures_in, write_figures
from llmx.report.figures.streams import of_simulation, of_streams
from llmx.report.figures.trainings import of_trainings
from llmx.report.results import Results, StoredCalibration
from llmx.report.verdict.model import Number, Verdict, Verdicts
from llmx.store.files import write_json

NUMBER = st.floats(-1e6, 1e6, allow_nan=False)
TEXT = st.text(max_size=8)
SPAN = st.builds(Span, estimate=NUMBER, low=st.none() | NUMBER, high=st.none() | NUMBER)
SOME = st.lists(NUMBER, min_size=1, max_size=4).map(tuple)
BASIS = st.none() | st.builds(
    Rounds, amounts=SOME, seconds=SOME, over_amounts=SOME, over_seconds=SOME, saved=st.booleans()
)
FIGURE = st.builds(
    Figure,
    quantity=TEXT,
    arm=TEXT,
    against=st.none() | TEXT,
    metric=TEXT,
    span=SPAN,
    unit=TEXT,
    n=st.integers(0, 9999),
    seeds=st.integers(0, 9),
    p=st.none() | st.floats(0, 1),
    setting=TEXT,
    at=st.none() | NUMBER,
    over=st.lists(TEXT, max_size=2).map(tuple),
    judge=st.none()
    | st.builds(JudgeName, name=TEXT, kind=st.sampled_from([None, "rule", "local"])),
    basis=BASIS,
)
MANY = st.builds(
    Figures,
    figures=st.lists(FIGURE, max_size=4).map(tuple),
    marks=st.dictionaries(TEXT, st.lists(TEXT, max_size=2).map(tuple), max_size=2),
)


@settings(max_examples=count(40, 400))
@given(MANY)
def test_what_is_written_is_read_back(found):
    assert Figures.model_validate_json(json.dumps(found.dump())) == found


@settings(max_examples=count(40, 400))
@given(MANY, MANY, MANY)
def test_joining_keeps_all_in_their_order_however_it_is_bracketed(one, two, three):
    whole = joined([one, two, three])
    assert whole.figures == (*one.figures, *two.figures, *three.figures)
    again = joined([joined([one, two]), three])
    assert again.figures == whole.figures and set(again.marks) == set(whole.marks)
    assert joined([one]).figures == one.figures and joined([]) == Figures()


def test_marks_of_several_files_are_kept():
    one, other = (Figures(marks={"broken": (name,)}) for name in "ab")
    assert joined([one, other]).marks == {"broken": ("a", "b")}
    assert joined([one, one]).marks == one.marks


def figure(quantity="q", arm="a", value=0.0, **more):
    return Figure(quantity=quantity, arm=arm, span=Span(estimate=value), unit="u", **more)


def test_a_figure_is_found_by_its_name_and_a_point_of_a_sweep_is_not():
    swept, alone, beside = (
        figure(value=1.0, setting="tokens", at=4.0),
        figure(value=2.0),
        figure(value=3.0, against="b"),
    )
    known = Figures(figures=(swept, beside, alone, figure(value=9.0)))
    assert known.find("q", "a") == alone and known.find("q", "a", "b") == beside
    assert known.find("q", "b") is None and known.find("r", "a") is None
    assert known.of("q") == known.figures and known.of("q", ("c",)) == ()


@settings(max_examples=count(40, 400))
@given(SPAN, st.floats(-100, 100).filter(lambda value: abs(value) > 1e-3))
def test_scaling_keeps_the_order_of_the_ends(span, factor):
    found = span.scaled(factor)
    assert found.estimate == factor * span.estimate and found.level == span.level
    ends = (span.low, span.high) if factor > 0 else (span.high, span.low)
    assert (found.low, found.high) == tuple(end if end is None else factor * end for end in ends)


def test_the_ends_of_a_value_without_an_interval_are_itself():
    assert Span(estimate=3.0).ends() == (3.0, 3.0)
    assert Span(estimate=3.0, low=1.0, high=4.0).ends() == (1.0, 4.0)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('{"figures": [{"quantity": "q", "arm": "a", "unit": "u"}]}', "figures.0.span"),
        ('{"figures": 3}', "figures"),
        ('{"schema_version": 2}', "schema_version"),
        ('{"figures": [], "other": 1}', "other"),
    ],
)
def test_a_file_that_holds_no_figures_is_an_error_of_one_line(text, place, tmp_path):
    (tmp_path / FILE).write_text(text)
    with pytest.raises(RunError, match=rf"figures\.json: {place}: ") as caught:
        figures_in(tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("ensemble.json", '[{"arm": "a", "accuracy": "high"}]'),
        ("ensemble.json", "3"),
        ("lengths.json", '[{"arm": "a"}]'),
        ("win_rates.json", '[{"arm": "a", "rate": {"low": 1}}]'),
        ("simulation.json", '{"predicted": [{"name": "n"}]}'),
        ("explore.json", '{"transfer": [{"from": "js"}]}'),
        ("training_report.json", '{"arms": [{"arm": "a", "gain": [1]}]}'),
        ("training_report.json", '{"arms": 7}'),
        ("results.json", "{}"),
        ("verdicts.json", '{"verdicts": [{}]}'),
    ],
)
def test_an_old_file_that_is_none_is_an_error_of_one_line(name, text, tmp_path):
    (tmp_path / name).write_text(text)
    with pytest.raises(RunError, match=name) as caught:
        figures_in(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_folder_with_figures_is_not_read_twice(tmp_path):
    (tmp_path / "ensemble.json").write_text("broken")
    write_figures(tmp_path, Figures(figures=(figure(),)), Figures(figures=(figure("r"),)))
    assert [one.quantity for one in figures_in(tmp_path).figures] == ["q", "r"]


TIMES = (0.21, 0.19, 0.2, 0.22, 0.18)


def streams(**more):
    cut = {"low": 0.75, "estimate": 0.8, "high": 0.85}
    base = {"arm": "moa", "problems": 7, "ttft": 1.0, "times": [1.0] * 5, **more.pop("base", {})}
    mine = {"arm": "stairs", "ttft": 0.2, "times": TIMES, "ttft_cut": cut, **more}
    return of_streams([base, mine])


def test_the_p_value_of_a_cut_falls_with_the_distance_and_is_one_at_the_estimate():
    found = streams().find(names.FIRST_TOKEN_CUT, "stairs", "moa")
    assert p_at(found, 0.8) > 0.9
    values = [p_at(found, aim) for aim in (0.8, 0.81, 0.815, 0.83)]
    assert all(one >= other for one, other in pairwise(values)) and values[-1] < 0.05
    assert found.rounds == 5


@pytest.mark.parametrize(
    "more",
    [
        {"base": {"times": ()}},
        {"base": {"times": (1.0, 1.0)}},
        {"ttft_cut": {"low": 0.1, "estimate": 0.2, "high": 0.3}},  # not what the rounds say
    ],
)
def test_a_cut_of_which_the_rounds_are_not_known_has_no_p_value(more):
    found = streams(**more).find(names.FIRST_TOKEN_CUT, "stairs", "moa")
    assert found is not None and p_at(found, 0.9) is None


def test_of_several_references_the_one_that_is_named_counts():
    other = {"arm": "other", "ttft": 3.0, "times": [3.0] * 5}
    cut = {"low": 0.75, "estimate": 0.8, "high": 0.85}
    mine = {"arm": "stairs", "ttft": 0.2, "times": TIMES, "ttft_cut": cut}
    base = {"arm": "moa", "ttft": 1.0, "times": [1.0] * 5}
    vague = of_streams([base, other, mine]).of(names.FIRST_TOKEN_CUT)
    named = of_streams([base, other, {**mine, "reference": "moa"}]).of(names.FIRST_TOKEN_CUT)
    assert [one.against for one in (*vague, *named)] == [None, "moa"]
    assert p_at(vague[0], 0.9) is None and p_at(named[0], 0.8) > 0.9


def test_a_share_of_texts_has_the_p_value_of_their_spread():
    basis = Spread(items=9, accepted=8.0, emitted=10.0, variances=(1.0, 0.1, 1.0))
    shared = figure(value=0.8, basis=basis)
    assert p_at(shared, 0.8) == 1.0 and p_at(shared, 0.6) < 0.01 and p_at(figure(), 0.6) is None


def test_an_arm_bears_its_algorithm_and_the_loss_is_that_of_all_seeds():
    lost = tuple(StoredCalibration(asked_loss=0.01, loss=loss) for loss in (0.01, 0.02, -0.06))
    fuzzy = row("f", algorithm="fuzzy", calibration=lost[0], calibration_seeds=lost)
    found = results(fuzzy, row("sd", algorithm="speculative")).figures
    assert found.marks == {"fuzzy": ("f",), "speculative": ("sd",)}
    loss = found.find("loss on calibration problems", "f")
    assert loss.span.estimate == pytest.approx(-0.01) and (loss.seeds, loss.expected) == (3, 0.01)


def test_the_numbers_of_verdicts_are_figures_once():
    number = Number(
        what="accuracy difference", arm="a", against="b", span=Span(estimate=0.1), unit="points",
        p=0.2, problems=8, seeds=3, rounds=2, lone=True,
    )  # fmt: skip
    judged = tuple(Verdict(word="measured", reason="", numbers=(number,)) for _ in range(2))
    (found,) = of_verdicts(judged).figures
    assert (found.quantity, found.arm, found.against) == ("accuracy difference", "a", "b")
    assert (found.p, found.n, found.seeds, found.rounds, found.lone) == (0.2, 8, 3, 2, True)


def test_a_training_is_a_figure_of_its_arm_with_the_seed():
    seed = {"name": "k0@seed=1", "drop": -0.2, "jitter": None, "collapsed": True}
    found = of_trainings({"arms": [{"arm": "k0", "seeds": 1, "steady": [seed]}], "broken": ["k9"]})
    assert found.find(names.DROP, "k0@seed=1").span.estimate == -0.2
    assert found.find(names.COLLAPSED, "k0@seed=1").span.estimate == 1.0
    assert found.of(names.JITTER) == () and found.marked(names.BROKEN) == ("k9",)


def test_a_prediction_that_rows_do_not_identify_is_marked_and_words_are_no_points_of_a_sweep():
    one = {"name": "ttft 8", "low": 1, "middle": 2, "high": 3, "published": 4, "identified": False}
    point = {"sweep": "proposers", "value": "3", "plain_ttft": 2.0, "stair_ttft": 0.5}
    found = of_simulation({"predicted": [one], "sweeps": [point, {**point, "value": "random"}]})
    assert found.marked("not identified") == ("ttft 8",)
    assert [(f.arm, f.at) for f in found.of(names.FIRST_TOKEN)] == [("plain", 3), ("staircase", 3)]
    assert found.find(names.FIRST_TOKEN, "plain") is None


def test_an_older_file_of_outcomes_keeps_its_figures():
    from llmx.report.outcomes.encode import dumps
    from llmx.report.outcomes.model import Outcomes

    raw = {
        "streams": {"arms": [{"arm": "a", "ttft": 2.0}]},
        "training": {"arms": [{"arm": "k", "gain": {"estimate": 0.1}, "gain_p": 0.5}]},
        "exploration": None,
    }
    found = Outcomes.model_validate(raw)
    assert found.figures.find(names.GAIN, "k").p == 0.5
    assert found.figures.find(names.FIRST_TOKEN, "a").span.estimate == 2.0
    assert Outcomes.model_validate_json(dumps(found)) == found


@pytest.mark.parametrize(
    ("span", "said"),
    [
        (Span(estimate=0.1, low=-0.05, high=0.25), "10.0 (−5.0 to 25.0)"),
        (Span(estimate=0.1, low=0.05, high=0.25), "10.0 (5.0–25.0)"),
    ],
)
def test_no_dash_stands_beside_a_minus(span, said):
    assert numbers.percent_span(span) == said
    assert numbers.number_span(span.scaled(100), 1) == said


def test_as_json_and_the_dump_hold_the_same():
    found = Figures(figures=(figure(n=3),), marks={"broken": ("a",)})
    assert Figures.model_validate(as_json(found)) == Figures.model_validate(found.dump())


def test_the_figures_of_any_stage_are_those_of_the_run_and_stand_beside_claims(tmp_path):
    """Of a stage of the recipe, or of one of an arm; tables come before what verdicts rest on."""
    about = {"run": "r-1", "recipe": "r", "scale": "desk", "written": "", "machine": ""}
    write_json(tmp_path / "card.json", about)
    write_json(tmp_path / "results.json", as_json(Results(title="t", rows=())))
    verdict = Verdict(word="measured", reason="", numbers=(
        Number(what=names.LENGTH, arm="a", against="sd", span=Span(estimate=9.0), unit="times"),
    ))  # fmt: skip
    write_json(tmp_path / "judged" / "verdicts.json", as_json(Verdicts(verdicts=(verdict,))))
    write_json(tmp_path / "outcomes.json", {})
    for place, value in (("mine", 2.0), ("each/a", 3.0)):
        found = figure(names.LENGTH, value=value, against="sd")
        write_figures(tmp_path / place, Figures(figures=(found,)))
    run = load_stored(tmp_path)
    assert [one.span.estimate for one in run.figures.of(names.LENGTH)] == [2.0, 3.0, 9.0]
    ours = Ours(recipe="r", quantity="length", arm="a")
    assert beside(ours, {"r": run}).span == Span(estimate=2.0)
    assert beside(Ours(recipe="r", quantity="length", arm="b"), {"r": run}) is None
