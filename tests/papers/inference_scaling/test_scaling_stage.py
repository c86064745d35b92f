"""Stage `scaling`: from pools, classes and outcomes to points, floors, figures and a page."""

import json
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
from planted import USUAL, PlantedArm, chances, given, inputs_of, outcome, scaled

from llmx.core.errors import ConfigError, DataError, RunError
from llmx.core.figure import Figures, joined
from llmx.core.progress import Silent
from llmx.core.spec import StageSpec
from llmx.core.stage import StageContext
from llmx.papers.inference_scaling import figure_names
from llmx.papers.inference_scaling.pictures.read import axis_of
from llmx.papers.inference_scaling.stage import ScalingStage
from llmx.report.brought import tabled
from llmx.report.figures.read import has_own_page
from llmx.report.numbers import NONE, percent, points_span
from llmx.report.priced import PricedPoints
from llmx.stages.report import ReportStage
from llmx.store.files import read_json, write_lines

FILES = {
    "scaling.json", "markers.json", "figures.json", "scaling.md", "scaling.html", "cost.svg",
    "losses.svg", "draws.svg", "truncation.svg", "flips.svg", "margin.svg", "stopping.svg",
}  # fmt: skip
QUICK = {"resamples": 100}


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    return scaled(tmp_path_factory.mktemp("scaling"), **QUICK)


@pytest.fixture(scope="module")
def document(out):
    return PricedPoints.model_validate(read_json(out / "scaling.json"))


@pytest.fixture(scope="module")
def figures(out):
    return Figures.model_validate(read_json(out / "figures.json"))


def at(figures, quantity, arm, size, against=None):
    found = (one for one in figures.of(quantity, {arm}) if one.at == size)
    return next(one for one in found if one.against == against)


def test_everything_is_written_and_has_a_page_of_its_own(out):
    assert {path.name for path in out.iterdir()} == FILES
    assert has_own_page(out)
    for path in out.glob("*.svg"):
        ElementTree.fromstring(path.read_text())


def test_one_answer_is_the_mean_over_draws_and_a_vote_of_one_is_the_same(figures, document):
    rng_free = {one.arm: one for one in document.points if one.method == "single"}
    for arm, one in rng_free.items():
        accuracy = figures.find(figure_names.ONE_ANSWER, arm).span.estimate
        assert one.accuracy.estimate == accuracy
        first = at(figures, figure_names.accuracy("majority"), arm, 1)
        assert first.span.estimate == pytest.approx(accuracy, abs=1e-12)
        assert accuracy == pytest.approx(chances(40, USUAL[arm].right).mean(), abs=0.06)


def test_the_best_constant_answer_is_the_share_of_the_commonest_reference(figures):
    """Every problem has the same reference here, so a constant is always right."""
    assert figures.find(figure_names.CONSTANT, "worked").span.estimate == 1


def test_a_point_has_its_costs_and_its_place_on_the_frontiers(document):
    vote = next(one for one in document.points if (one.method, one.size) == ("majority", 4))
    single = next(one for one in document.points if one.method == "single")
    assert vote.costs["completion"] == pytest.approx(4 * single.costs["completion"])
    assert vote.costs["calls"] == 4 and vote.costs["prompt"] == 160
    assert set(vote.frontier) == {"completion", "longest"}
    assert set(vote.frontier["completion"]) == {"all", "reasoning", "worked"}
    assert "flops" not in vote.costs and "money" not in vote.costs  # nobody knows them


def test_the_oracle_is_a_bound_and_on_no_frontier(document):
    bounds = [one for one in document.points if one.bound]
    assert {one.method for one in bounds} == {"oracle"} and not any(one.frontier for one in bounds)


def test_methods_with_calls_are_points_and_their_shares_figures(document, figures):
    revised = [one for one in document.points if one.method == "revise"]
    assert [one.size for one in revised] == [0, 1, 2]
    assert revised[2].costs["completion"] == 3 * 60
    assert "money" not in revised[2].costs  # no engine has prices here
    lost = [at(figures, figure_names.LOST, "worked", size).span.estimate for size in (1, 2)]
    was = [one.accuracy.estimate for one in revised]
    assert lost == pytest.approx([was[0] - was[1], was[1] - was[2]])
    tied = at(figures, figure_names.share_of("tied", "self_score"), "worked", 4)
    assert tied.span.estimate == pytest.approx(0.4)
    assert at(figures, figure_names.PRESENT, "worked", 50).span.estimate == 0.25


