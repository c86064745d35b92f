"""Where a run cannot test a statement it says so, with the number that says why."""

import re
from pathlib import Path

import numpy as np
import pytest
import yaml
from counts import count
from documents import Trained, TrainedArm, TrainedOutputs, TrainedSeed, figures_of
from hypothesis import given, settings
from hypothesis import strategies as st

from llmx.config.compose import compose
from llmx.core.audit import Audit
from llmx.core.errors import ConfigError
from llmx.core.figure import Span
from llmx.core.record import Score
from llmx.core.spec import StageSpec
from llmx.core.stage import StageInput
from llmx.papers.fsd.verdicts.non_inferior import non_inferior_and_faster
from llmx.report.gather import ArmFiles, Gathered
from llmx.report.verdict.equivalence import lossless
from llmx.report.verdict.evidence import evidence
from llmx.report.verdict.floor import at_a_limit, best_constant
from llmx.report.verdict.run_test import run_test
from llmx.report.verdict.schema import check_finding
from llmx.report.verdict.testable import MARGIN
from llmx.stages.training_report import TrainingReportStage
from llmx.stages.verdicts import VerdictStage

RECIPES = Path(__file__).parents[3] / "recipes"
N = 600


def files(right, answers=None, accepted=40, name=str):
    """An arm with right or wrong answers; every problem has an answer of its own unless given."""
    scores = {
        f"p{i}": Score(
            id=f"p{i}", cluster="", expected=name(i) if answers is None else answers[i],
            strict=None, flexible=None, correct=bool(ok), correct_flexible=bool(ok),
            unparsed=False, tokens=50, finish="eos", rounds=10, drafted=50, accepted=accepted,
        )
        for i, ok in enumerate(right)
    }  # fmt: skip
    return ArmFiles(scores=scores, trained=False, audit=Audit(passed=True))


def share(wanted, n=N, seed=0, **kinds):
    """An arm of exactly this accuracy; the same seed finds the same problems hard."""
    order = np.random.default_rng(seed).permutation(n)
    return files(order < round(wanted * n), **kinds)


def choices(n=N, each=4):
    return ["abcdefgh"[i % each] for i in range(n)]


def verdict(arms, finding, training=None, tuned_on="validation"):
    finding = {"id": "x", **finding}
    check_finding(finding, "here")
    found = evidence(Gathered(dict(arms), figures=figures_of(training)), tuned_on)
    return run_test(found, finding, list(arms))


BETTER = {"test": "more_accurate", "arms": ["a"], "control": "b"}


# The floor.


@settings(max_examples=count(25, 300))
@given(st.lists(st.sampled_from(["x", "y", "z", ""]), min_size=1, max_size=40))
def test_the_best_constant_answer_is_right_most_often_of_all_constants(answers):
    arm = files([True] * len(answers), answers)
    each = [answers.count(one) / len(answers) for one in "xyz"]
    assert best_constant(arm) == max(each)


def test_a_number_of_its_own_for_every_problem_leaves_a_constant_one_hit():
    assert best_constant(share(0.5)) == 1 / N


@pytest.mark.parametrize(
    ("accuracy", "limit"),
    [(0.25, "floor"), (0.28, "floor"), (0.2, "floor"), (0.31, ""), (0.9, ""), (1.0, "ceiling")],
)
def test_an_interval_that_reaches_a_limit_is_at_it(accuracy, limit):
    """Of 600 problems with four answers: 28 % reaches down to 24.6, 31 to 27.4."""
    found = at_a_limit("a", share(accuracy, answers=choices()))
    assert (found.why.split(":")[0] if found else "") == (f"at the {limit}" if limit else "")


def test_the_same_accuracy_is_above_the_floor_where_answers_are_free():
    assert at_a_limit("a", share(0.28)) is None
    assert at_a_limit("a", share(0.28, answers=choices())) is not None


def test_an_arm_without_scores_is_at_no_limit():
    assert at_a_limit("a", ArmFiles()) is None


