"""Each verdict's every outcome, on invented answers; nothing here was measured."""

from dataclasses import replace

import numpy as np
import pytest
from counts import count
from documents import Exploration, Transfer, figures_of
from hypothesis import given, settings
from hypothesis import strategies as st

from llmx.core.audit import Audit, Check
from llmx.core.errors import ConfigError
from llmx.core.record import Score
from llmx.report.gather import ArmFiles, Gathered, TimedBlock
from llmx.report.verdict.evidence import evidence
from llmx.report.verdict.run_test import run_test
from llmx.report.verdict.schema import check_finding

N = 1000


def score(name, right, tokens, accepted):
    return Score(
        id=name,
        cluster=f"t{int(name[1:]) % 28}",
        expected=name,
        strict="1",
        flexible="1",
        correct=bool(right),
        correct_flexible=bool(right),
        unparsed=False,
        tokens=tokens,
        finish="eos",
        rounds=max(1, tokens - accepted),
        drafted=tokens,
        accepted=accepted,
    )


def files(accuracy, tokens=50, share=0.8, seed=0, audit=True, n=N, runs=1, trained=False):
    """Arms share most of their luck: the same problems are hard for all."""
    members = []
    for run in range(runs):
        hard = np.random.default_rng(run).random(n)
        own = np.random.default_rng([seed, run, 2]).random(n)
        right = np.where(np.random.default_rng(7).random(n) < 0.1, own, hard) < accuracy
        scores = {
            f"p{i}": score(f"p{i}", ok, tokens + i % 7, int(share * tokens))
            for i, ok in enumerate(right)
        }
        checks = () if audit else (Check(check="double_bos", level="fail", passed=False),)
        audited = Audit(passed=audit, checks=checks)
        named = f"seed={run}" if runs > 1 else ""
        members.append(ArmFiles(scores=scores, audit=audited, seed=named, trained=trained))
    return members[0] if runs == 1 else replace(members[0], seeds=tuple(members))


def timed(speeds, rounds=10):
    dice = np.random.default_rng(3)
    return [
        TimedBlock(
            round=r,
            arm=arm,
            problems=10,
            tokens=500,
            seconds=500 / speed * dice.uniform(0.97, 1.03),
        )
        for r in range(rounds)
        for arm, speed in speeds.items()
    ]


def verdict(arms, finding, speeds=None, exploration=None):
    found = evidence(Gathered(arms, timed(speeds or {}), figures=figures_of(exploration)))
    check_finding({"id": "x", **finding}, "here")
    return run_test(found, {"id": "x", **finding}, list(arms))


CONTROL = {"test": "beats_control", "arms": ["fsd"], "control": "random"}


@pytest.mark.parametrize("runs", [1, 3])
@pytest.mark.parametrize(
    ("fsd", "random", "word"),
    [(0.8, 0.4, "shown here"), (0.8, 0.8, "not shown here"), (0.4, 0.8, "contradicted here")],
)
def test_beats_control(fsd, random, word, runs):
    arms = {"fsd": files(fsd, runs=runs), "random": files(random, seed=5, runs=runs)}
    found = verdict(arms, CONTROL)
    assert (found.word, found.seeds, found.problems) == (word, runs, N)
    assert found.numbers[0].span.estimate == pytest.approx(fsd - random, abs=0.03)
    assert found.audited


def test_unequal_shares_are_not_compared():
    found = verdict({"fsd": files(0.8, share=0.8), "random": files(0.4, share=0.7)}, CONTROL)
    assert found.word == "not comparable" and "not equal" in found.reason


POINT = {"test": "non_inferior_and_faster", "arms": ["near", "far"], "reference": "sd"}
THREE = {"sd": 0.8, "near": 0.8, "far": 0.6}


def three(accuracies=THREE, **kinds):
    return {n: files(a, seed=s, **kinds) for s, (n, a) in enumerate(accuracies.items())}