def test_a_vote_stands_beside_what_costs_at_least_as_much(document):
    name = figure_names.matched("majority", "revise", "completion")
    found = [one for one in document.gaps if one.what == name and one.arm == "worked"]
    sizes = [int(one.beside.rpartition(" ")[2]) for one in found]
    costs = {one.size: one.costs["completion"] for one in document.points
             if (one.arm, one.method) == ("worked", "majority")}  # fmt: skip
    spent = {one.size: one.costs["completion"] for one in document.points
             if (one.arm, one.method) == ("worked", "revise")}  # fmt: skip
    each = costs[1]
    for one, size in zip(found, sizes, strict=True):
        assert size * each <= spent[one.at] * (1 + 1e-9) < (size + 1) * each
    assert all(one.p <= one.p_family for one in document.gaps if one.p is not None)


def test_pairs_of_classes_are_told_whether_the_weaker_catches_up(document, figures):
    pairs = {(one.arm, one.against) for one in document.floors}
    assert pairs == {("worked_direct", "worked"), ("worked_direct", "worked_small")}
    never = next(one for one in document.floors if one.against == "worked")
    assert never.votes is None and never.most == 16 and never.kind == "completion"
    key = ("worked_direct", "majority", 16)
    votes = next(one for one in document.points if (one.arm, one.method, one.size) == key)
    single = next(one for one in document.points if one.method == "single")
    assert never.ratio.estimate == pytest.approx(
        votes.costs["completion"] / single.costs["completion"]
    )
    cost = at(figures, figure_names.CATCHING_UP_COST, "worked_direct", 16, "worked")
    assert cost.span.estimate == pytest.approx(never.ratio.estimate)
    gap = at(figures, figure_names.CATCHING_UP, "worked_direct", 16, "worked").span
    assert gap.estimate == pytest.approx(votes.accuracy.estimate - single.accuracy.estimate)


def test_lengths_differ_over_all_problems_and_within_none(figures):
    """As they are planted: hard problems are answered at length."""
    pooled, within = (
        figures.find(one, "worked") for one in (figure_names.SHORTER, figure_names.SHORTER_WITHIN)
    )
    assert pooled.span.below(0) and pooled.p < 0.01 and pooled.unit == "tokens"
    assert not within.span.below(0) and within.p > 0.05
    assert within.n < pooled.n == 40


def test_both_filings_of_markers_are_figures(figures):
    for filing in ("a", "b"):
        assert figures.find(figure_names.seen("hedging", filing), "worked").span.estimate > 0
        assert figures.find(figure_names.density("discourse", filing), "worked") is not None
        assert (
            figures.find(figure_names.seen("hedging", filing), "worked_direct").span.estimate == 0
        )


def test_what_features_gain_has_its_control_beside_it(figures):
    vote = "length (weighted)"
    both = [figures.find(figure_names.vote_gain(vote, over), "worked")
            for over in (figure_names.OVER_PLAIN, figure_names.OVER_RANDOM)]  # fmt: skip
    assert all(one is not None and one.p is not None for one in both)


def test_the_page_says_what_it_measured(out):
    text = (out / "scaling.md").read_text()
    for title in ("What is enough", "Does the weaker catch up?", "At a matched cost",
                  "On the frontier", "Right and wrong answers", "Votes by features"):  # fmt: skip
        assert f"\n## {title}\n" in text
    assert "`worked_direct` does not reach one answer of `worked` with up to 16 votes" in text
    assert "hedging.txt" in text  # the lists are named by their hashes
    page = (out / "scaling.html").read_text()
    assert page.count("<figure") == 7 and "One problem with all its draws" in page
    assert "<script" not in page and "http://www.w3.org/2000/svg" in page


def test_the_draws_that_are_shown_are_those_of_the_closest_vote(out):
    page = (out / "scaling.html").read_text()
    shown = page[page.index('id="problem"') :]
    assert "How many? (p" in shown and "Reference answer: <strong>7</strong>" in shown
    assert shown.count(" draw") >= 6 and "correct" in shown and "wrong" in shown


