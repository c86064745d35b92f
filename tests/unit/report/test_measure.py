"""Rows against figures worked out by hand."""

import pytest
from invented import arm_specs
from result_rows import row_of

from llmx.core.record import Record, Score
from llmx.report.build import build
from llmx.report.figures.by_arm import ByArm
from llmx.report.figures.names import FILTERED
from llmx.report.gather import ArmFiles, Gathered, TimedBlock
from llmx.report.tables import reference_title, tables
from llmx.stats import mcnemar_exact, paired_score_interval, wilson


def score(name, right, tokens=20, rounds=8, accepted=12, finish="eos", unparsed=False):
    return Score(
        id=name,
        cluster="",
        expected="1",
        strict=None if unparsed else "1",
        flexible="1",
        correct=right,
        correct_flexible=True,
        unparsed=unparsed,
        tokens=tokens,
        finish=finish,
        rounds=rounds,
        drafted=40,
        accepted=accepted,
    )


def scored(*rights, **counts):
    return ArmFiles(scores={f"p{i}": score(f"p{i}", r, **counts) for i, r in enumerate(rights)})


def blocks(arm, *seconds, tokens=100):
    return [
        TimedBlock(round=i, arm=arm, problems=4, tokens=tokens, seconds=s, rounds=9, batch_size=1)
        for i, s in enumerate(seconds)
    ]


def results(arms, timed=(), reference="sd"):
    return build(Gathered(arms, list(timed)), arm_specs(list(arms)), reference, "t")


def test_quality_columns():
    row = row_of(results({"sd": scored(True, True, False, True)}), "sd")
    assert row.accuracy.estimate == 0.75
    assert row.accuracy.low == wilson(3, 4).low
    assert (row.problems, row.accuracy_flexible, row.unparsed_share) == (4, 1.0, 0.0)


def test_length_columns_are_ratios_of_totals():
    row = row_of(results({"sd": scored(True, True, tokens=20, rounds=8, accepted=12)}), "sd")
    assert (row.target_rounds, row.output_tokens) == (8, 20)
    assert (row.accepted_length, row.draft_share) == (1.5, 0.6)


@pytest.mark.parametrize("arm", ["target", "draft"])
def test_arms_that_verify_nothing_have_no_draft_share(arm):
    row = row_of(results({arm: scored(True, accepted=0)}), arm)
    assert (row.accepted_length, row.draft_share, row.share_missed) == (None, None, False)


def test_cut_and_unparsed_shares():
    arm = scored(True, False, finish="length", unparsed=True)
    row = row_of(results({"sd": arm}), "sd")
    assert (row.cut_share, row.unparsed_share) == (1.0, 1.0)


def test_what_a_filter_took_is_a_share_and_a_caution_and_else_not_written():
    arm, plain = scored(True, False, finish="filtered"), scored(True, False)
    found = results({"sd": arm, "target": plain})
    known = ByArm(found.figures)
    assert known.alone(FILTERED, "sd").span.estimate == 1.0
    assert known.alone(FILTERED, "target") is None
    (text,) = [one.text for one in found.findings if "filter" in one.text]
    assert "`sd` 100.0 %" in text and "`target`" not in text


def test_the_difference_pairs_by_id_and_not_by_order():
    """By order two would be gained and three lost."""
    base = scored(True, True, True, False, False, False)
    same = scored(True, True, False, False, False, False)
    arm = ArmFiles(scores=dict(reversed(same.scores.items())))
    gap = row_of(results({"sd": base, "fsd_60": arm}), "fsd_60").difference
    assert (gap.gained, gap.lost, gap.problems) == (0, 1, 6)
    assert gap.p_value == mcnemar_exact(0, 1)
    expected = paired_score_interval(0, 1, 6)
    assert (gap.score.low, gap.score.high) == (expected.low, expected.high)


def test_only_common_problems_are_compared():
    found = results({"sd": scored(True, True, True), "fsd_60": scored(True, False)})
    assert row_of(found, "fsd_60").difference.problems == 2


def test_the_reference_has_no_difference_from_itself():
    found = results({"sd": scored(True), "target": scored(True)})
    assert row_of(found, "sd").difference is None
    assert row_of(found, "target").difference.score.estimate == 0