def test_a_verdict_at_the_floor_says_so_with_both_numbers():
    arms = {"a": share(0.27, answers=choices()), "b": share(0.6, answers=choices())}
    found = verdict(arms, BETTER)
    assert found.word == "not testable here"
    assert (
        "`a` (at the floor: 27.0 (23.6–30.7) % right, one constant answer 25.0 %)" in found.reason
    )
    assert [number.what for number in found.numbers] == ["accuracy", "best constant answer"]
    assert verdict({"a": share(0.27), "b": share(0.6)}, BETTER).word == "contradicted here"


@pytest.mark.parametrize(
    "finding",
    [
        BETTER,
        {"test": "lossless", "arm": "a", "target": "b", "margin": 0.9},
        {"test": "beats_control", "arms": ["a"], "control": "b"},
        {"test": "optimum", "arms": {"a": 0, "b": 1}, "expected": 1},
        {"test": "ranking_at_equal_share", "arms": ["a", "b"]},
        {"test": "non_inferior_and_faster", "arms": ["a"], "reference": "b", "margin": 0.9},
    ],
)
@pytest.mark.parametrize(("accuracy", "limit"), [(0.25, "floor"), (1.0, "ceiling")])
def test_an_arm_at_a_limit_decides_nothing_in_any_test_of_accuracy(finding, accuracy, limit):
    arms = {"a": share(accuracy, answers=choices()), "b": share(0.6, answers=choices())}
    found = verdict(arms, finding)
    if finding["test"] == "ranking_at_equal_share":  # one arm alone is no ranking
        assert found.word == "not testable here"
    assert found.word == "not testable here" and f"at the {limit}" in found.reason
    assert found.p is None


def test_lengths_are_compared_at_the_floor_too():
    arms = {"a": share(0.25, answers=choices()), "b": share(0.25, answers=choices())}
    finding = {"test": "length_inflation", "arms": ["a"], "reference": "b"}
    assert verdict(arms, finding).word == "not shown here"


def test_a_control_that_accepts_at_random_may_fall_to_the_floor():
    arms = {"a": share(0.6, answers=choices()), "b": share(0.25, answers=choices())}
    assert verdict(arms, {**BETTER, "test": "beats_control"}).word == "shown here"
    assert verdict(arms, BETTER).word == "not testable here"


def test_the_arms_that_are_left_are_judged_and_the_others_named():
    arms = {"a": share(0.4), "c": share(0.0), "b": share(0.6)}
    found = verdict(arms, {**BETTER, "arms": ["a", "c"]})
    assert found.word == "contradicted here"
    assert "Left out, as it decides nothing: `c` (at the floor: 0.0" in found.reason
    better = verdict({**arms, "a": share(0.8)}, {**BETTER, "arms": ["a", "c"]})
    assert better.word == "not shown here"
    assert "no figure of `c` (it decides nothing)" in better.reason


def test_the_best_of_several_is_not_looked_for_without_one_of_them():
    arms = {"a": share(0.8), "c": share(0.0), "b": share(0.4)}
    finding = {"test": "optimum", "arms": {"a": 0, "b": 1, "c": 2}, "expected": 0}
    assert verdict(arms, finding).word == "not testable here"
    assert verdict({**arms, "c": share(0.3)}, finding).word == "shown here"


# Outputs that do what the statement speaks of.


def traced(**whole):
    return Trained(
        arms=tuple(
            TrainedArm(
                arm=name,
                after=TrainedOutputs(whole=None if value is None else Span(estimate=value)),
            )
            for name, value in whole.items()
        )
    )


NEEDY = {**BETTER, "needs": "whole_traces"}
TWO = {"a": share(0.8), "b": share(0.5)}


@pytest.mark.parametrize(
    ("whole", "word"),
    [((0.5, 0.9), "shown here"), ((0.49, 0.9), "not testable here"),
     ((0.9, 0.49), "not testable here"), ((0.9, None), "not testable here")],
)  # fmt: skip
def test_half_of_the_outputs_have_to_be_whole_traces(whole, word):
    training = traced(a=whole[0], b=whole[1])
    found = verdict(TWO, NEEDY, training)
    assert found.word == word
    assert verdict(TWO, BETTER, training).word == "shown here"
    if 0.49 in whole:
        assert "49.0 % of its outputs are whole traces, asked are 50" in found.reason
        assert ("whole traces", 0.49) in {(n.what, n.span.estimate) for n in found.numbers}


