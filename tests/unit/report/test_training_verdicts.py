"""Verdicts on trainings: every outcome, from intervals, on invented arms."""

from dataclasses import replace

import numpy as np
import pytest
from documents import Streamed, Streams, Trained, TrainedArm, TrainedSeed, figures_of

from llmx.core.audit import Audit
from llmx.core.errors import ConfigError
from llmx.core.figure import Span
from llmx.core.record import Score
from llmx.report.gather import ArmFiles, Gathered
from llmx.report.verdict.decide import LEVEL
from llmx.report.verdict.evidence import evidence
from llmx.report.verdict.model import DECISIVE
from llmx.report.verdict.run_test import run_test
from llmx.report.verdict.schema import check_finding


def arm(share, seeds=1, n=400, trained=True):
    members = []
    for seed in range(seeds):
        luck = np.random.default_rng(seed).random(n)
        scores = {
            f"p{i}": Score(
                id=f"p{i}", cluster="", expected=f"{i}", strict="1", flexible="1", correct=bool(ok),
                correct_flexible=bool(ok), unparsed=False, tokens=9, finish="eos", rounds=9,
                drafted=0, accepted=0,
            )
            for i, ok in enumerate(luck < share)
        }  # fmt: skip
        named = f"seed={seed}" if seeds > 1 else ""
        files = ArmFiles(scores=scores, audit=Audit(passed=True), seed=named, trained=trained)
        members.append(files)
    return members[0] if seeds == 1 else replace(members[0], seeds=tuple(members))


def trained(name, drops, jitter=0.1):
    seeds = [
        TrainedSeed(name=f"{name}@seed={n}", drop=drop, jitter=jitter, collapsed=drop < -0.5)
        for n, drop in enumerate(drops)
    ]
    return TrainedArm(arm=name, steady=tuple(seeds))


def verdict(finding, arms=None, training=None):
    finding = {"id": "x", **finding}
    check_finding(finding, "here")
    found = Gathered(arms or {"k0": arm(0.5), "k1": arm(0.5)}, figures=figures_of(training))
    return run_test(evidence(found), finding, list(found.arms))


ABOVE = {"test": "more_accurate", "arms": ["k1"], "control": "k0"}


@pytest.mark.parametrize("seeds", [1, 3])
@pytest.mark.parametrize(
    ("share", "word"),
    [(0.7, "shown here"), (0.5, "not shown here"), (0.3, "contradicted here")],
)
def test_more_accurate(share, word, seeds):
    found = verdict(ABOVE, {"k0": arm(0.5, seeds), "k1": arm(share, seeds)})
    assert found.seeds == seeds
    assert ("indicative" in found.reason) == (seeds == 1)
    decided = word in DECISIVE
    if seeds > 1 or not decided:
        assert (found.word, found.leans) == (word, None)
        assert (found.p is not None and found.p <= LEVEL) == decided
    else:
        assert (found.word, found.leans, found.p) == ("indicative", word, None)
        assert f"points to *{word}*" in found.reason


def test_one_arm_that_is_not_better_is_enough_for_not_shown():
    arms = {"k0": arm(0.5), "k1": arm(0.7), "k3": arm(0.5)}
    assert verdict({**ABOVE, "arms": ["k1", "k3"]}, arms).word == "not shown here"


@pytest.mark.parametrize(
    ("third", "why"),
    [({}, "the run leaves it out"), ({"k3": ArmFiles()}, "nothing of it to compare")],
)
@pytest.mark.parametrize(("share", "word"), [(0.7, "not shown here"), (0.3, "contradicted here")])
def test_what_is_said_of_every_arm_is_not_shown_without_one(share, word, third, why):
    arms = {"k0": arm(0.5, 3), "k1": arm(share, 3), **third}
    found = verdict({**ABOVE, "arms": ["k1", "k3"]}, arms)
    assert found.word == word and f"no figure of `k3` ({why})" in found.reason
    assert found.arms == ("k1", "k0") and found.problems == 400


def test_a_verdict_counts_the_seeds_that_its_arms_share():
    several = arm(0.7, 3)
    arms = {"k0": replace(arm(0.5, 3), seeds=arm(0.5, 3).seeds[:2]), "k1": several}
    arms["k1"] = replace(several, seeds=several.seeds[1:])
    found = verdict(ABOVE, arms)
    assert found.seeds == 1 and "indicative" in found.reason


BEST = {"test": "optimum", "arms": {"k0": 0, "k1": 1, "k3": 3}, "expected": 1}


