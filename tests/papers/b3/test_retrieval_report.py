"""The stage `retrieval_report`, on trainings whose truth is known."""

import json
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from retrieved import World, placed, plan_told, written

from llmx.core.errors import ConfigError, RunError
from llmx.core.figure import Figures
from llmx.core.progress import Silent
from llmx.core.spec import ArmSpec, StageSpec
from llmx.core.stage import StageContext, StageInput
from llmx.papers.b3 import figure_names as names
from llmx.papers.b3.report.plans import details_of
from llmx.papers.b3.report.read import SeedTraining, trained_arm
from llmx.papers.b3.report.room import rooms_of, warm_student
from llmx.papers.b3.report.said import batch_said, ratio_said
from llmx.papers.b3.report.written import of_dataset
from llmx.papers.b3.stages.batches_report import BatchesReportStage
from llmx.papers.b3.stages.retrieval_report import RetrievalReportStage, sizes_of, training_of
from llmx.report.figures.read import figures_in
from llmx.stats.proportion import wilson

MEANS = {"random": (0.4, 0.5, 0.55, 0.58, 0.6), "b3": (0.4, 0.55, 0.62, 0.65, 0.66)}
NEEDS = ("warm", "rank", "batches", "train")


def stages(needs=NEEDS, **options):
    made = (
        StageSpec(name="warm_batches", kind="batches", options={"size": 16, "cut": "random"}),
        StageSpec(name="warm", kind="contrastive", needs=("warm_batches",)),
        StageSpec(name="embed", kind="embed", needs=("warm",), options={"model": "stage:warm"}),
        StageSpec(name="rank", kind="rank", needs=("embed",)),
        StageSpec(name="batches", kind="batches", needs=("embed", "rank"), options={"size": 32}),
        StageSpec(name="train", kind="contrastive", needs=("batches",)),
        StageSpec(
            name="report", kind="retrieval_report", over="recipe", needs=needs, options=options
        ),
    )
    return {one.name: one for one in made}


def given(arms, needs=NEEDS, reference="random_32", **options):
    known = stages(needs, **options)
    specs = {
        f"{arm.arm}@{seed}" if seed else arm.arm: ArmSpec(
            stages={
                "batches": {
                    **({"size": arm.size} if arm.size != 32 else {}),
                    **({"cut": "random"} if arm.method.startswith("random") else {}),
                }
            }
        )
        for arm in arms
        for seed in arm.seeds
    }
    return StageInput(known["report"], specs, reference=reference, stages=known)


def run_arms(seeds=3, sizes=(32, 64)):
    world = World(4, 90, 2, (0.05, 0.02, 0.003), seeds)
    return [
        world.arm(f"{name}_{size}", size, [m + (size > 32) * 0.03 for m in means])
        for size in sizes
        for name, means in MEANS.items()
    ]


def reported(folder, arms, stage=RetrievalReportStage, inputs=None, **more):
    asked = given(arms, **more)
    found = placed(folder / "stages", arms) if inputs is None else inputs
    out = folder / "out"
    out.mkdir()
    kind = stage()
    kind.run(StageContext(asked, kind.identity(asked), found, out, Silent()))
    return out


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    return reported(tmp_path_factory.mktemp("run"), run_arms())


def test_the_page_has_every_table_and_picture(out):
    text = (out / "retrieval.md").read_text()
    for title in (
        "What each arm came to", "After equal samples", "At equal encoder time",
        "What equal quality costs", "Batches of equal quality", "Clusters and batches",
        "Sizes of clusters", "Theorem 1 beside the loss",
        "Who shares a batch: false negatives", "Ten to read: b3_32", "Seconds by stage",
    ):  # fmt: skip
        assert f"## {title}\n" in text, title
    page = (out / "retrieval.html").read_text()
    assert page.count("<figure") == 6
    for name in ("quality-samples", "lead", "quality-seconds", "quality-batch", "in-batch", "loss"):
        drawn = ElementTree.fromstring((out / f"{name}.svg").read_text())
        assert drawn.tag.endswith("svg")


def test_axes_have_names_and_units(out):
    def texts(name):
        return [one.text for one in ElementTree.parse(out / f"{name}.svg").iter() if one.text]

    for size in (32, 64):
        assert f"Samples seen, batches of {size} rows" in texts("quality-samples")
        assert f"Seconds of training, batches of {size} rows" in texts("quality-seconds")
    assert "Quality, ndcg@10 (%)" in texts("quality-samples")
    assert {"Rows of a batch |B|", "Quality, ndcg@10 (%)"} <= {*texts("quality-batch")}
    assert "In-batch accuracy (%)" in texts("in-batch")
    assert "Lead (points)" in texts("lead")
    assert "Loss (nats)" in texts("loss")


def test_the_room_is_said_first(out):
    first = (out / "retrieval.md").read_text().split("\n- ")[1]
    assert first.startswith(
        "Room: random batches of 16 are 99.5 % solved by `warm`, the corpus of the same rows 51.0 %"
    )
    found = figures_in(out)
    assert found.find(names.ROOM, "warm").span.estimate == pytest.approx(0.485)