@pytest.mark.parametrize(
    ("speeds", "word", "says"),
    [
        ({"sd": 100, "near": 140, "far": 200}, "shown here", "1.25 times in tokens/s is shown"),
        ({"sd": 100, "near": 115, "far": 200}, "shown here", "1.25 times in tokens/s is not shown"),
        (
            {"sd": 100, "near": 97, "far": 200},
            "not shown here",
            "within ± 2 points of `sd`: `near`",
        ),
        ({}, "not comparable", "No arm is both"),
    ],
)
def test_non_inferior_and_faster(speeds, word, says):
    found = verdict(three(), POINT, speeds)
    assert found.word == word and says in found.reason


def test_too_few_problems_show_no_equivalence():
    found = verdict(three(n=60), POINT, {"sd": 100, "near": 140, "far": 200})
    assert found.word == "not shown here"


RANK = {"test": "ranking_at_equal_share", "arms": ["a", "b", "c"]}


@pytest.mark.parametrize(
    ("values", "word"),
    [({"a": 0.8, "b": 0.8, "c": 0.6}, "shown here"), (dict.fromkeys("abc", 0.8), "not shown here")],
)
def test_ranking(values, word):
    found = verdict(three(values), RANK)
    assert found.word == word and len(found.numbers) == 3
    if word == "shown here":
        assert "`a` over `c`" in found.reason and "`a` over `b`" not in found.reason


def test_ranking_needs_equal_shares():
    arms = three(dict.fromkeys("abc", 0.8)) | {"c": files(0.8, share=0.7)}
    assert verdict(arms, RANK).word == "not comparable"


def moved(share):
    row = {"source": "js", "to": "kl", "asked_share": 0.8, "threshold": 0.1}
    rows = (Transfer(**row, share=share, low=share - 0.02, high=share + 0.02),)
    return Exploration(transfer=rows)


@pytest.mark.parametrize(
    ("share", "word"),
    [(0.6, "shown here"), (0.86, "not shown here"), (0.9, "shown here"), (0.8, "not shown here")],
)
def test_threshold_transfer(share, word):
    found = verdict({}, {"test": "threshold_transfer"}, exploration=moved(share))
    assert found.word == word


def test_no_exploration():
    assert verdict({}, {"test": "threshold_transfer"}).word == "not comparable"


@pytest.mark.parametrize(
    ("tokens", "word"), [(70, "shown here"), (50, "not shown here"), (30, "contradicted here")]
)
def test_length_inflation(tokens, word):
    arms = {"sd": files(0.8), "fsd": files(0.8, tokens=tokens)}
    finding = {"test": "length_inflation", "arms": ["fsd"], "reference": "sd"}
    assert verdict(arms, finding).word == word


@pytest.mark.parametrize(
    ("sd", "n", "word"),
    [
        (0.8, N, "shown here"),
        (0.8, 100, "not shown here"),
        (0.7, N, "contradicted here"),
    ],
)
def test_lossless(sd, n, word):
    arms = {"target": files(0.8, n=n), "sd": files(sd, seed=5, n=n)}
    assert verdict(arms, {"test": "lossless", "arm": "sd", "target": "target"}).word == word


def test_costs_and_gains_judge_nothing():
    arms = {"bare": files(0.6), "guarded": files(0.8, seed=2)}
    finding = {"test": "costs_and_gains", "pairs": [["guarded", "bare"]]}
    found = verdict(arms, finding, {"bare": 110, "guarded": 100})
    assert found.word == "measured"
    assert {number.what for number in found.numbers} == {
        "accuracy difference",
        "draft share",
        "tokens/s",
        "problems/s",
    }


@pytest.mark.parametrize("bad", ["fsd", "random"])
def test_a_failed_audit_withholds(bad):
    arms = {name: files(0.8, audit=name != bad) for name in ("fsd", "random")}
    found = verdict(arms, CONTROL)
    assert (found.word, found.withheld) == ("withheld", (bad,))
    assert "double_bos" in found.reason


def test_the_other_arms_are_still_judged():
    arms = three() | {"far": files(0.6, audit=False)}
    found = verdict(arms, POINT, {"sd": 100, "near": 140})
    assert (found.word, found.arms, found.withheld) == ("shown here", ("near", "sd"), ("far",))