def test_a_longest_chain_on_the_axis_changes_pictures_and_frontiers(tmp_path, out):
    arms = {name: replace(one, live=False) for name, one in USUAL.items()}
    other = scaled(tmp_path, arms, problems=12, draws=4, cost="calls", **QUICK)
    drawn = Figures.model_validate(read_json(other / "figures.json"))
    assert axis_of(drawn) == "calls"
    assert "Calls a problem" in (other / "cost.svg").read_text()
    assert "Calls a problem" not in (out / "cost.svg").read_text()
    kinds = PricedPoints.model_validate(read_json(other / "scaling.json")).points[0].frontier
    assert set(kinds) == {"calls", "completion", "longest"}


def test_the_axis_the_classes_and_the_pool_are_in_the_name_of_the_work():
    def name(arms=USUAL, **kinds):
        return json.dumps(ScalingStage().identity(given(arms, **kinds)), sort_keys=True)

    assert name() == name()
    assert name(cost="longest") != name()
    assert name(sizes=[1, 2]) != name()
    assert ScalingStage.sections[0].section == "pool"


def test_seeds_of_an_arm_are_pooled_by_problem(tmp_path):
    arm = replace(USUAL["worked_small"])
    arms = {f"a@seed={seed}": replace(arm, seed=seed) for seed in range(3)}
    found = scaled(tmp_path, arms, problems=12, draws=4, **QUICK)
    document = PricedPoints.model_validate(read_json(found / "scaling.json"))
    assert {one.arm for one in document.points} == {"a"}
    assert {one.seeds for one in document.points} == {3}
    assert document.draws == {"a": 4}


WITHOUT = {"a": PlantedArm(0.5, kind="reasoning"), "b": PlantedArm(0.3, kind=None)}


@pytest.mark.parametrize(
    ("arms", "kinds", "says", "hint"),
    [
        (WITHOUT, {}, "'b' is in a floor test and has no class", "scaling.class=reasoning"),
        ({"b": WITHOUT["b"]}, {"floors": [["b", "b"]]}, "'b' is in a floor test", "scaling.class"),
        (USUAL, {"sizes": [1, 32]}, "asks for 32 draws, 'worked' has 16", "pool.draws=32"),
    ],
)
def test_what_no_run_could_do_is_refused_by_its_plan(arms, kinds, says, hint):
    with pytest.raises(ConfigError, match=says) as refused:
        ScalingStage().identity(given(arms, **kinds))
    assert hint in refused.value.hint


def test_a_pool_of_greedy_draws_is_refused():
    asked = given(USUAL)
    cold = {name: arm.spec(16, temperature=0.0) for name, arm in USUAL.items()}
    with pytest.raises(ConfigError, match="at temperature 0, and they are all one"):
        ScalingStage().identity(replace(asked, arms=cold))
    one = {name: arm.spec(1, temperature=0.0) for name, arm in USUAL.items()}
    ScalingStage().identity(replace(asked, arms=one))


def test_arms_with_different_axes_are_refused():
    arms = given(USUAL).arms
    mixed = {**arms, "worked": USUAL["worked"].spec(16, cost="longest")}
    with pytest.raises(ConfigError, match="different costs on the axis: completion, longest"):
        ScalingStage().identity(replace(given(USUAL), arms=mixed))


def test_a_cost_that_nobody_counted_is_refused(tmp_path):
    arms = {"a": PlantedArm(0.5)}
    with pytest.raises(DataError, match="nobody counted money") as refused:
        scaled(tmp_path, arms, problems=4, draws=4, cost="money", **QUICK)
    assert "completion" in refused.value.hint


@pytest.mark.parametrize("kept", [("pool",), ("classes",), ()])
def test_an_arm_without_draws_or_classes_is_refused(tmp_path, kept):
    arms = {"a": PlantedArm(0.5)}
    inputs = inputs_of(tmp_path / "in", arms, 4, 4)
    left = {name: path for name, path in inputs.items() if name.partition("/")[0] in kept}
    asked = given(arms, 4)
    with pytest.raises(RunError, match="needs one pool and its classes of 'a'"):
        ScalingStage().run(StageContext(asked, {}, left, tmp_path, Silent()))