def test_the_plans_page_says_the_room_too(tmp_path):
    arms = run_arms(seeds=1)
    out = reported(tmp_path, arms, BatchesReportStage)
    text = (out / "batches.md").read_text()
    assert "\n\nRoom: random batches of 16 are 99.5 % solved by `warm`" in text
    assert figures_in(out).find(names.ROOM, "warm") is not None


def test_without_a_warm_student_among_its_needs_no_room_is_said(tmp_path):
    out = reported(tmp_path, run_arms(seeds=1), needs=("batches", "train"))
    assert "Room" not in (out / "retrieval.md").read_text()


def test_figures_hold_what_was_planted(out):
    found = figures_in(out)
    gap = found.find(names.difference("samples"), "b3_32", "random_32")
    assert gap.span.estimate == pytest.approx(0.06, abs=0.03) and gap.span.above(0)
    assert (gap.n, gap.seeds, gap.lone, gap.expected) == (90, 3, False, 400)
    batch = found.find(names.EQUAL_BATCH, "b3_32", "random_32")
    assert batch.over == ("random_32", "random_64") and batch.expected == 64
    leads = {one.at: one.span for one in found.of(names.LEAD, {"b3_32"})}
    assert sorted(leads) == [0, 100, 200, 300, 400] and leads[400] == gap.span
    assert leads[0].low < 0 < leads[0].high
    ratio = found.find(names.to_equal("samples"), "b3_32", "random_32")
    assert ratio.span.low < 171.4 / 400 < ratio.span.high
    assert ratio.p == gap.p < 0.05
    assert found.marked(names.CONTROL) == ("random_32", "random_64")
    assert found.find(f"{names.STAGE_SECONDS}train", "b3_32").span.estimate == 37.5
    assert found.find(names.BOUND, "b3_32").span.estimate == 1.2
    duplicate = found.find(names.truth("duplicate", "first"), "b3_32")
    assert duplicate.span.estimate == 0.25 and duplicate.n == 96
    assert found.find(names.truth("duplicate", "unranked"), "b3_32") is None


def test_sizes_of_clusters_are_told_before_and_after_the_repair(out):
    text = (out / "retrieval.md").read_text()
    assert "| `b3_32` | 30 × 7, 90 × 8, 2 × 9 | 120 × 8 |" in text


def test_a_row_to_read_is_one_line_and_cut(out):
    (row,) = [one for one in (out / "retrieval.md").read_text().split("\n") if "a \\| b c" in one]
    assert "| 3 | related | own 'x' |" in row and "m" * 200 + " …" in row


def test_the_same_run_gives_the_same_bytes(out, tmp_path):
    again = reported(tmp_path, run_arms())
    assert sorted(p.name for p in again.iterdir()) == sorted(p.name for p in out.iterdir())
    assert all((again / p.name).read_bytes() == p.read_bytes() for p in out.iterdir())


def test_one_training_is_indicative_in_words(tmp_path):
    text = (reported(tmp_path, run_arms(seeds=1)) / "retrieval.md").read_text()
    assert "- One training an arm" in text and "indicative" in text.split("After equal samples")[1]


def test_points_of_a_sweep_are_sizes_of_one_method(tmp_path):
    world = World(0, 60, 2, seeds=1)
    arms = [
        world.arm(f"{name}@size={size}", size, means)
        for size in (32, 64)
        for name, means in MEANS.items()
    ]
    found = figures_in(reported(tmp_path, arms, reference="random@size=32"))
    assert len(found.of(names.difference("samples"))) == 2
    swept = found.find(names.EQUAL_BATCH, "b3@size=64", "random@size=64")
    assert swept.over == ("random@size=32", "random@size=64")


def test_encoder_time_is_equal_in_texts_not_in_samples(tmp_path):
    """With five negatives a row has seven texts: after as many of them it has seen fewer rows."""
    world = World(0, 90, 2, (0.02, 0.0, 0.0), 1)
    arms = [
        world.arm("random_32", 32, MEANS["random"]),
        world.arm("random_hn_32", 32, MEANS["b3"], texts=7.0, negatives=5),
    ]
    found = figures_in(reported(tmp_path, arms))
    gap = found.find(names.difference("texts"), "random_hn_32", "random_32")
    assert gap.expected == 800
    assert gap.span.estimate == pytest.approx(0.56 - 0.6, abs=0.007)
    assert found.find(names.difference("samples"), "random_hn_32", "random_32").span.estimate > 0.04


def test_a_teacher_that_is_not_the_warm_student_gives_no_room():
    asked = given(run_arms(seeds=1))
    assert warm_student(asked) == "warm"
    other = stages()["embed"].model_copy(update={"options": {"model": "package:wordllama"}})
    assert warm_student(replace(asked, stages={**asked.stages, "embed": other})) is None