def test_without_a_report_on_trainings_nothing_is_known_of_traces():
    assert verdict(TWO, NEEDY).word == "not testable here"


def test_an_arm_that_was_broken_on_purpose_needs_no_traces_and_may_fall():
    training = traced(a=0.9, b=0.0)
    arms = {**TWO, "b": share(0.0)}
    assert verdict(arms, NEEDY, training).word == "not testable here"
    broken = training.model_copy(update={"broken": ("b",)})
    assert verdict(arms, NEEDY, broken).word == "shown here"


def test_a_training_at_the_floor_is_not_called_steady():
    def rewards(name, drops):
        seeds = (TrainedSeed(name=f"{name}@seed={n}", drop=d, jitter=0.1, collapsed=False)
                 for n, d in enumerate(drops))  # fmt: skip
        return TrainedArm(arm=name, steady=tuple(seeds))

    known = Trained(arms=(rewards("a", (-0.01, -0.02, -0.01)), rewards("b", (-0.4, -0.42, -0.41))))
    finding = {"test": "steadier", "arms": ["a"], "control": "b"}
    assert verdict(TWO, finding, known).word == "shown here"
    assert verdict({**TWO, "a": share(0.0)}, finding, known).word == "not testable here"


# A control that has to fail.

KEPT = {"test": "lossless", "arm": "a", "target": "b", "margin": 0.05, "must_fail": "blind"}


@pytest.mark.parametrize(
    ("arm", "blind", "word"),
    [
        (0.6, 0.4, "shown here"),
        (0.6, 0.6, "not testable here"),
        (0.6, 0.7, "not testable here"),  # better than what it is compared with: the same
        (0.4, 0.6, "contradicted here"),
        (0.62, 0.4, "shown here"),
    ],
)
def test_equivalence_is_withheld_where_the_control_that_should_fail_passes(arm, blind, word):
    arms = {"a": share(arm), "b": share(0.6), "blind": share(blind)}
    found = verdict(arms, KEPT)
    assert found.word == word
    assert ("`blind` has to fail and passes" in found.reason) == (word == "not testable here")
    plain = {key: value for key, value in KEPT.items() if key != "must_fail"}
    assert verdict(arms, plain).word == ("contradicted here" if arm == 0.4 else "shown here")
    if word == "not testable here":
        assert [number.arm for number in found.numbers] == ["a", "blind"]
        assert found.p is None and found.arms == ("a", "b")


def test_a_control_that_is_not_shown_to_fail_withholds_it_too():
    """It neither passes nor fails: 4 points below, on problems too few for 5 points."""
    order = np.random.default_rng(0).permutation(200)
    arms = {name: files(order < cut) for name, cut in (("a", 120), ("b", 120), ("blind", 110))}
    found = verdict(arms, KEPT)
    assert found.word == "not testable here" and "is not shown to" in found.reason
    assert [number.arm for number in found.numbers] == ["a", "blind"]


def test_without_the_control_nothing_is_shown():
    found = verdict({"a": share(0.6), "b": share(0.6)}, KEPT)
    assert found.word == "not testable here" and "`blind`, which has to fail" in found.reason


def test_the_margin_of_the_control_is_that_of_the_finding_or_of_its_test():
    """A control 3 points below passes at 5 points and not at 2."""
    order = np.random.default_rng(0).permutation(4000)
    arms = {name: files(order < cut) for name, cut in (("a", 2400), ("b", 2400), ("blind", 2280))}
    assert verdict(arms, KEPT).word == "not testable here"
    assert verdict(arms, {k: v for k, v in KEPT.items() if k != "margin"}).word == "shown here"
    for test in (lossless, non_inferior_and_faster):
        assert test.__kwdefaults__["margin"] == MARGIN


# A correlation over arms that did not move.


def correlated(*gains, broken=()):
    """A correlation that is surely high; gains: (estimate, reach, p)."""
    arms = tuple(
        TrainedArm(
            arm=f"k{n}", gain_p=p,
            gain=Span(estimate=gain, low=gain - reach, high=gain + reach),
        )
        for n, (gain, reach, p) in enumerate(gains)
    )  # fmt: skip
    return Trained(
        arms=arms, predicts=Span(estimate=0.95, low=0.9, high=0.99), predicts_seeds=3,
        predicts_reliability=(0.9, 0.9), predicts_arms=tuple(one.arm for one in arms),
        broken=broken,
    )  # fmt: skip


