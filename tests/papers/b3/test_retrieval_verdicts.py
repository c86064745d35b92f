"""What a run says of statements on batches, and that its intervals hold what is true."""

import numpy as np
import pytest
from counts import count
from hypothesis import given, settings
from hypothesis import strategies as st
from retrieved import NDCG, World, scored, verdict

from llmx.core.errors import ConfigError
from llmx.core.figure import Figure, Span
from llmx.papers.b3 import figure_names as names
from llmx.papers.b3.report.contrasts import equal_batch, gap, to_equal_quality
from llmx.papers.b3.report.figures import TrainedRun
from llmx.papers.b3.report.meeting import first_reached
from llmx.papers.b3.report.points import aligned, method_of
from llmx.papers.b3.verdicts.batch_equivalence import batch_equivalence
from llmx.papers.b3.verdicts.beside import adjusted, asked_of
from llmx.papers.b3.verdicts.greater_gain import greater_gain
from llmx.report.gather import Gathered
from llmx.report.verdict.evidence import evidence
from llmx.report.verdict.schema import check_finding
from llmx.stats.crossed import two_level

RUNS = count(60, 2000)
LESS = (0.4, 0.5, 0.55, 0.58, 0.6)
MORE = (0.4, 0.55, 0.62, 0.65, 0.66)
SIZES = {
    32: (0.4, 0.5, 0.55, 0.58, 0.6),
    64: (0.4, 0.5, 0.55, 0.6, 0.64),
    128: (0.4, 0.6, 0.7, 0.7, 0.7),
}


def covered(hits, runs=RUNS):
    """At least 94 %, less three standard errors of so many runs."""
    return hits / runs >= 0.94 - 3 * (0.94 * 0.06 / runs) ** 0.5


@pytest.mark.parametrize(
    ("group", "spread", "seeds"),
    [(1, (0.1, 0.0, 0.0), 1), (4, (0.1, 0.08, 0.0), 1), (3, (0.1, 0.05, 0.01), 3)],
)
def test_ratios_and_batches_of_equal_quality_hold_the_truth(group, spread, seeds):
    """One seed says nothing of the next training, so trainings do not vary there."""
    ratio = batch = difference = 0
    for run in range(RUNS):
        world = World(run, 120, group, spread, seeds)
        first = world.arm("b3_32", 32, MORE)
        controls = [world.arm(f"random_{size}", size, means) for size, means in SIZES.items()]
        span = to_equal_quality(first, controls[0]).ratio["samples"]
        truth = (100 + 100 * (0.6 - 0.55) / (0.62 - 0.55)) / 400
        ratio += holds(span, truth)
        batch += holds(equal_batch(first, controls).size, 2 ** (6 + (0.66 - 0.64) / 0.06))
        difference += holds(gap(first, controls[0], "texts").span, 0.06)
    assert covered(ratio) and covered(batch) and covered(difference), (ratio, batch, difference)


def holds(span, truth):
    low, high = span.low, span.high
    return (low is None or low <= truth) and (high is None or truth <= high)


def test_groups_that_are_forgotten_cover_far_too_rarely():
    hits = ratio = known = 0
    for run in range(RUNS):
        world = World(run, 120, 12, (0.02, 0.1, 0.0), 1)
        first, second = world.arm("b3_32", 32, MORE), world.arm("random_32", 32, LESS)
        ratio += holds(to_equal_quality(first, second).ratio["samples"], 171.4286 / 400)
        known += holds(gap(first, second, "samples").span, 0.06)
        object.__setattr__(first, "clusters", ("",) * 120)
        hits += holds(gap(first, second, "samples").span, 0.06)
    assert hits / RUNS < 0.8
    assert covered(ratio) and covered(known)


