"""Tests of levels and of gaps that grow: words, limits, what is said, and the same once more."""

from dataclasses import replace

import numpy as np
import pytest
from counts import count
from desk_power import OF_LEVELS
from level_worlds import CASES, LEVELS, RUNS, STEPS, WORLDS, cells, right, wrong

from llmx.core.audit import Audit
from llmx.core.errors import ConfigError, RunError
from llmx.core.record import Metric, Sample, Score
from llmx.core.spec import SamplerSpec
from llmx.report.gather import ArmFiles, Gathered
from llmx.report.outcomes.encode import dumps, encoded, metrics_of, problems_of
from llmx.report.outcomes.model import Outcomes
from llmx.report.outcomes.retest import retested
from llmx.report.verdict.enough import least
from llmx.report.verdict.evidence import evidence
from llmx.report.verdict.run_test import like_for_like, run_test
from llmx.report.verdict.schema import check_finding, comparisons_of, pairs_of
from llmx.report.verdict.traits import asked_traits, traits_of

ORDER = {"test": "ordered", "arms": ["a"], "by": "level", "levels": LEVELS}
DROP = {"test": "drop", "arms": ["a"], "by": "level", "levels": ["easy", "hard"], "bound": 0.2}
GROWS = {"test": "interaction", "pairs": [["a", "b"]], "by": "steps"}
FUZZY = SamplerSpec(algorithm="fuzzy", threshold=0.1)
ERRORS = Metric(name="errors", better="lower", low=0.0, high=10.0)


def files(right, metadata, trained=False, expected=str, errors=None, metric=ERRORS, seed=""):
    """An arm of one seed; `metadata` of each problem."""
    scores = {
        f"p{i}": Score(
            id=f"p{i}", cluster="", expected=expected(i), strict=None, flexible=None,
            correct=bool(ok), correct_flexible=bool(ok), unparsed=False, tokens=9, finish="eos",
            rounds=1, drafted=0, accepted=0,
            values={} if errors is None else {metric.name: float(errors[i])},
        )
        for i, ok in enumerate(right)
    }  # fmt: skip
    problems = {
        f"p{i}": Sample(id=f"p{i}", question="q", answer="a", metadata=metadata[i])
        for i in range(len(right))
    }
    metrics = () if errors is None else (metric,)
    return ArmFiles(
        scores=scores, problems=problems, trained=trained, audit=Audit(passed=True),
        metrics=metrics, seed=seed,
    )  # fmt: skip


def arm(easy, medium, hard, n=100, **kinds):
    """An arm with exactly so many right answers of n on each level."""
    right = [at < many for many in (easy, medium, hard) for at in range(n)]
    return files(right, [{"level": one} for one in LEVELS for _ in range(n)], **kinds)


def falling(shares, n=240, **kinds):
    """An arm that is right on these shares of problems of one step, two steps, …"""
    each = n // len(shares)
    right = [at < round(share * each) for share in shares for at in range(each)]
    metadata = [{"steps": s + 1} for s in range(len(shares)) for _ in range(each)]
    return files(right, metadata, **kinds)


def verdict(finding, arms):
    finding = {"id": "x", **finding}
    check_finding(finding, "here")
    traits = traits_of(arms.values(), asked_traits([finding]))
    return run_test(evidence(Gathered(arms), traits=traits), finding, list(arms))


# Words.


@pytest.mark.parametrize(
    ("shares", "word"),
    [
        ((90, 70, 40), "shown here"),
        ((90, 70, 66), "not shown here"),
        ((66, 70, 40), "not shown here"),
        ((50, 80, 40), "contradicted here"),
        ((90, 50, 80), "contradicted here"),
    ],
)
def test_levels_are_ordered_or_not(shares, word):
    assert verdict(ORDER, {"a": arm(*shares)}).word == word


def test_every_arm_has_to_be_ordered_and_one_that_is_not_contradicts():
    finding = {**ORDER, "arms": ["a", "b"]}
    good, flat, bad = arm(90, 60, 30), arm(60, 60, 60), arm(50, 85, 30)
    assert verdict(finding, {"a": good, "b": good}).word == "shown here"
    assert verdict(finding, {"a": good, "b": flat}).word == "not shown here"
    assert verdict(finding, {"a": good, "b": bad}).word == "contradicted here"