@pytest.mark.parametrize(
    ("shares", "word", "low", "high"),
    [
        ((0.4, 0.7, 0.5), "shown here", 1, 1),
        ((0.5, 0.5, 0.2), "not shown here", 0, 1),
        ((0.9, 0.5, 0.5), "contradicted here", 0, 0),
        ((0.5, 0.5, 0.5), "not shown here", 0, 3),
    ],
)
def test_optimum(shares, word, low, high):
    arms = {name: arm(share, 3) for name, share in zip(BEST["arms"], shares, strict=True)}
    found = verdict(BEST, arms)
    assert found.word == word and found.seeds == 3
    figure = found.numbers[0]
    assert (figure.span.low, figure.span.high, figure.unit) == (low, high, "backtracks")


def test_the_best_value_of_a_selection_of_arms_is_looked_for_among_them():
    arms = {"k0": arm(0.4, 3), "k1": arm(0.7, 3)}
    assert verdict(BEST, arms).word == "shown here"
    without = {"k0": arm(0.4, 3), "k3": arm(0.7, 3)}
    assert verdict(BEST, without).word == "not comparable"


STEADY = {"test": "steadier", "arms": ["k1"], "control": "k0"}


@pytest.mark.parametrize(
    ("drops", "word"),
    [
        ((-0.01, -0.02, -0.01), "shown here"),
        ((-0.60, -0.01, -0.30), "not shown here"),
        ((-0.95, -0.96, -0.94), "contradicted here"),
    ],
)
def test_steadier(drops, word):
    base = trained("k0", (-0.40, -0.42, -0.41))
    found = verdict(
        STEADY, {"k0": arm(0.5), "k1": arm(0.5)}, Trained(arms=(base, trained("k1", drops)))
    )
    assert found.word == word
    assert "k0` 0 of 3" in found.reason
    assert (found.numbers[0].span.estimate > 0) == (np.mean(drops) > -0.41)


def test_less_jitter_is_steadier():
    both = trained("k0", (0, 0, 0), 0.5), trained("k1", (0, 0, 0), 0.1)
    finding = {**STEADY, "measure": "jitter"}
    assert (
        verdict(finding, {"k0": arm(0.5), "k1": arm(0.5)}, Trained(arms=both)).word == "shown here"
    )


THREE = {"k0": arm(0.5, 3), "k1": arm(0.5, 3), "k3": arm(0.5, 3)}
BASE, STEADIER = trained("k0", (-0.40, -0.42, -0.41)), trained("k1", (-0.01, -0.02, -0.01))


@pytest.mark.parametrize(
    ("drops", "word"), [((-0.01, -0.02, -0.01), "shown here"), ((), "not shown here")]
)
def test_an_arm_without_a_curve_is_named_and_nothing_is_shown_of_every_arm(drops, word):
    third = trained("k3", drops)
    finding = {**STEADY, "arms": ["k1", "k3"]}
    found = verdict(finding, THREE, Trained(arms=(BASE, STEADIER, third)))
    assert found.word == word
    assert ("no figure of `k3` (nothing of it to compare)" in found.reason) == (not drops)
    assert found.arms == (("k1", "k3", "k0") if drops else ("k1", "k0"))


def test_an_arm_that_is_less_steady_contradicts_whatever_is_missing():
    worse = trained("k1", (-0.95, -0.96, -0.94))
    found = verdict({**STEADY, "arms": ["k1", "k3"]}, THREE, Trained(arms=(BASE, worse)))
    assert found.word == "contradicted here" and "`k3`" in found.reason


def test_several_arms_are_corrected_for_being_several():
    """p = 0.019 alone (t = 7.18, two degrees of freedom), and 0.075 as the least of four."""
    base = trained("k0", (0.0, 0.0, 0.0))
    worse = trained("k1", (-0.1, -0.12, -0.16))
    rest = [trained(name, (-0.1, 0.1, 0.02)) for name in ("k2", "k3", "k5")]
    arms = {name: arm(0.5, 3) for name in ("k0", "k1", "k2", "k3", "k5")}
    known = Trained(arms=(base, worse, *rest))
    alone = verdict(STEADY, arms, known)
    assert alone.word == "contradicted here"
    assert alone.numbers[0].p == pytest.approx(0.018844, abs=1e-6)
    several = verdict({**STEADY, "arms": ["k1", "k2", "k3", "k5"]}, arms, known)
    assert several.word == "not shown here"
    assert several.numbers[0].p == pytest.approx(4 * alone.numbers[0].p)


def test_one_seed_shows_nothing_and_says_that_it_is_indicative():
    both = trained("k0", (-0.9,)), trained("k1", (-0.1,))
    found = verdict(STEADY, {"k0": arm(0.5), "k1": arm(0.5)}, Trained(arms=both))
    assert found.word == "not shown here" and "indicative" in found.reason
    assert found.numbers[0].span.low is None