def test_an_arm_with_another_teacher_says_nothing_of_the_room(tmp_path):
    arms = run_arms(seeds=1)
    asked, inputs = given(arms), placed(tmp_path, arms)
    other = asked.arms["b3_64"].model_copy(
        update={"stages": {"embed": {"model": "words"}, "batches": {"size": 64}}}
    )
    asked = replace(asked, arms={**asked.arms, "b3_64": other})
    inputs["rank/b3_64"] = tmp_path / "by-words"
    inputs["rank/b3_64"].mkdir()
    (inputs["rank/b3_64"] / "rank.json").write_text('{"own_target_first": 0.9}')
    (room,) = rooms_of(StageContext(asked, {}, inputs, tmp_path, Silent()))
    assert (room.arm, room.size, room.first) == ("warm", 16, 0.51)


def test_what_a_sample_is_has_the_interval_of_its_size(out):
    found = figures_in(out).find(names.truth("duplicate", "band"), "b3_32")
    wanted = wilson(12, 300)
    assert (found.span.low, found.span.high, found.n) == (wanted.low, wanted.high, 300)


def test_of_several_datasets_each_has_its_tables():
    told = plan_told()
    told["datasets"]["wordnet"] = told["datasets"]["debian"]
    whole = Figures(figures=tuple(details_of("b3", told)))
    assert whole.find(names.BOUND, "b3") is None
    assert of_dataset(whole, "wordnet").find(names.BOUND, "b3").span.estimate == 1.2


@pytest.mark.parametrize(
    ("needs", "options", "said"),
    [
        (("batches",), {}, "needs no stage of kind contrastive"),
        (("train",), {}, "add batches to stages.report.needs"),
        (("batches", "train"), {"training": "rank"}, "no stage of kind contrastive"),
    ],
)
def test_what_cannot_be_reported_is_refused_before_it_runs(needs, options, said):
    asked = given(run_arms(seeds=1), needs, **options)
    with pytest.raises(ConfigError) as found:
        RetrievalReportStage().identity(asked)
    assert said in f"{found.value.message} {found.value.hint}"


def test_a_report_without_control_or_reference_is_refused():
    asked = given(run_arms(seeds=1), reference=None)
    with pytest.raises(ConfigError, match="names no arm, and the recipe has no reference"):
        RetrievalReportStage().identity(asked)


def test_the_last_training_among_needs_is_reported_and_sizes_are_those_of_its_plan():
    asked = given(run_arms(seeds=1))
    assert training_of(asked) == "train"
    assert sizes_of(asked) == {"random_32": 32, "b3_32": 32, "random_64": 64, "b3_64": 64}


def test_another_split_and_seeds_that_do_not_fit_are_said(tmp_path):
    arm = run_arms()[0]
    one = SeedTraining(written(tmp_path / "0", arm, 0), "", 32)
    with pytest.raises(RunError) as found:
        one.evaluations("calibration")
    assert "were evaluated: test" in found.value.hint
    other = SeedTraining(written(tmp_path / "1", arm, 1), "seed=1", 32)
    lines = (other.folder / "evaluations.jsonl").read_text().splitlines(keepends=True)
    (other.folder / "evaluations.jsonl").write_text("".join(lines[:-1]))
    with pytest.raises(RunError, match="evaluated at different steps"):
        trained_arm("random_32", [one, other], "test")


def test_seeds_become_columns_and_seconds_their_mean(tmp_path):
    arm = run_arms()[0]
    folders = [
        SeedTraining(written(tmp_path / str(at), arm, at), seed, 32)
        for at, seed in enumerate(arm.seeds)
    ]
    found = trained_arm("random_32", folders, "test")
    assert found.last.values == pytest.approx(arm.last.values, abs=1e-6)
    assert found.last.seconds == arm.last.seconds + 1
    assert (found.method, found.clusters, found.seeds) == ("random", arm.clusters, arm.seeds)
    path = folders[1].folder / "evaluations.jsonl"
    turned = [json.loads(line) for line in path.read_text().splitlines()]
    for one in turned:
        for key in ("ids", "clusters", "values"):
            one[key] = one[key][::-1]
        one["values"][0] = None  # a query without a right target
    path.write_text("".join(json.dumps(one) + "\n" for one in turned))
    again = trained_arm("random_32", folders, "test")
    assert again.ids == arm.ids[:-1]
    assert again.last.values == pytest.approx(found.last.values[:-1])


def test_ends_that_were_not_seen_are_named():
    def figure(estimate, low, high):
        from llmx.core.figure import Figure, Span

        span = Span(estimate=estimate, low=low, high=high)
        return Figure(quantity="x", arm="b3_32", span=span, unit="rows", expected=96)

    assert batch_said(figure(71.2, 43, None)) == "71 rows (43 to beyond 96)"
    assert batch_said(figure(96, 70, None)) == "at least 96 rows (70 to beyond 96)"
    assert batch_said(figure(96, 96.0000001, None)) == "more than 96 rows, the largest"
    assert batch_said(figure(40, None, 60)) == "40 rows (below the smallest to 60)"
    assert batch_said(figure(32, None, 31.9999999)) == "fewer than 32 rows, the smallest"
    one = figure(0.62, 0.5, 0.71).model_copy(update={"expected": 1.0})
    assert ratio_said(one) == "0.62 (0.50 to 0.71)"
    late = one.model_copy(update={"span": one.span.model_copy(update={"low": None, "high": None})})
    assert ratio_said(late) == "0.62 (0 to more than 1.00)"