def test_a_failed_audit_of_one_arm_leaves_nothing_shown_of_every_arm():
    arms = {"fsd": files(0.8), "far": files(0.8, audit=False), "random": files(0.4, seed=5)}
    found = verdict(arms, {**CONTROL, "arms": ["fsd", "far"]})
    assert (found.word, found.withheld) == ("not shown here", ("far",))
    assert "`far` (its audit failed)" in found.reason
    assert verdict(arms, CONTROL).word == "shown here"


def test_no_arm_is_longer_is_not_said_without_one():
    arms = {"sd": files(0.8), "fsd": files(0.8, tokens=30)}
    finding = {"test": "length_inflation", "arms": ["fsd", "far"], "reference": "sd"}
    found = verdict(arms, finding)
    assert found.word == "not shown here" and "`far` (the run leaves it out)" in found.reason
    longer = {"sd": files(0.8), "fsd": files(0.8, tokens=70)}
    assert verdict(longer, finding).word == "shown here"


def test_one_seed_whose_audit_failed_is_enough():
    good, bad = files(0.8, runs=2), files(0.8, audit=False)
    arms = {"fsd": replace(good, seeds=(good, bad)), "random": files(0.4, runs=2)}
    assert verdict(arms, CONTROL).word == "withheld"


@pytest.mark.parametrize("bare", ["fsd", "random"])
def test_without_an_audit_of_every_arm_nothing_is_said(bare):
    arms = {"fsd": files(0.8), "random": files(0.4)}
    assert verdict(arms, CONTROL).word == "shown here"
    found = verdict(arms | {bare: replace(arms[bare], audit=None)}, CONTROL)
    assert found.word == "withheld" and not found.audited
    assert found.reason.startswith(f"No audit was passed by `{bare}`,")
    assert found.numbers[0].span.estimate > 0.3  # what was measured stays in sight


def test_one_seed_without_an_audit_is_enough():
    good, bare = files(0.8, runs=2), replace(files(0.8), audit=None, seed="seed=1")
    arms = {"fsd": replace(good, seeds=(good, bare)), "random": files(0.4, runs=2)}
    assert verdict(arms, CONTROL).word == "withheld"


def test_what_cannot_be_compared_stays_so_without_an_audit():
    arms = {n: replace(files(0.8, share=s), audit=None) for n, s in (("fsd", 0.8), ("random", 0.2))}
    assert verdict(arms, CONTROL).word == "not comparable"


def test_a_selection_leaves_arms_out():
    assert verdict({"fsd": files(0.8)}, CONTROL).word == "not comparable"


@settings(max_examples=count(15, 150))
@given(st.floats(0.3, 0.9), st.floats(0.3, 0.9))
def test_swapping_the_arms_flips_the_sign(first, second):
    arms = {"a": files(first, n=200), "b": files(second, n=200, seed=4)}
    there = verdict(arms, {"test": "beats_control", "arms": ["a"], "control": "b"}).numbers[0]
    back = verdict(arms, {"test": "beats_control", "arms": ["b"], "control": "a"}).numbers[0]
    assert there.span.estimate == pytest.approx(-back.span.estimate)
    assert there.span.low == pytest.approx(-back.span.high, abs=1e-9)
    assert there.p == pytest.approx(back.p)


@pytest.mark.parametrize(
    "finding",
    [
        3,
        {"test": "beats_control"},
        {"id": "x", "test": "beats_contrl"},
        {"id": "x", "test": "lossless", "arm": "sd"},
        {"id": "x", "test": "lossless", "arm": ["sd"], "target": "t"},
        {"id": "x", "test": "lossless", "arm": "sd", "target": "t", "margin": 0},
        {"id": "x", "test": "lossless", "arm": "sd", "target": "t", "margins": 1},
        {"id": "x", "test": "costs_and_gains", "pairs": [["a"]]},
        {"id": "x", "test": "length_inflation", "arms": "sd", "reference": "t"},
    ],
)
def test_findings_that_cannot_be_judged(finding):
    with pytest.raises(ConfigError, match=r"stages\.v"):
        check_finding(finding, "stages.v.findings[0]")