def test_seeds_are_paired_by_name_and_missing_ones_left_out():
    """Each seed is a little steadier than its namesake; by place they differ by up to 0.5."""
    base, mine = trained("k0", (-0.5, -0.1, -0.3)), trained("k1", (-0.45, -0.04, -0.26, -0.9))
    turned = mine.model_copy(update={"steady": mine.steady[::-1]})
    found = verdict(STEADY, {"k0": arm(0.5), "k1": arm(0.5)}, Trained(arms=(base, turned)))
    assert found.word == "shown here" and found.seeds == 3
    assert found.numbers[0].span.estimate == pytest.approx(0.05)
    assert found.numbers[0].span.low > 0.02


def correlated(span, reliability=(0.9, 0.9), seeds=3):
    """A correlation over arms of which training moved one."""
    gain = Span(estimate=0.1, low=0.05, high=0.15)
    moved = TrainedArm(arm="k0", gain=gain, gain_p=0.001)
    return Trained(
        arms=(moved,), predicts=span, predicts_reliability=reliability,
        predicts_arms=("k0", "k1"), predicts_seeds=seeds,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("span", "word"),
    [
        (Span(estimate=0.1, low=-0.2, high=0.4), "shown here"),
        (Span(estimate=0.6, low=0.1, high=0.9), "not shown here"),
        (Span(estimate=0.9, low=0.8, high=0.95), "contradicted here"),
        (None, "not comparable"),
    ],
)
def test_poor_predictor(span, word):
    known = correlated(span, span and (0.9, 0.5))
    arms = {"k0": arm(0.5), "k1": arm(0.5)}
    assert verdict({"test": "poor_predictor"}, arms, known).word == word


@pytest.mark.parametrize("audit", [None, Audit(passed=False)])
def test_a_correlation_over_an_arm_that_passed_no_audit_is_withheld(audit):
    known = correlated(Span(estimate=0.1, low=-0.2, high=0.4))
    arms = {"k0": arm(0.5), "k1": replace(arm(0.5), audit=audit)}
    found = verdict({"test": "poor_predictor"}, arms, known)
    assert found.word == "withheld" and "passed by `k1`, so" in found.reason.replace(
        "failed of", "passed by"
    )


@pytest.mark.parametrize(("low", "high"), [(-0.2, 0.4), (0.8, 0.95)])
@pytest.mark.parametrize("reliability", [(0.49, 0.9), (0.9, 0.49)])
def test_nothing_is_decided_of_arms_that_hardly_differ(low, high, reliability):
    for span in (Span(estimate=(low + high) / 2, low=low, high=high), None):
        known = correlated(span, reliability)
        found = verdict({"test": "poor_predictor"}, training=known)
        assert found.word == "not shown here"
        assert found.reason.startswith("Not decided: the arms differ too little")
        assert "0.49" in found.reason


def test_a_report_without_reliabilities_decides_nothing():
    old = Trained(predicts=Span(estimate=0.1, low=-0.2, high=0.4), predicts_arms=("k0", "k1"))
    assert verdict({"test": "poor_predictor"}, training=old).word == "not comparable"


@pytest.mark.parametrize("seeds", [1, 3])
def test_a_correlation_of_one_seed_is_indicative(seeds):
    span = Span(estimate=0.1, low=-0.2, high=0.4)
    known = correlated(span, seeds=seeds)
    found = verdict({"test": "poor_predictor"}, training=known)
    assert ("indicative" in found.reason) == (seeds == 1)


@pytest.mark.parametrize("finding", [STEADY, {"test": "poor_predictor"}])
def test_a_run_without_a_training_report_is_not_comparable(finding):
    assert verdict(finding, {"k0": arm(0.5), "k1": arm(0.5)}).word == "not comparable"


@pytest.mark.parametrize(
    ("finding", "said"),
    [
        ({**BEST, "arms": ["k0"]}, "k0: 0"),
        ({**BEST, "expected": "one"}, "a number"),
        ({**STEADY, "measure": "height"}, "drop, jitter"),
        ({"test": "poor_predictor", "bound": -1}, "above 0"),
        ({**ABOVE, "control": 3}, "names of arms"),
    ],
)
def test_a_finding_that_cannot_be_judged_is_one_line(finding, said):
    with pytest.raises(ConfigError) as caught:
        check_finding({"id": "x", **finding}, "here")
    assert said in str(caught.value.hint)


@pytest.mark.parametrize(
    ("low", "high", "word"),
    [(0.93, 0.95, "shown here"), (0.9, 0.95, "not shown here"), (0.8, 0.9, "contradicted here")],
)
def test_first_token_cut(low, high, word):
    ends = {"low": low, "estimate": (low + high) / 2, "high": high}
    streams = Streams(arms=(Streamed.model_validate({"arm": "k0", "ttft_cut": ends}),))
    found = Gathered({"k0": arm(0.5, trained=False)}, figures=figures_of(streams))
    finding = {"id": "x", "test": "first_token_cut", "arms": ["k0"], "aim": 0.93}
    assert run_test(evidence(found), finding, ["k0"]).word == word
    assert verdict(finding).word == "not comparable"
