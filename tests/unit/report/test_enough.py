"""No verdict from a handful: a run that is too small for a test says how many problems it takes."""

import numpy as np
import pytest
from test_testable import BETTER, files

from llmx.core.spec import ArmSpec, ScaleSpec, StageSpec
from llmx.core.stage import StageInput
from llmx.report.gather import Gathered
from llmx.report.outcomes.encode import dumps, outcomes
from llmx.report.outcomes.model import Outcomes
from llmx.report.outcomes.retest import retested
from llmx.report.verdict.enough import LARGE, fewest, fewest_within, least, needed
from llmx.report.verdict.evidence import evidence
from llmx.report.verdict.run_test import verdicts_on
from llmx.stages.verdicts import VerdictStage
from llmx.stats.power import minimum_detectable_effect
from llmx.stats.proportion import paired_score_interval

LONGER = {"id": "length_inflation", "test": "length_inflation", "arms": ["a"], "reference": "b"}
SAME = {"id": "same", "test": "equivalent", "arms": ["a"], "reference": "b", "margin": 0.05}
MORE = {"id": "more", **BETTER}


def alternating(n, shift=0):
    return files([(i + shift) % 2 for i in range(n)])


def better(n):
    """`a` is right wherever `b` is, and nearly everywhere else."""
    return {"a": files([i % 8 != 0 for i in range(n)]), "b": files([i % 8 == 1 for i in range(n)])}


def shorter(n):
    arms = {"a": alternating(n), "b": alternating(n)}
    for name, arm in arms.items():
        for at, score in enumerate(arm.scores.values()):
            tokens = (30 if name == "a" else 60) + at % 3
            arm.scores[score.id] = score.model_copy(update={"tokens": tokens})
    return arms


def said(arms, finding, rehearsal=False):
    found = evidence(Gathered(dict(arms)), "validation", rehearsal)
    (verdict,) = verdicts_on(found, [finding], list(arms), {})
    return verdict


@pytest.mark.parametrize("comparisons", [1, 2, 5, 20])
def test_the_fewest_problems_find_a_large_difference_in_four_runs_of_five_and_one_less_does_not(
    comparisons,
):
    n, level = fewest(comparisons), 0.05 / comparisons
    assert minimum_detectable_effect(n, p=0.5, level=level) <= LARGE
    assert minimum_detectable_effect(n - 1, p=0.5, level=level) > LARGE


@pytest.mark.parametrize("margin", [0.01, 0.02, 0.05, 0.1, 0.3])
def test_the_interval_of_equal_answers_fits_a_margin_from_the_fewest_problems_on(margin):
    n = fewest_within(margin)
    assert paired_score_interval(0, 0, n, 0.9).high <= margin + 1e-6
    assert paired_score_interval(0, 0, n - 1, 0.9).high > margin


def test_no_test_takes_less_than_a_test_of_a_large_difference():
    assert least({**SAME, "margin": 0.9}) == (fewest(), fewest())
    assert least(SAME) == (fewest(), 52) and least(MORE) == (fewest(), fewest())
    assert needed([MORE, SAME]) == 52 and needed([]) == 0


def test_a_test_of_several_arms_takes_more_problems():
    assert least({**MORE, "arms": ["a", "c", "d"]})[0] == fewest(3) > fewest(1)


@pytest.mark.parametrize(
    ("finding", "arms", "word"),
    [(LONGER, shorter, "contradicted here"), (MORE, better, "shown here")],
)
def test_what_many_problems_decide_a_handful_does_not(finding, arms, word):
    few, least_ = said(arms(4), finding), fewest()
    assert few.word == "withheld" and few.p is None and few.numbers
    assert few.reason == (
        f"It rests on 4 problems; the test takes at least {least_} problems, so nothing is said."
    )
    assert said(arms(least_ - 1), finding).word == "withheld"
    assert said(arms(80), finding).word == word


def test_where_no_interval_could_fit_the_margin_not_shown_is_not_said_but_contradicted_is():
    apart = {"a": files(np.zeros(40)), "b": files(np.arange(40) % 4 != 0)}
    equal = {"a": alternating(40), "b": alternating(40)}
    assert said(equal, SAME).word == "withheld" and "52 problems" in said(equal, SAME).reason
    assert said({"a": alternating(60), "b": alternating(60)}, SAME).word == "shown here"
    below = {"a": files(np.arange(40) % 10 == 0), "b": files(np.arange(40) % 10 != 9)}
    assert said(below, SAME).word == "contradicted here"
    assert said(apart, SAME).word == "not testable here"


def test_a_rehearsal_gives_no_verdict_whatever_its_size():
    found = said(better(600), MORE, rehearsal=True)
    assert found.word == "withheld" and found.leans is None
    assert found.reason.startswith(
        "A run at scale=smoke is a rehearsal; the test takes at least 25"
    )


def test_what_a_missing_audit_says_stays():
    arms = shorter(4)
    arms["a"].audit = None
    assert said(arms, LONGER).reason.startswith("No audit was passed by")


def test_with_several_seeds_an_interval_may_fit_its_margin_on_fewer():
    assert least(SAME, seeds=3) == (fewest(), fewest()) and needed([SAME], 3) == fewest()


def given(problems, scale="laptop", findings=(MORE,)):
    arm = ArmSpec(scale=ScaleSpec(name=scale, problems=problems))
    spec = StageSpec(
        name="v", kind="verdicts", over="recipe", options={"findings": [*map(dict, findings)]}
    )
    return StageInput(spec, {"a": arm, "b": arm}, "b")


def test_the_verdicts_of_a_small_run_have_a_name_of_their_own_and_others_keep_theirs():
    def part(*about):
        return VerdictStage().identity(given(*about)).get("withheld")

    assert part(fewest()) is None and part(None) is None
    assert part(fewest() - 1) == "handful"
    assert part(600, "smoke") == "rehearsal"


def test_a_test_that_has_said_other_words_has_its_version_in_the_name():
    now = {"id": "x", "test": "at_least", "arms": ["a"], "than": ["revise"]}
    assert VerdictStage().identity(given(600, findings=(MORE, now)))["tests"] == {"at_least": 2}
    assert "tests" not in VerdictStage().identity(given(600))


@pytest.mark.parametrize("rehearsal", [True, False])
def test_outcomes_give_the_verdict_again_and_say_where_they_are_of_a_rehearsal(rehearsal):
    found = outcomes(Gathered(better(80)), given(80), [MORE], rehearsal=rehearsal)
    assert ("rehearsal" in dumps(found)) is rehearsal
    (again,) = retested(Outcomes.model_validate_json(dumps(found))).verdicts
    assert again.word == ("withheld" if rehearsal else "shown here")