def test_intervals_hold_together():
    """Of two neighbours each interval has 97.5 %, of two arms 98.75 %."""
    one = verdict(ORDER, {"a": arm(90, 70, 40)})
    two = verdict({**ORDER, "arms": ["a", "b"]}, {"a": arm(90, 70, 40), "b": arm(90, 70, 40)})
    levels = [{round(n.span.level, 6) for n in v.numbers if "minus" in n.what} for v in (one, two)]
    assert levels == [{0.975}, {0.9875}]
    assert "all 2 intervals together at 95 %" in one.reason


@pytest.mark.parametrize(
    ("shares", "word"),
    [
        ((90, 50, 40), "shown here"),
        ((90, 50, 65), "not shown here"),
        ((90, 50, 85), "contradicted here"),
        ((60, 50, 90), "contradicted here"),
    ],
)
def test_a_drop_is_held_against_its_bound(shares, word):
    assert verdict(DROP, {"a": arm(*shares)}).word == word


def test_a_drop_says_what_it_rests_on():
    found = verdict(DROP, {"a": arm(90, 1, 40)})
    assert found.word == "shown here"
    assert "`a` loses +50.0 (" in found.reason and "more than 20 points" in found.reason
    assert {n.what for n in found.numbers} == {
        "accuracy, easy", "accuracy, hard", "accuracy difference, easy minus hard",
    }  # fmt: skip


def test_of_a_drop_one_seed_of_a_training_is_indicative():
    found = verdict(DROP, {"a": arm(90, 50, 20, trained=True)})
    assert (found.word, found.leans) == ("indicative", "shown here")


@pytest.mark.parametrize(
    ("one", "other", "word"),
    [
        ((0.9, 0.9, 0.8, 0.8), (0.9, 0.7, 0.4, 0.2), "shown here"),
        ((0.9, 0.7, 0.4, 0.2), (0.9, 0.9, 0.8, 0.8), "contradicted here"),
        ((0.8, 0.6, 0.5, 0.4), (0.7, 0.5, 0.4, 0.3), "not shown here"),
    ],
)
def test_a_gap_grows_or_not(one, other, word):
    assert verdict(GROWS, {"a": falling(one), "b": falling(other)}).word == word


def test_a_gap_that_grows_from_below_is_no_lead():
    one, other = (0.5, 0.5, 0.5, 0.5), (0.9, 0.8, 0.6, 0.4)
    arms = {"a": falling(one), "b": falling(other)}
    assert verdict(GROWS, arms).word == "shown here"
    assert verdict({**GROWS, "sure": True}, arms).word != "shown here"


def test_growth_is_a_slope_in_points():
    arms = {"a": falling((0.9, 0.9, 0.9)), "b": falling((0.8, 0.6, 0.4))}
    found = verdict(GROWS, arms)
    growth = next(n for n in found.numbers if n.what.endswith("more for each steps"))
    assert growth.span.estimate == pytest.approx(0.2)
    assert growth.problems == 240 and "+20.0 (" in found.reason


# What cannot be tested.


@pytest.mark.parametrize(
    ("shares", "said"),
    [((100, 60, 30), "easy is at the ceiling"), ((90, 60, 0), "hard is at the floor")],
)
@pytest.mark.parametrize("finding", [ORDER, DROP])
def test_a_level_at_a_limit_decides_nothing(finding, shares, said):
    found = verdict(finding, {"a": arm(*shares)})
    assert found.word == "not testable here" and said in found.reason
    assert found.numbers and found.p is None


def test_a_level_that_one_constant_answer_reaches_is_at_the_floor():
    yes = arm(90, 80, 50, expected=lambda i: "yes" if i % 2 else "no")
    assert "hard is at the floor" in verdict(ORDER, {"a": yes}).reason


def test_an_arm_with_a_level_at_a_limit_is_left_out_and_named():
    finding = {**ORDER, "arms": ["a", "b"]}
    found = verdict(finding, {"a": arm(90, 60, 30), "b": arm(100, 60, 30)})
    assert found.word == "not shown here"
    assert "`b` (it decides nothing)" in found.reason and "at the ceiling" in found.reason
    bad = verdict(finding, {"a": arm(50, 90, 30), "b": arm(100, 60, 30)})
    assert bad.word == "contradicted here"