def test_clusters_of_one_problem_each_change_nothing():
    values = np.random.default_rng(0).normal(0, 1, (30, 3))
    plain = two_level(values)
    for labels in ([str(at) for at in range(30)], [""] * 30, ["one"] * 30):
        assert two_level(values, clusters=labels) == plain
    pairs = two_level(values, clusters=[str(at // 2) for at in range(30)])
    assert len(pairs.errors) == len(plain.errors) + 1


def run_of(seeds=3, first=MORE, **world):
    made = World(3, 240, 2, (0.05, 0.02, 0.003), seeds, **world)
    arms = [made.arm(f"random_{size}", size, means) for size, means in SIZES.items()]
    arms.append(made.arm("b3_32", 32, first, seconds=1.5))
    arms.append(made.arm("b3_64", 64, (0.4, 0.55, 0.6, 0.62, 0.65)))
    return arms, TrainedRun(tuple(arms), "random").figures()


BATCH = {"test": "batch_equivalence", "arms": ["b3_32"], "control": "random_32"}
CHEAP = {"test": "cheaper_at_equal_quality", "arms": ["b3_32"], "control": "random_32"}
GAIN = {
    "test": "greater_gain", "metric": "ndcg@10", "clustered": True,
    "pairs": [["b3_32", "random_32"], ["b3_64", "random_64"]],
}  # fmt: skip


def test_a_mined_batch_is_worth_a_larger_random_one():
    arms, figures = run_of()
    said = verdict(BATCH, arms, figures)
    assert said.word == "shown here" and said.p < 0.05
    assert "`b3_32`, batches of 32, equals `random_32`, `random_64`, `random_128` at" in said.reason
    (number,) = said.numbers
    assert 64 < number.span.estimate < 128 and number.span.low > 32
    assert (number.problems, number.seeds, number.lone) == (240, 3, False)
    assert verdict({**BATCH, "bound": 4}, arms, figures).word != "shown here"


def test_a_mined_batch_that_is_worse_is_contradicted_and_one_beyond_all_is_said_so():
    arms, figures = run_of(first=(0.3, 0.35, 0.4, 0.42, 0.45))
    said = verdict(BATCH, arms, figures)
    assert said.word == "contradicted here"
    assert "fewer than 32 rows, the smallest" in said.reason
    arms, figures = run_of(first=(0.4, 0.7, 0.8, 0.85, 0.9))
    said = verdict(BATCH, arms, figures)
    assert said.word == "shown here"
    assert "more than 128 rows, the largest" in said.reason


def test_what_is_cheaper_by_samples_may_not_be_by_seconds():
    arms, figures = run_of(first=(0.4, 0.5, 0.56, 0.59, 0.63))
    by = {cost: verdict({**CHEAP, "cost": cost}, arms, figures) for cost in names.SETTINGS}
    assert by["samples"].word == by["texts"].word == "shown here"
    assert by["seconds"].word != "shown here"
    assert by["seconds"].numbers[0].span.estimate == pytest.approx(
        1.5 * by["samples"].numbers[0].span.estimate
    )
    unknown = verdict({**CHEAP, "cost": "hours"}, arms, figures)
    assert unknown.word == "not comparable" and "There is no cost 'hours'" in unknown.reason


def test_an_arm_that_gets_there_within_less_than_its_control_spent_is_cheaper():
    """Its own end is at two sevenths of the control's texts: nobody knows what came after."""
    made = World(3, 240, 2, (0.05, 0.02, 0.003), 3)
    arms = [
        made.arm("b3_32", 32, MORE),
        made.arm("random_hn_32", 32, LESS, texts=7.0, negatives=5),
        made.arm("late_32", 32, (0.3, 0.4, 0.45, 0.5, 0.52)),
    ]
    figures = TrainedRun(tuple(arms), "random_hn").figures()
    finding = {**CHEAP, "control": "random_hn_32", "cost": "texts"}
    said = verdict(finding, arms, figures)
    assert said.word == "shown here"
    assert said.numbers[0].span.high < 2 / 7
    late = verdict({**finding, "arms": ["late_32"]}, arms, figures)
    assert late.word == "not shown here" and "more than 0.29 times" in late.reason


def test_rivals_are_what_an_arm_may_be_cheaper_than_beside_its_control():
    """The control stands beside every arm as before, and no rival beside itself or the control."""
    made = World(3, 240, 2, (0.05, 0.02, 0.003), 3)
    arms = (
        made.arm("random_32", 32, LESS),
        made.arm("b3_32", 32, MORE),
        made.arm("random_hn_32", 32, LESS, texts=7.0, negatives=5),
        made.arm("random_hn_96", 96, LESS, texts=7.0, negatives=5),
    )
    with_rivals = TrainedRun(arms, "random", ("random_hn",)).figures()
    plain = TrainedRun(arms, "random").figures()
    new = [one for one in with_rivals.figures if one not in plain.figures]
    assert [one for one in plain.figures if one not in with_rivals.figures] == []
    assert {(one.arm, one.against) for one in new} == {("b3_32", "random_hn_32")}
    finding = {**CHEAP, "control": "random_hn_32", "cost": "texts"}
    assert verdict(finding, arms, plain).word == "not comparable"
    assert verdict(finding, arms, with_rivals).word == "shown here"


def test_an_arm_that_never_gets_there_is_contradicted():
    arms, figures = run_of(first=(0.3, 0.35, 0.4, 0.42, 0.45))
    said = verdict({**CHEAP, "cost": "samples"}, arms, figures)
    assert said.word == "contradicted here"
    assert "`b3_32` more than 1.00 times `random_32`" in said.reason


@pytest.mark.parametrize("finding", [BATCH, CHEAP | {"cost": "samples"}, GAIN])
def test_one_seed_is_indicative(finding):
    arms, figures = run_of(seeds=1)
    said = verdict(finding, arms, figures)
    assert (said.word, said.leans) == ("indicative", "shown here")
    assert said.p is None and "One seed of a training run: indicative" in said.reason


@pytest.mark.parametrize("finding", [BATCH, CHEAP | {"cost": "samples"}, GAIN])
def test_nothing_is_said_without_an_audit_or_of_a_rehearsal(finding):
    arms, figures = run_of()
    assert verdict(finding, arms, figures).word == "shown here"
    assert verdict(finding, arms, figures, audited=False).word == "withheld"
    assert verdict(finding, arms, figures, rehearsal=True).word == "withheld"


def test_a_batch_of_equal_quality_rests_on_every_control():
    """The largest control failed its audit, though the finding does not name it."""
    arms, figures = run_of()
    files = scored(arms)
    for one in files["random_128"].runs():
        one.audit = None
    said = batch_equivalence(
        evidence(Gathered(files, figures=figures)), arms=["b3_32"], control="random_32"
    )
    assert said.word == "withheld" and "random_128" in said.reason


def test_the_gain_is_greater_in_small_batches_and_the_other_way_round_is_contradicted():
    arms, figures = run_of()
    said = verdict(GAIN, arms, figures)
    assert said.word == "shown here"
    assert said.numbers[-1].span.estimate == pytest.approx(0.05, abs=0.02)
    turned = {**GAIN, "pairs": GAIN["pairs"][::-1]}
    assert verdict(turned, arms, figures).word == "contradicted here"
    # The greater of two losses' rest is a gain over the other, and no gain by itself.
    both = {**GAIN, "pairs": [["random_64", "b3_64"], ["random_32", "b3_32"]]}
    assert verdict(both, arms, figures).word == "shown here"
    assert verdict({**both, "sure": True}, arms, figures).word != "shown here"
    assert verdict({**GAIN, "pairs": GAIN["pairs"][:1]}, arms, figures).word == "not comparable"


def test_equal_gains_are_seldom_called_different():
    wrong = 0
    for run in range(RUNS):
        world = World(run, 60, 3, (0.1, 0.05, 0.01), 3)
        arms = [world.arm(f"{name}_{n}", n, [m]) for name, n, m in FOUR]
        wrong += verdict(GAIN, arms).word in ("shown here", "contradicted here")
    assert wrong / RUNS <= 0.05 + 3 * (0.05 * 0.95 / RUNS) ** 0.5


FOUR = (("b3", 32, 0.66), ("random", 32, 0.6), ("b3", 64, 0.7), ("random", 64, 0.64))


def test_groups_widen_the_interval_between_two_gains():
    made = World(1, 240, 12, (0.02, 0.05, 0.001), 1)
    arms = [made.arm(f"{name}_{n}", n, [m]) for name, n, m in FOUR]
    plain, wide = (
        verdict({**GAIN, "clustered": on}, arms).numbers[-1].span for on in (False, True)
    )
    assert wide.high - wide.low > 1.5 * (plain.high - plain.low)


def test_seeds_of_a_sampler_are_one_value_of_a_problem():
    made = World(2, 60, 2, (0.05, 0.02, 0.05), 3)
    arms = [made.arm(f"{name}_{n}", n, [m]) for name, n, m in FOUR]
    files = scored(arms)
    for of in files.values():
        of.trained = False
        for run in of.runs():
            run.trained = False
    known = {arm.arm: arm.last.values.mean(1) for arm in arms}
    said = greater_gain(evidence(Gathered(files)), pairs=GAIN["pairs"], metric="ndcg@10")
    gaps = [known[one] - known[other] for one, other in GAIN["pairs"]]
    span, wanted = said.numbers[-1].span, two_level(gaps[0] - gaps[1]).interval
    assert (span.low, span.high) == pytest.approx((wanted.low, wanted.high))
    assert not said.numbers[-1].lone


def test_one_p_is_known():
    """That of the ratio being 1; of another value the interval is all there is."""
    one = Figure(
        quantity=names.to_equal("samples"), arm="b3_32", against="random_32", unit="times", p=0.2,
        span=Span(estimate=0.5, low=0.4, high=0.6), n=100, seeds=3,
    )  # fmt: skip
    firm = one.model_copy(update={"p": 0.001})
    said = [[asked_of([f], [1.0], [own])[0].below() for own in (True, False)] for f in (one, firm)]
    assert [[s.sure for s in row] for row in said] == [[False, True], [True, True]]
    assert [[s.p for s in row] for row in said] == [[0.2, 0.05], [0.001, 0.05]]
    assert not asked_of([one], [0.5], [False])[0].below().sure
    assert [f.p for f in adjusted(asked_of([firm, firm], [1.0] * 2, [True] * 2))] == [0.002] * 2
    arms, figures = run_of()
    exact, other = (verdict({**BATCH, "bound": b}, arms, figures) for b in (1, 1.0001))
    assert exact.word == other.word == "shown here"
    assert exact.p < other.p == 0.05


def optimum(means, **world):
    made = World(5, **{"queries": 240, "group": 2, "spread": (0.05, 0.02, 0.003), **world})
    arms = [made.arm(f"k{value}", 32, [mean]) for value, mean in means.items()]
    finding = {"test": "optimum_inside", "metric": "ndcg@10", "clustered": True}
    return verdict({**finding, "arms": {f"k{value}": value for value in means}}, arms)


def test_a_best_value_inside_an_edge_and_a_flat_top_are_told_apart():
    inside = optimum({8: 0.5, 32: 0.6, 128: 0.5})
    assert inside.word == "shown here" and inside.numbers[0].span.estimate > 0.95
    edge = optimum({8: 0.6, 32: 0.5, 64: 0.5, 128: 0.5})
    assert edge.word == "contradicted here" and edge.numbers[0].span.estimate < 0.05
    flat = optimum({8: 0.55, 32: 0.55, 128: 0.55}, spread=(0.1, 0.05, 0.01))
    assert flat.word == "not shown here" and "A difference of" in flat.reason
    assert optimum({8: 0.5, 32: 0.6}).word == "not comparable"
    assert optimum({8: 0.5, 32: 0.6, 128: 0.5}, seeds=1).leans == "shown here"


def test_the_share_of_resamples_is_by_the_order_of_values_not_of_names():
    assert optimum({128: 0.5, 8: 0.5, 32: 0.6}).numbers[0].span.estimate > 0.95


PAIRS = [["b3_32", "random_32"], ["b3_64", "random_64"]]
MORE_OF_PAIRS = {"test": "more_accurate", "metric": "ndcg@10", "pairs": PAIRS, "clustered": True}


def test_the_shared_tests_take_graded_metrics_groups_seeds_and_a_control_for_each_arm():
    arms, _ = run_of()
    said = verdict(MORE_OF_PAIRS, arms)
    assert [(one.arm, one.against) for one in said.numbers] == [tuple(pair) for pair in PAIRS]
    assert said.numbers[0].span.estimate == pytest.approx(0.06, abs=0.02)
    without = verdict(MORE_OF_PAIRS, [arm for arm in arms if arm.arm != "random_64"])
    assert without.word != "shown here" and "`random_64` (the run leaves it out)" in without.reason
    same = {**MORE_OF_PAIRS, "test": "equivalent", "margin": 0.2}
    assert verdict(same, arms).word == "shown here"
    assert verdict({**same, "margin": 0.001}, arms).word != "shown here"


def test_groups_widen_intervals_of_the_shared_tests():
    made = World(1, 240, 12, (0.02, 0.05, 0.001), 1)
    arms = [made.arm(f"{name}_{n}", n, [m]) for name, n, m in FOUR]
    for test in ("more_accurate", "equivalent"):
        told = [
            verdict({**MORE_OF_PAIRS, "test": test, "margin": 0.2, "clustered": on}
                    if test == "equivalent" else {**MORE_OF_PAIRS, "clustered": on}, arms)
            for on in (False, True)
        ]  # fmt: skip
        plain, wide = (one.numbers[0].span for one in told)
        assert wide.high - wide.low > 1.5 * (plain.high - plain.low)
        assert wide.estimate == plain.estimate


@pytest.mark.parametrize(
    ("finding", "said"),
    [
        ({"test": "more_accurate", "arms": ["a"]}, "control"),
        ({"test": "more_accurate", "arms": ["a"], "pairs": [["a", "b"]]}, "control"),
        ({"test": "more_accurate"}, "arms"),
        ({"test": "more_accurate", "pairs": [["a"]]}, "pairs"),
        ({**MORE_OF_PAIRS, "clustered": "yes"}, "clustered"),
        ({"test": "equivalent", "pairs": [["a", "b"]], "must_fail": "c"}, "must_fail"),
        ({"test": "optimum_inside", "arms": ["k8", "k32"]}, "names of arms with their values"),
        ({"test": "batch_equivalence", "arms": ["a"], "control": "b", "bound": 0}, "bound"),
    ],
)
def test_findings_that_could_not_be_tested_are_refused(finding, said):
    with pytest.raises(ConfigError) as found:
        check_finding({"id": "x", **finding}, "here")
    assert said in f"{found.value.message} {found.value.hint}"


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=6))
@settings(max_examples=count(30, 500))
def test_the_first_place_that_is_reached_is_the_first(means):
    found = first_reached(means)
    path = np.interp(np.linspace(0, len(means) - 1, 601), np.arange(len(means)), means)
    if found is None:
        assert max(means) < 0
    else:
        assert np.interp(found, np.arange(len(means)), means) == pytest.approx(0, abs=1e-9) or (
            found == 0 and means[0] > 0
        )
        before = np.linspace(0, len(means) - 1, 601) < found - 1e-9
        assert (path[before] < 1e-12).all()


def test_an_arm_needs_all_of_what_it_spent_to_equal_itself():
    arm = World(0).arm("random_32", 32, LESS)
    found = to_equal_quality(arm, arm)
    assert {kind: span.estimate for kind, span in found.ratio.items()} == pytest.approx(
        dict.fromkeys(("samples", "seconds", "texts"), 1.0)
    )
    assert found.reached and set(found.p.values()) == {1.0}


def test_queries_and_seeds_that_one_arm_lacks_are_left_out():
    world = World(0)
    one, other = world.arm("b3_32", 32, MORE), world.arm("random_32", 32, LESS)
    fewer = other.of(other.ids[5:][::-1], other.seeds[:2])
    left, right = aligned((one, fewer))
    assert left.ids == right.ids == one.ids[5:] and left.seeds == right.seeds == one.seeds[:2]
    assert (right.last.values == other.last.values[5:, :2]).all()
    assert aligned((one, other.of(other.ids, ()))) == ()


@pytest.mark.parametrize(
    ("arm", "method"),
    [
        ("b3_32", "b3"), ("b3", "b3"), ("b3@size=32", "b3"), ("k_8_32", "k_8"),
        ("b3@stages.batches.size=32@skip=0", "b3@skip=0"),
        ("b3@mini_size=32@size=64", "b3@mini_size=32@size=64"), ("b3_64", "b3_64"),
    ],
)  # fmt: skip
def test_a_method_is_an_arm_without_the_size_of_its_batch(arm, method):
    assert method_of(arm, 32) == method


def test_the_metric_of_the_generator_is_that_of_the_stage():
    assert NDCG.reach == 1.0