STILL = (0.01, 0.03, 0.5)


@pytest.mark.parametrize(
    ("gains", "word"),
    [
        ([(0.08, 0.02, 0.001), STILL], "contradicted here"),
        ([(-0.08, 0.02, 0.001), STILL], "contradicted here"),
        ([STILL, STILL, STILL], "not testable here"),
        ([(0.08, 0.02, 0.03), STILL], "not testable here"),  # 0.06 of two
        ([(0.08, 0.02, 0.03)], "contradicted here"),
        ([(0.08, 0.09, 0.001), STILL], "not testable here"),
    ],
)
def test_a_correlation_says_something_only_where_training_moved_an_arm(gains, word):
    arms = {f"k{n}": share(0.5) for n in range(len(gains))}
    found = verdict(arms, {"test": "poor_predictor"}, correlated(*gains))
    assert found.word == word
    if word == "not testable here":
        assert (
            f"training is not shown to move any of {len(gains)} arms; nearest: `k" in found.reason
        )
        assert sum(number.what == "after minus before" for number in found.numbers) == len(gains)


def test_an_arm_outside_of_the_correlation_moves_nothing_in_it():
    known = correlated((0.08, 0.02, 0.001), STILL)
    known = known.model_copy(update={"predicts_arms": ("k1",)})
    arms = {"k0": share(0.5), "k1": share(0.5)}
    assert verdict(arms, {"test": "poor_predictor"}, known).word == "not testable here"


# Settings that were chosen on the test problems.


@pytest.mark.parametrize(
    ("a", "plain"), [(0.8, "shown"), (0.5, "not shown"), (0.3, "contradicted")]
)
def test_settings_chosen_on_test_problems_make_a_verdict_exploratory(a, plain):
    found = verdict({"a": share(a), "b": share(0.5)}, BETTER, tuned_on="test")
    assert found.word == "exploratory" and f"else it would read *{plain} here*" in found.reason
    assert found.p is None and found.numbers


def test_what_is_not_judged_is_not_exploratory_either():
    measured = {"test": "costs_and_gains", "pairs": [["a", "b"]]}
    assert verdict(TWO, measured, tuned_on="test").word == "measured"
    assert verdict({"b": share(0.5)}, BETTER, tuned_on="test").word == "not comparable"
    assert verdict({**TWO, "a": share(0.0)}, BETTER, tuned_on="test").word == "not testable here"


# What a recipe writes.


@pytest.mark.parametrize(
    ("finding", "said"),
    [
        ({**BETTER, "needs": "traces"}, "one of whole_traces"),
        ({**BETTER, "must_fail": "c"}, "must_fail"),
        ({"test": "poor_predictor", "needs": "whole_traces"}, "needs"),
        ({**KEPT, "must_fail": ["c"]}, "names of arms"),
    ],
)
def test_a_condition_that_cannot_be_read_is_one_line(finding, said):
    with pytest.raises(ConfigError) as caught:
        check_finding({"id": "x", **finding}, "here")
    assert said in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize(
    ("stage", "options", "said"),
    [
        (VerdictStage(), {"findings": [{"id": "x", **BETTER}], "tuned_on": "tests"}, "'tests'"),
        (TrainingReportStage(), {"broken": "k1"}, "'k1'"),
        (TrainingReportStage(), {"broken": [1]}, "broken.0 is 1"),
    ],
)
def test_an_option_that_cannot_be_read_is_one_line(stage, options, said):
    given = StageInput(StageSpec(name="s", kind=stage.kind, over="recipe", options=options), {})
    with pytest.raises(ConfigError, match=re.escape(said)):
        stage.identity(given)


@pytest.mark.parametrize("tuned_on", ["validation", "test"])
def test_what_settings_were_chosen_on_is_part_of_a_verdict(tuned_on):
    options = {"findings": [{"id": "x", **BETTER}]}
    told = StageSpec(name="s", kind="verdicts", options={**options, "tuned_on": tuned_on})
    plain = StageSpec(name="s", kind="verdicts", options=options)
    same = VerdictStage().identity(StageInput(told, {})) == (
        VerdictStage().identity(StageInput(plain, {}))
    )
    assert same == (tuned_on == "validation")