def test_a_level_that_is_not_read_may_be_anywhere():
    assert verdict(DROP, {"a": arm(90, 100, 40)}).word == "shown here"


@pytest.mark.parametrize(
    ("finding", "arms", "said"),
    [
        ({**ORDER, "by": "depth"}, {"a": arm(90, 60, 30)}, "No problem says its `depth`"),
        ({**DROP, "levels": ["easy", "cruel"]}, {"a": arm(90, 60, 30)}, "no problem of `level` cr"),
        (GROWS, {"a": arm(90, 60, 30), "b": arm(80, 60, 30)}, "Fewer than three problems"),
        (
            GROWS,
            {"a": falling((0.5,)), "b": falling((0.4,))},
            "All problems have `steps` 1, so nothing can grow",
        ),
    ],
)
def test_without_levels_nothing_is_said(finding, arms, said):
    found = verdict(finding, arms)
    assert found.word in ("not comparable", "not testable here") and said in found.reason


def test_two_arms_that_call_a_problem_differently_are_refused():
    one, other = arm(9, 8, 7, 10), arm(9, 8, 7, 10)
    other.problems["p3"] = other.problems["p3"].model_copy(update={"metadata": {"level": "hard"}})
    with pytest.raises(RunError, match="'p3' has two values of 'level'"):
        verdict(ORDER, {"a": one, "b": other})


def test_arms_apart_may_be_unlike():
    finding = {"id": "x", **ORDER, "arms": ["a", "b"]}
    found = verdict(finding, {"a": arm(90, 60, 30), "b": arm(90, 60, 30)})
    unlike = {"a": SamplerSpec(algorithm="speculative", temperature=0.0), "b": FUZZY}
    assert like_for_like(found, finding, unlike) is found
    assert pairs_of(finding) == () and comparisons_of(finding) == 4
    assert least(finding)[0] > least({"id": "x", **DROP})[0]


# Metrics, levels that are numbers, seeds.


def test_of_what_is_better_when_lower_a_loss_is_a_rise():
    rng = np.random.default_rng(0)
    n = 60
    errors = np.clip(np.concatenate([rng.normal(m, 1, n) for m in (2, 4, 6)]), 0.1, 9.9)
    told = [{"level": one} for one in LEVELS for _ in range(n)]
    arms = {"a": files([True] * 3 * n, told, errors=errors)}
    assert verdict({**ORDER, "metric": "errors"}, arms).word == "shown here"
    found = verdict({**DROP, "metric": "errors", "bound": 2.0}, arms)
    assert found.word == "shown here"
    gap = next(n for n in found.numbers if "minus" in n.what)
    assert gap.span.estimate == pytest.approx(errors[:n].mean() - errors[-n:].mean())
    back = {**ORDER, "metric": "errors", "levels": LEVELS[::-1]}
    assert verdict(back, arms).word == "contradicted here"


def test_levels_may_be_numbers():
    told = [{"grade": grade} for grade in (1, 2.0) for _ in range(100)]
    right = [at < many for many in (90, 40) for at in range(100)]
    finding = {"test": "ordered", "arms": ["a"], "by": "grade", "levels": [1, 2]}
    assert verdict(finding, {"a": files(right, told)}).word == "shown here"


def seeded(shares, trained):
    """An arm of several seeds, each with its own right answers by level."""
    rng, runs = np.random.default_rng(1), []
    for seed, levels in enumerate(shares):
        right = [rng.random() < share for share in levels for _ in range(100)]
        told = [{"level": one} for one in LEVELS for _ in range(100)]
        runs.append(files(right, told, trained=trained, seed=f"seed={seed}"))
    return replace(runs[0], seeds=tuple(runs))


def test_seeds_of_a_training_count_where_levels_move_apart():
    apart = [(0.85, 0.6, 0.4), (0.7, 0.6, 0.55), (0.85, 0.6, 0.35)]
    sure = verdict(DROP, {"a": seeded(apart, trained=False)})
    unsure = verdict(DROP, {"a": seeded(apart, trained=True)})
    assert sure.word == "shown here" and unsure.word == "not shown here"
    alike = verdict(DROP, {"a": seeded([(0.9, 0.6, 0.2)] * 3, trained=True)})
    assert alike.word == "shown here"


# Kept outcomes say the same once more.