def test_speed_columns_pair_rounds():
    timed = [*blocks("target", 2.0, 4.0), *blocks("sd", 1.0, 2.0)]
    found = results({"target": scored(True), "sd": scored(True)}, timed)
    row = row_of(found, "sd")
    assert row.tokens_per_second.estimate == pytest.approx(200 / 3)
    assert row.problems_per_second.estimate == pytest.approx(8 / 3)
    assert (row.speedup.low, row.speedup.high) == pytest.approx((2, 2))
    assert row_of(found, "target").speedup is None
    assert (found.baseline, found.batch_size, found.speed_rounds) == ("target", 1, 2)


def test_longer_answers_slow_problems_but_not_tokens():
    timed = [*blocks("target", 2.0, 2.0), *blocks("fsd_60", 2.0, 2.0, tokens=200)]
    row = row_of(results({"target": scored(True), "fsd_60": scored(True)}, timed), "fsd_60")
    assert row.speedup.estimate == pytest.approx(2)
    assert row.speedup_problems.estimate == pytest.approx(1)


OWN = {"sd": "sd", "fsd_60": "sd", "draft": "draft", "strict_60": "draft"}
COLD = {"target": 0.6, "draft": 0.0, "strict_60": 0.0, "fsd_60": 0.6, "sd": 0.6}


def cold(arms, references=OWN, timed=()):
    """Build results in which arms have references of their own, and some decode greedily."""
    specs = arm_specs(list(arms))
    for name, spec in specs.items():
        sampler = spec.sampler.model_copy(update={"temperature": COLD.get(name, 0.0)})
        specs[name] = spec.model_copy(update={"sampler": sampler})
    return build(Gathered(arms, list(timed)), specs, "sd", "t", references)


def test_an_arm_is_compared_with_its_own_reference():
    arms = {
        "sd": scored(True, True, rounds=8),
        "fsd_60": scored(True, False, rounds=6),
        "draft": scored(False, False, rounds=2),
        "strict_60": scored(True, False, rounds=3),
    }
    found = cold(arms)
    fuzzy, strict = row_of(found, "fsd_60"), row_of(found, "strict_60")
    assert (fuzzy.reference, fuzzy.difference.lost, fuzzy.difference.gained) == ("sd", 1, 0)
    assert (strict.reference, strict.difference.lost, strict.difference.gained) == ("draft", 0, 1)
    assert fuzzy.rounds_reference.estimate == pytest.approx(0.75)
    assert strict.rounds_reference.estimate == pytest.approx(1.5)
    assert row_of(found, "sd").reference is None and row_of(found, "sd").rounds_reference is None


def test_rounds_are_paired_by_problem_and_who_needs_none_has_no_ratio():
    base, arm = scored(True, True), scored(True, True)
    for files, (one, two) in ((base, (4, 8)), (arm, (2, 4))):
        files.scores["p0"] = score("p0", True, rounds=one)
        files.scores["p1"] = score("p1", True, rounds=two)
    ratio = row_of(results({"sd": base, "fsd_60": arm}), "fsd_60").rounds_reference
    assert (ratio.low, ratio.estimate, ratio.high) == pytest.approx((0.5, 0.5, 0.5))
    alone = results({"sd": base, "draft": scored(True, True, rounds=0)})
    assert row_of(alone, "draft").rounds_reference is None


def test_a_speed_up_is_over_the_target_of_the_same_temperature():
    """The name of an arm says nothing: `random_70` stands in as a greedy target."""
    arms = {name: scored(True) for name in ("target", "random_70", "sd", "strict_60")}
    timed = [*blocks("target", 2.0, 2.0), *blocks("random_70", 1.0, 1.0)]
    timed += [*blocks("sd", 1.0, 1.0), *blocks("strict_60", 1.0, 1.0)]
    specs = arm_specs(list(arms))
    greedy = specs["target"].sampler.model_copy(update={"temperature": 0.0})
    specs["random_70"] = specs["target"].model_copy(update={"sampler": greedy})
    fuzzy = specs["strict_60"].sampler.model_copy(update={"temperature": 0.0})
    specs["strict_60"] = specs["strict_60"].model_copy(update={"sampler": fuzzy})
    found = build(Gathered(arms, timed), specs, "sd", "t")
    assert row_of(found, "sd").speedup.estimate == pytest.approx(2)
    assert row_of(found, "strict_60").speedup.estimate == pytest.approx(1)