def test_outcomes_about_other_problems_are_refused(tmp_path):
    arms = {"a": PlantedArm(0.5)}
    inputs = inputs_of(tmp_path / "in", arms, 4, 4)
    live = tmp_path / "revise"
    live.mkdir()
    write_lines(live / "outcomes.jsonl", [outcome("elsewhere", "revise", 1, 1, 2, 10)])
    asked = given(arms, 4)
    with pytest.raises(DataError, match="revise of 'a' is about 'elsewhere'"):
        context = StageContext(asked, {}, {**inputs, "revise/a": live}, tmp_path, Silent())
        ScalingStage().run(context)


def test_methods_on_some_of_the_problems_are_compared_on_those(tmp_path):
    arms = {"a": PlantedArm(0.5)}
    inputs = inputs_of(tmp_path / "in", arms, 12, 4)
    live = tmp_path / "mixture"
    live.mkdir()
    rows = [outcome(f"p{at}", "mixture", 2, at % 2, 3, 60) for at in range(6)]
    write_lines(live / "outcomes.jsonl", rows)
    asked = given(arms, 4, **QUICK)
    out = tmp_path / "out"
    out.mkdir()
    ScalingStage().run(StageContext(asked, {}, {**inputs, "mixture/a": live}, out, Silent()))
    found = PricedPoints.model_validate(read_json(out / "scaling.json"))
    (mixed,) = [one for one in found.points if one.method == "mixture"]
    assert mixed.problems == 6 and mixed.accuracy.estimate == 0.5
    gap = next(one for one in found.gaps if one.what.endswith("mixture of agents at matched calls"))
    assert gap.problems == 6 and gap.beside.endswith("votes 3")
    assert found.frontier_problems == {"all": 6, "reasoning": 6, "a": 6}


def test_a_run_of_one_problem_ends(tmp_path):
    found = scaled(tmp_path, {"a": PlantedArm(0.5)}, problems=1, draws=4, **QUICK)
    assert np.isfinite(read_json(found / "scaling.json")["points"][0]["accuracy"]["estimate"])


def test_the_report_has_tables_of_the_figures(figures):
    found = {one.title: one for one in tabled(figures, ("votes", "catching_up", "right_and_wrong"))}
    votes = {row[0]: row for row in found["What voting gives"].rows}
    assert set(votes) == set(USUAL)
    one, size, lost = votes["worked"][1], votes["worked"][2], votes["worked"][6]
    assert one.startswith(percent(figures.find(figure_names.ONE_ANSWER, "worked").span.estimate))
    best, any_ = (at(figures, figure_names.accuracy(name), "worked", 16).span.estimate
                  for name in ("majority", "oracle"))  # fmt: skip
    assert (size, lost) == ("16", percent(any_ - best))
    pairs = found["Votes of the weaker beside one answer of the stronger"].rows
    spans = [
        at(figures, figure_names.CATCHING_UP, "worked_direct", 16, row[1]).span for row in pairs
    ]
    assert [row[3] for row in pairs] == [points_span(span) for span in spans]
    assert [row[:3] for row in pairs] == [
        ("worked_direct", "worked", "16"), ("worked_direct", "worked_small", "16"),
    ]  # fmt: skip
    assert pairs[0][5] == NONE  # not reached
    texts = found["Right minus wrong answers"].rows
    assert {row[2] for row in texts if row[1] == "hedging markers"} == {"a", "b"}
    assert "hedging markers" not in {row[1] for row in texts if row[0] == "worked_direct"}
    told = figures.find(figure_names.SHORTER, "worked").model_copy(update={"n": 0})
    again = joined([Figures(figures=(told,)), figures])  # as a verdict has it once more
    assert tabled(again, ("right_and_wrong",))[0].rows == texts
    assert tabled(Figures(), ("votes", "catching_up", "right_and_wrong")) == ()


def test_the_tables_of_the_paper_are_in_the_name_of_a_report():
    asked = given(USUAL)
    report = StageSpec(name="report", kind="report", over="recipe")
    told = ReportStage().identity(replace(asked, stage=report, stages={"scaling": asked.stage}))
    assert told["tables"] == {"catching_up": 1, "right_and_wrong": 1, "votes": 1}
    assert "against_cost" in told["pictures"]
    other = StageSpec(name="generate", kind="decode")
    plain = {name: replace_more(arm) for name, arm in asked.arms.items()}
    bare = replace(asked, arms=plain, stage=report, stages={"generate": other})
    assert not {"tables", "pictures"} & {*ReportStage().identity(bare)}


def replace_more(arm):
    return arm.model_copy(update={"more": {}})