@pytest.mark.parametrize("shares", [(90, 60, 30), (60, 60, 60), (0, 50, 90)])
def test_outcomes_give_the_same_verdicts(shares, seed=3):
    """References are not kept, so a constant answer is none here."""
    rng = np.random.default_rng(seed)
    told = [{"level": LEVELS[at % 3], "steps": int(rng.integers(1, STEPS))} for at in range(120)]
    arms = {
        name: files(
            [100 * rng.random() < shares[at % 3] for at in range(120)], told, expected=lambda i: ""
        )
        for name in "ab"
    }
    findings = tuple({"id": one["test"], **one} for one in (ORDER, DROP, GROWS))
    traits = traits_of(arms.values(), asked_traits(findings))
    known = evidence(Gathered(dict(arms)), traits=traits)
    said = [run_test(known, one, list(arms)) for one in findings]
    problems = problems_of(arms.values(), traits)
    kept = Outcomes(
        problems=problems, arms={name: encoded(one, problems) for name, one in arms.items()},
        metrics=metrics_of(arms.values()), findings=findings, samplers=dict.fromkeys(arms),
    )  # fmt: skip
    again = retested(Outcomes.model_validate_json(dumps(kept)))
    keys = ("word", "reason", "p", "numbers", "problems")
    for one, other in zip(said, again.verdicts, strict=True):
        assert [getattr(one, key) for key in keys] == [getattr(other, key) for key in keys]


def test_outcomes_without_such_findings_say_nothing_of_levels():
    assert "traits" not in dumps(Outcomes(problems=problems_of([arm(9, 6, 3, 10)], {})))


# What may be written.


@pytest.mark.parametrize(
    ("finding", "said"),
    [
        ({**ORDER, "by": None}, "by is None"),
        ({**ORDER, "by": 3}, "a key in the metadata"),
        ({**ORDER, "levels": ["easy"]}, "two values of it or more"),
        ({**ORDER, "levels": ["easy", "easy"]}, "two values of it or more"),
        ({**ORDER, "levels": "easy"}, "two values of it or more"),
        ({**ORDER, "bound": 0.2}, "unknown field 'bound'"),
        ({**DROP, "levels": LEVELS}, "two values of it, the one"),
        ({**DROP, "bound": 0}, "a number above 0"),
        ({**DROP, "arms": "a"}, "names of arms"),
        ({**GROWS, "sure": 1}, "true or false"),
        ({**GROWS, "levels": LEVELS}, "unknown field 'levels'"),
        ({k: v for k, v in GROWS.items() if k != "pairs"}, "names of arms"),
        ({k: v for k, v in ORDER.items() if k != "levels"}, "two values of it or more"),
    ],
)
def test_a_finding_that_could_not_be_tested_is_refused(finding, said):
    with pytest.raises(ConfigError) as caught:
        check_finding({"id": "x", **finding}, "here")
    assert said in f"{caught.value.message} {caught.value.hint}"


# Null worlds.

USUAL = count(40, RUNS)


def bound(runs):
    """Return the largest share that is no more than chance: three Monte-Carlo errors above 5 %."""
    return 0.05 + 3 * (0.05 * 0.95 / runs) ** 0.5


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_at_the_edge_of_its_null_a_test_of_levels_is_seldom_wrong(case):
    """Of three trainings, which have closed forms: quick, and where most can go wrong."""
    world = next(one for one in WORLDS if one.spread)
    assert wrong(case, world, USUAL) <= bound(USUAL)


@pytest.mark.parametrize("name", [CASES[0].name, CASES[3].name])
def test_what_is_true_of_levels_is_found(name):
    case = next(one for one in CASES if one.name == name)
    assert right(case, WORLDS[1], count(10, RUNS)) >= 0.7


def test_the_documented_table_of_levels_is_the_one_of_the_script_and_keeps_the_level():
    from test_null_worlds import printed

    shown = printed("| test | problems | seeds | trained, spread | wrong | right |")
    rows = {cells(case, world): case for case in CASES for world in WORLDS}
    assert [row[:4] for row in shown] == [one for one in rows if one in {r[:4] for r in shown}]
    assert {rows[row[:4]].finding["test"] for row in shown} == {*OF_LEVELS}
    for row in shown:
        assert float(row[4]) / 100 <= bound(rows[row[:4]].runs)