def test_the_desk_of_sudoku_was_tuned_on_its_test_problems_and_says_so():
    for scale, split in (("desk", "test"), ("laptop", "validation")):
        spec = compose("backtracking_sudoku", [f"scale={scale}"])
        (stage,) = (one for one in spec.stages if one.kind == "verdicts")
        assert stage.options["tuned_on"] == split
        assert any("chosen on the test problems" in one for one in spec.deviations) == (
            split == "test"
        )


def recipes():
    return {path.stem: yaml.safe_load(path.read_text()) for path in RECIPES.glob("[!_]*/*.yaml")}


def statements(paper):
    found = RECIPES / "_claims" / f"{paper}.yaml"
    rows = yaml.safe_load(found.read_text())["findings"] if found.exists() else []
    return {row["id"]: row["statement"] for row in rows}


def findings():
    """Yield each recipe with each of its findings and what it states."""
    for name, recipe in recipes().items():
        known = statements(recipe.get("paper"))
        for stage in recipe["stages"].values():
            for one in stage.get("findings", ()):
                text = one.get("statement") or known.get(one["id"], "")
                yield pytest.param(recipe, one, text, id=f"{name}-{one['id']}")


@pytest.mark.parametrize(("recipe", "finding", "text"), list(findings()))
def test_a_statement_on_traces_needs_them_where_arms_learn_from_traces(recipe, finding, text):
    learned = any(s["kind"] == "traces" and s["over"] == "arm" for s in recipe["stages"].values())
    speaks = any(word in text.lower() for word in ("backtrack", "trace"))
    assert (finding.get("needs") == "whole_traces") == (learned and speaks)


@pytest.mark.parametrize(("recipe", "finding", "text"), list(findings()))
def test_every_arm_that_a_condition_names_is_one_of_the_recipe(recipe, finding, text):
    reports = [s for s in recipe["stages"].values() if s["kind"] == "training_report"]
    named = [name for stage in reports for name in stage.get("broken", ())]
    named += [finding["must_fail"]] if "must_fail" in finding else []
    assert {*named} <= {*recipe["arms"]}


# What could have been shown.


@pytest.mark.parametrize(("n", "few"), [(300, True), (4000, True), (6000, False)])
def test_a_size_that_would_seldom_show_equal_arms_to_be_so_is_named(n, few):
    """Arms 2 points apart, margin 3: the reason is the size of 4,000 problems, and not of 6,000."""
    arms = {"a": share(0.6, n), "b": share(0.57, n, seed=1)}
    finding = {"test": "lossless", "arm": "a", "target": "b", "margin": 0.03}
    found = verdict(arms, finding)
    span = found.numbers[0].span
    assert found.word == "not shown here"
    assert ("fewer than 80 % of runs" in found.reason) == few
    assert few == ((span.high - span.low) / 2 > 0.03 * 1.6449 / (1.6449 + 1.2816))


def test_equal_arms_are_shown_to_be_so_in_four_of_five_where_nothing_is_said():
    """The bound of the sentence, by simulation of the normal law that it rests on."""
    rng = np.random.default_rng(5)
    half = 0.02 * 1.6449 / (1.6449 + 1.2816)
    estimates = rng.normal(0, half / 1.6449, 200_000)
    assert np.mean(np.abs(estimates) + half < 0.02) == pytest.approx(0.8, abs=0.005)


@pytest.mark.parametrize("test", ["more_accurate", "beats_control"])
def test_where_no_difference_is_shown_the_one_that_would_be_is_named(test):
    found = verdict({"a": share(0.52), "b": share(0.5, seed=1)}, {**BETTER, "test": test})
    span = found.numbers[0].span
    seen = (span.high - span.low) / 2 * (1 + 0.8416 / 1.96)
    assert found.word == "not shown here"
    assert f"A difference of {100 * seen:.1f} points is found in 80 % of runs." in found.reason
    assert "80 %" not in verdict(TWO, {**BETTER, "test": test}).reason