def test_headings_name_one_reference_or_none():
    arms = {name: scored(True, False) for name in ("sd", "fsd_60", "draft", "strict_60")}
    titles = [table.title for table in tables(cold(arms))]
    assert "Beside the reference" in titles
    beside = next(table for table in tables(cold(arms)) if table.name == "beside")
    assert [beside.columns[0].cell(arm) for arm in beside.arms] == ["sd", "draft"]
    assert reference_title(results({"sd": scored(True), "fsd_60": scored(True)})) == "sd"


def test_one_round_gives_no_interval():
    timed = [*blocks("target", 2.0), *blocks("sd", 1.0)]
    row = row_of(results({"target": scored(True), "sd": scored(True)}, timed), "sd")
    assert (row.speedup.estimate, row.speedup.low, row.tokens_per_second.low) == (2, None, None)


def test_only_rounds_that_both_arms_have_are_paired():
    timed = [*blocks("target", 2.0, 2.0, 50.0), *blocks("sd", 1.0, 1.0)]
    found = results({"target": scored(True), "sd": scored(True)}, timed)
    assert row_of(found, "sd").speedup.estimate == pytest.approx(2)


@pytest.mark.parametrize(
    ("accepted", "missed"), [(60, False), (63, False), (64, True), (56, True)], ids=str
)
def test_a_draft_share_three_points_off_is_flagged(accepted, missed):
    arm = scored(True, tokens=100, accepted=accepted)
    assert row_of(results({"fsd_60": arm}), "fsd_60").share_missed is missed


def test_records_without_scores_still_have_lengths():
    record = Record(
        id="a",
        prompt_ids=(1,),
        completion_ids=(1, 2, 3, 4),
        prompt="",
        text="",
        finish="length",
        rounds=2,
        drafted=5,
        accepted=2,
    )
    row = row_of(results({"sd": ArmFiles(records={"a": record})}), "sd")
    assert (row.output_tokens, row.draft_share, row.cut_share) == (4, 0.5, 1)
    assert (row.problems, row.accuracy) == (1, None)


@pytest.mark.parametrize(
    ("names", "expected"),
    [(["sd", "target"], "target"), (["sd"], None), (["draft", "sd"], None)],
    ids=str,
)
def test_the_baseline_is_the_arm_of_the_target_alone(names, expected):
    assert results({name: ArmFiles() for name in names}).baseline == expected


@pytest.mark.parametrize(
    ("clusters", "given"), [(19, False), (20, True), (40, False)], ids=["few", "enough", "singles"]
)
def test_clusters_are_resampled_where_there_are_enough_of_them(clusters, given):
    arms = {}
    for name, step in (("sd", 3), ("fsd_60", 4)):
        scores = scored(*(i % step > 0 for i in range(40))).scores
        arms[name] = ArmFiles(
            scores={
                key: made.model_copy(update={"cluster": f"t{index % clusters}"})
                for index, (key, made) in enumerate(scores.items())
            }
        )
    gap = row_of(results(arms), "fsd_60").difference
    assert (gap.clustered is not None) is given


def test_items_that_only_say_again_what_their_cluster_said_narrow_nothing():
    """Nine copies of 20 items: of the copies alone the interval would be a third as wide."""
    arms = {}
    for name, step in (("sd", 3), ("fsd_60", 4)):
        scores = scored(*(i % 20 % step > 0 for i in range(180))).scores
        rows = enumerate(scores.items())
        labelled = {n: s.model_copy(update={"cluster": f"t{i % 20}"}) for i, (n, s) in rows}
        arms[name] = ArmFiles(scores=labelled)
    gap = row_of(results(arms), "fsd_60").difference
    widths = [span.high - span.low for span in (gap.clustered, gap.bootstrap)]
    assert widths[0] == pytest.approx(3 * widths[1], rel=0.1)


def test_a_sweep_compares_every_point_with_its_own_reference_and_baseline():
    names = ["target@t=0", "target@t=1", "sd@g=3@t=0", "sd@g=3@t=1", "fsd@g=3@t=0", "fsd@g=3@t=1"]
    arms = dict.fromkeys(names)
    from llmx.report.measure import at_point

    assert at_point("target@t=0", "fsd@g=3@t=1", arms) == "target@t=1"
    assert at_point("target", "fsd@g=3@t=0", arms) == "target@t=0"
    assert at_point("sd@g=3@t=0", "fsd@g=3@t=1", arms) == "sd@g=3@t=1"
    assert at_point("target", "sd", {"target": None, "sd": None}) == "target"
    assert at_point(None, "sd", {"sd": None}) is None
