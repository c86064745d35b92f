"""Metrics that scorers declare: read wherever accuracy is, and by the same laws."""

import json
from dataclasses import replace
from io import StringIO
from itertools import product

import numpy as np
import pytest
from answered import answer, answered, blocks
from answered import verdict as judged_alone
from pydantic import ValidationError
from recomputed import differing
from rich.console import Console

from llmx.claims.compare import words
from llmx.claims.compare.model import Compared
from llmx.claims.compare.pair import GivenSide, compare
from llmx.claims.reproduce.stored import CARD
from llmx.core import registry
from llmx.core.audit import Audit
from llmx.core.errors import ConfigError, DataError, RunError
from llmx.core.figure import Span
from llmx.core.names import seed_of
from llmx.core.progress import Silent
from llmx.core.record import RIGHT, Metric, Record, Sample, as_json
from llmx.core.spec import ArmSpec, DataSpec, SamplerSpec, StageSpec
from llmx.core.stage import StageContext, StageInput
from llmx.report.difference import difference
from llmx.report.figures.read import results_in
from llmx.report.gather import ArmFiles, gather
from llmx.report.measure import value_span
from llmx.report.numbers import gap_words, margin_words
from llmx.report.outcomes import columns
from llmx.report.outcomes.encode import metrics_of
from llmx.report.paired_table import paired_table
from llmx.report.terminal import render
from llmx.report.verdict.floor import at_a_limit
from llmx.report.verdict.gap import gap_p, gap_span
from llmx.scoring import scorer as scorer_contract
from llmx.scoring.scorer import scored
from llmx.stages.report import ReportStage
from llmx.stages.score import ScoreStage, misfit
from llmx.stages.scoring_stage import declared
from llmx.stages.verdicts import VerdictStage
from llmx.store.files import read_json, write_json, write_lines

SAME = Metric(name="same", unit="%", low=0, high=1, boolean=True)
SUM = Metric(name="sum", low=0, high=1, boolean=True, aggregate="sum")
F1 = Metric(name="f1", low=0, high=1, explain="Overlap of words.")
SCALED = Metric(name="scaled", low=0, high=50, unit="marks")
TOTAL = Metric(name="total", low=0, high=1, aggregate="sum")
LOSS = Metric(name="loss", low=-1, high=0, better="lower")
OPEN = Metric(name="open")
ALL = (SAME, SUM, F1, SCALED, TOTAL, LOSS, OPEN)


def graded(values, right, trained=False):
    """Return an arm of (problems, seeds) whose metrics all come from one table of values."""
    arm = answered(right, trained=trained)
    runs = []
    for seed, run in enumerate(arm.runs()):
        scores = {
            name: one.model_copy(update={"values": _values(one.correct, float(value))})
            for (name, one), value in zip(run.scores.items(), values[:, seed], strict=True)
        }
        runs.append(replace(run, scores=scores, metrics=ALL))
    return runs[0] if len(runs) == 1 else replace(runs[0], seeds=tuple(runs))


def _values(right, value):
    return {
        "same": float(right), "sum": float(right), "f1": value, "scaled": 50 * value,
        "total": value, "loss": -value, "open": value,
    }  # fmt: skip


def world(seed, seeds=1, trained=False, n=40, gap=0.12):
    """Return arms `a` and `b`; `a` is better on most problems."""
    dice = np.random.default_rng(seed)
    hard = dice.random((n, 1))
    first, second = (np.clip(hard + dice.normal(0, 0.2, (n, seeds)), 0, 1) for _ in range(2))
    first = np.clip(first + gap, 0, 1)
    return {
        name: graded(values, values > 0.5, trained)
        for name, values in (("a", first), ("b", second), ("c", second[::-1]))
    }


WORLDS = [(0, 1, False), (1, 3, False), (2, 3, True), (3, 1, True), (4, 1, False)]
TESTS = {
    "more_accurate": {"arms": ["a", "c"], "control": "b"},
    "equivalent": {"arms": ["a", "c"], "reference": "b"},
    "lossless": {"arm": "a", "target": "b"},
    "optimum": {"arms": {"a": 0, "b": 1, "c": 2}, "expected": 0},
    "ranking_at_equal_share": {"arms": ["a", "b", "c"]},
    "beats_control": {"arms": ["a"], "control": "b"},
    "non_inferior_and_faster": {"arms": ["a"], "reference": "b"},
    "costs_and_gains": {"pairs": [["a", "b"]]},
}
MARGINS = ("equivalent", "lossless", "non_inferior_and_faster")


def verdict(test, arms, metric, margin=0.3):
    finding = {"test": test, **TESTS[test], "metric": metric}
    if test in MARGINS:
        finding["margin"] = margin
    timed = [*blocks("a", [1.0, 1.1, 1.05]), *blocks("b", [1.5, 1.4, 1.6])]
    return judged_alone(finding, arms, timed)


def numbers(found, factor=1.0, turned=False):
    """Return figures without names and units; of differences and levels of a metric scaled."""
    rows = []
    for one in found.numbers:
        scale = factor if "difference" in one.what else 1.0
        low, high = one.span.low, one.span.high
        ends = [low, one.span.estimate, high] if low is not None else [one.span.estimate]
        if turned and "difference" in one.what:
            ends = [-end for end in reversed(ends)]
        rows.append((one.arm, one.against, one.p, tuple(scale * end for end in ends)))
    return rows


@pytest.mark.parametrize("made", WORLDS)
def test_a_metric_that_is_had_or_not_has_the_figures_of_accuracy(made):
    """Bit for bit: levels, differences, p values and every verdict."""
    arms = world(*made)
    a, b = arms["a"], arms["b"]
    assert value_span(a, SAME) == value_span(a, RIGHT)
    assert replace(difference(a, b, SAME), metric=RIGHT) == difference(a, b)
    for test in TESTS:
        one, other = verdict(test, arms, "accuracy"), verdict(test, arms, "same")
        assert (one.word, one.p, one.leans) == (other.word, other.p, other.leans)
        assert numbers(one) == numbers(other)


@pytest.mark.parametrize("made", WORLDS)
@pytest.mark.parametrize("test", TESTS)
def test_neither_unit_nor_direction_nor_summing_changes_a_word(made, test):
    """All figures follow: 50 marks for 1, minus where less is better, 40 problems for one."""
    arms = world(*made)
    plain = verdict(test, arms, "f1")
    for metric, factor, turned in (("scaled", 50, False), ("total", 40, False), ("loss", 1, True)):
        found = verdict(test, arms, metric, 0.3 * factor)
        assert found.word == plain.word
        assert found.p == pytest.approx(plain.p)
        wanted = numbers(plain, factor, turned)
        for one, other in zip(numbers(found), wanted, strict=True):
            assert one[:2] == other[:2]
            assert one[3] == pytest.approx(other[3])


@pytest.mark.parametrize("made", WORLDS)
def test_differences_are_scaled_and_counted_by_what_is_better(made):
    a, b = (world(*made)[name] for name in "ab")
    plain, total, loss = (difference(a, b, metric) for metric in (F1, TOTAL, LOSS))
    assert plain is not None and total is not None and loss is not None
    assert (loss.gained, loss.lost) == (plain.gained, plain.lost)
    assert plain.gained > plain.lost > 0
    for field in ("score", "bootstrap"):
        span, own, turned = (getattr(one, field) for one in (plain, total, loss))
        assert own.low == pytest.approx(40 * span.low)
        # BCa resamples the mirror image with the same draws: equal but for their last digits.
        assert turned.high == pytest.approx(-span.low, abs=2e-3)
    assert total.detectable == pytest.approx(40 * plain.detectable)
    assert total.p_value == loss.p_value == plain.p_value


def test_seeds_count_for_a_metric_as_they_do_for_accuracy():
    """Seeds of trainings widen an interval; a sampler's do not."""
    dice = np.random.default_rng(5)
    values = np.clip(0.5 + dice.normal(0, 0.05, (60, 3)) + [-0.2, 0.0, 0.2], 0, 1)
    drawn, trained = (graded(values, values > 0.5, kind) for kind in (False, True))
    narrow, wide = (value_span(arm, F1) for arm in (drawn, trained))
    assert wide.high - wide.low > 5 * (narrow.high - narrow.low)
    few, many = (
        gap_p(paired_table(arm, graded(np.full((60, 3), 0.4), values > 0.5, arm.trained)), F1)
        for arm in (trained, drawn)
    )
    assert few > 0.05 > many
    base = graded(np.full((60, 3), 0.4), values > 0.5, True)
    wide, narrow = (
        gap_span(paired_table(arm, replace(base, trained=arm.trained)), F1)
        for arm in (trained, drawn)
    )
    assert wide.high - wide.low > 5 * (narrow.high - narrow.low)


def test_arms_that_all_agree_are_equal_only_as_far_as_bounds_say():
    flat = np.full((40, 1), 0.25)
    table = paired_table(graded(flat, flat > 0), graded(flat, flat > 0))
    span = gap_span(table, F1)
    assert span.low == pytest.approx(-span.high) and 0.05 < span.high < 0.1
    assert gap_span(table, TOTAL).high == pytest.approx(40 * span.high)
    assert gap_span(table, OPEN) == Span(estimate=0.0)
    arms = {"a": graded(flat, flat > 0), "b": graded(flat, flat > 0)}
    finding = {"test": "equivalent", "arms": ["a"], "reference": "b", "margin": 0.2}
    assert judged_alone({**finding, "metric": "f1"}, arms).word == "shown here"
    assert judged_alone({**finding, "metric": "open"}, arms).word == "not shown here"


@pytest.mark.parametrize("made", WORLDS)
def test_equivalent_is_lossless_of_every_arm(made):
    """The words of one arm are those of `lossless`; shown of all is shown of each."""
    said = set()
    for gap in (0.02, 0.5):
        arms = world(*made, gap=gap)
        for metric, margin in product(("accuracy", "f1"), (0.02, 0.1, 0.2, 0.4)):
            each = {name: _equivalent(arms, [name], margin, metric) for name in "ac"}
            for name, found in each.items():
                more = {"margin": margin, "metric": metric}
                one = judged_alone({"test": "lossless", "arm": name, "target": "b", **more}, arms)
                assert (found.word, found.p) == (one.word, one.p)
                assert numbers(found) == numbers(one)
            words_ = {found.word for found in each.values()}
            word = _equivalent(arms, ["a", "c"], margin, metric).word
            assert (word == "shown here") == (words_ == {"shown here"})
            assert word != "contradicted here" or "contradicted here" in words_
            said |= {word, *words_}
    trained = made[2] and made[1] == 1
    assert said >= ({"indicative"} if trained else {"shown here", "contradicted here"})


def _equivalent(arms, names, margin, metric):
    finding = {"test": "equivalent", "arms": names, "reference": "b"}
    return judged_alone({**finding, "margin": margin, "metric": metric}, arms)


def test_the_reason_names_the_metric_and_its_unit():
    arms = world(0)
    table = {"f1": "in f1", "scaled": "marks in scaled", "same": "points in same"}
    for metric, said in table.items():
        finding = {"test": "more_accurate", "arms": ["a"], "control": "b", "metric": metric}
        assert f" {said} from `b`." in judged_alone(finding, arms).reason
    plain = judged_alone({"test": "more_accurate", "arms": ["a"], "control": "b"}, arms)
    assert " points from `b`." in plain.reason
    assert gap_words(Span(estimate=0.5, low=-0.25, high=1.25), F1) == (
        "+0.500 (−0.250 to +1.250) in f1"
    )
    assert margin_words(0.02, RIGHT) == "2 points" and margin_words(0.02, SCALED) == "0.02 marks"


def test_a_metric_at_its_bound_decides_nothing():
    full, none = np.ones((40, 1)), np.zeros((40, 1))
    right = np.arange(40)[:, None] % 2 == 0
    arms = {"a": graded(full, right), "b": graded(none, right), "c": graded(right * 1.0, right)}
    assert "at the ceiling" in at_a_limit("a", arms["a"], F1).why
    assert "at the ceiling" in at_a_limit("a", arms["a"], LOSS).why
    assert "at the floor" in at_a_limit("b", arms["b"], LOSS).why
    assert "at the floor" in at_a_limit("b", arms["b"], F1).why
    assert at_a_limit("c", arms["c"], F1) is None and at_a_limit("a", arms["a"], OPEN) is None
    finding = {"test": "more_accurate", "arms": ["a"], "control": "b", "metric": "f1"}
    found = judged_alone(finding, arms)
    assert found.word == "not testable here" and "every f1 is 1" in found.reason


def replace_better(metric):
    return metric.model_copy(update={"better": "lower"})


def test_an_arm_without_the_metric_is_not_compared():
    arms = world(0)
    arms["b"] = replace(arms["b"], metrics=(SAME,))
    finding = {"test": "more_accurate", "arms": ["a"], "control": "b", "metric": "f1"}
    assert judged_alone(finding, arms).word == "not comparable"
    assert difference(arms["a"], arms["b"], F1) is None
    with pytest.raises(RunError, match="metric 'f2'"):
        judged_alone({**finding, "metric": "f2"}, arms)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"metric": ""}, "metric is ''"),
        ({"metric": 3}, "metric is 3"),
        ({"metric": "f1"}, "no margin for 'f1'"),
        ({"metric": "f1", "margin": 0}, "margin is 0"),
        ({"metrics": "f1"}, "unknown field 'metrics'"),
    ],
)
def test_a_finding_on_a_metric_that_could_not_be_judged_is_refused(more, said):
    finding = {"test": "equivalent", "arms": ["a"], "reference": "b", **more}
    with pytest.raises(ConfigError, match=said):
        judged_alone(finding, world(0))


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "F1"}, {"name": ""}, {"name": "a b"}, {"name": "x" * 41},
        {"name": "a", "low": 1, "high": 1}, {"name": "a", "low": float("nan")},
        {"name": "a", "high": float("inf")}, {"name": "a", "boolean": True},
        {"name": "a", "boolean": True, "low": 0, "high": 2}, {"name": "a", "better": "more"},
        {"name": "a", "aggregate": "median"}, {"name": "a", "unit": "a|b"}, {"name": "a", "x": 1},
    ],
)  # fmt: skip
def test_a_metric_that_is_none_is_refused(wrong):
    with pytest.raises(ValidationError):
        Metric(**wrong)


class Toy:
    """Right is the first letter; `f1` the share of letters that fit, `length` what was written."""

    kind, version = "toy", 1
    metrics = (F1, Metric(name="length", unit="letters", better="lower", aggregate="sum", low=0))

    def score(self, record, sample):
        fit = sum(a == b for a, b in zip(record.text, sample.answer, strict=False))
        values = {"f1": fit / len(sample.answer), "length": float(len(record.text))}
        strict = record.text[:1] or None
        return scored(record, sample, sample.answer[0], strict, strict, values=values)


SAMPLES = [
    Sample(id=f"p{i:02d}", question="q", answer=f"{chr(97 + i % 25)}bcd", cluster=f"t{i % 4}")
    for i in range(40)
]


def _answers(name, seed):
    dice = np.random.default_rng([len(name), seed])
    right = {"base": 0.5, "better": 0.7}[name]
    for sample in SAMPLES:
        fits = "".join(a if dice.random() < right else "z" for a in sample.answer)
        yield Record(
            id=sample.id, prompt_ids=(1,), completion_ids=(2, 3), prompt="q",
            text=fits[: int(dice.integers(2, 5))], finish="eos", rounds=1,
        )  # fmt: skip


FINDINGS = [
    {"id": "f1", "test": "more_accurate", "arms": ["better"], "control": "base", "metric": "f1"},
    {
        "id": "short", "test": "equivalent", "arms": ["better"], "reference": "base",
        "metric": "length", "margin": 20,
    },
    {"id": "right", "test": "more_accurate", "arms": ["better"], "control": "base"},
]  # fmt: skip
ARMS = {
    f"{name}@seed={seed}": ArmSpec(
        data=DataSpec(kind="gsm_symbolic"), sampler=SamplerSpec(algorithm="target"), seed=seed
    )
    for name in ("base", "better")
    for seed in (0, 1)
}
SCORE = StageSpec(name="score", kind="score", needs=("generate",), options={"scorer": "toy"})


def work(stage, inputs, out, **options):
    spec = StageSpec(name=stage.kind, kind=stage.kind, over="recipe", options=options)
    references = {name: f"base@{seed_of(name)}" for name in ARMS if not name.startswith("base")}
    told = StageInput(spec, ARMS, "base@seed=0", references, {"score": SCORE})
    out.mkdir(parents=True, exist_ok=True)
    stage.run(StageContext(told, stage.identity(told), inputs, out, Silent()))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Two arms under two seeds, scored by the toy scorer, judged and reported."""
    patch = pytest.MonkeyPatch()
    patch.setitem(registry._known()["scorer"], "toy", f"{__name__}:Toy")
    root, inputs = tmp_path_factory.mktemp("metrics"), {}
    for name, arm in ARMS.items():
        folder = root / "generate" / name
        write_lines(folder / "samples.jsonl", map(as_json, _answers(name.split("@")[0], arm.seed)))
        out = root / "score" / name
        out.mkdir(parents=True)
        told = StageInput(SCORE, {name: arm})
        stage = ScoreStage(lambda spec, split, limit=None: SAMPLES)
        context = StageContext(told, stage.identity(told), {"generate": folder}, out, Silent())
        stage.run(context)
        write_json(root / "audit" / name / "audit.json", as_json(Audit(passed=True)))
        for need in ("generate", "score", "audit"):
            inputs[f"{need}/{name}"] = root / need / name
    work(VerdictStage(), inputs, root / "run" / "verdicts", findings=FINDINGS)
    work(ReportStage(), inputs, root / "run")
    about = {"run": "r", "recipe": "r", "scale": "desk", "written": "", "machine": ""}
    write_json(root / "run" / CARD, about)
    yield root, inputs
    patch.undo()


def test_scores_and_what_their_values_are_lie_side_by_side(run):
    root, inputs = run
    assert [one["name"] for one in read_json(root / "score" / "base@seed=0" / "metrics.json")] == [
        "f1", "length",
    ]  # fmt: skip
    files = gather(inputs, ARMS).arms["base@seed=0"]
    assert files.metrics == Toy.metrics
    assert {tuple(one.values) for one in files.scores.values()} == {("f1", "length")}


def _column(files, metric):
    return [score.values[metric] for score in files.scores.values()]


def find_metric(results, arm, name):
    """Return a metric of a row, as the file holds it."""
    row = next(one for one in results.rows if one["arm"] == arm)
    return next(one for one in row["metrics"] if one["metric"]["name"] == name)


def test_results_hold_every_metric_with_its_interval_and_difference(run):
    root, inputs = run
    results = results_in(root / "run")
    assert results.figures.metrics == Toy.metrics
    f1 = {name: find_metric(results, name, "f1") for name in ("base", "better")}
    files = gather(inputs, ARMS).arms
    mean = {
        name: np.mean([_column(files[f"{name}@seed={seed}"], "f1") for seed in (0, 1)])
        for name in ("base", "better")
    }
    for name in mean:
        span = f1[name]["value"]
        assert span["estimate"] == pytest.approx(mean[name])
        assert span["low"] < span["estimate"] < span["high"]
    gap = f1["better"]["difference"]
    assert gap["score"]["estimate"] == pytest.approx(mean["better"] - mean["base"])
    assert gap["seeds"] == 2 and gap["problems"] == 40 and f1["base"]["difference"] is None
    total = find_metric(results, "base", "length")["value"]["estimate"]
    assert total == np.mean([sum(_column(files[f"base@seed={n}"], "length")) for n in (0, 1)])


def test_table_page_and_terminal_show_every_metric(run):
    root, _ = run
    page = (root / "run" / "report.html").read_text(encoding="utf-8")
    table = (root / "run" / "report.md").read_text(encoding="utf-8")
    console = Console(record=True, width=200, file=StringIO())
    console.print(render(results_in(root / "run")))
    for text in (page, table, console.export_text()):
        assert "Metrics" in text and "f1 − base" in text and "letters" in text
    assert "Overlap of words. Mean over problems, higher is better" in table


def test_verdicts_rest_on_the_metric_and_follow_from_the_outcomes(run):
    root, _ = run
    judged_ = read_json(root / "run" / "verdicts" / "verdicts.json")["verdicts"]
    found = {one["id"]: one for one in judged_}
    assert found["f1"]["word"] == "shown here"
    (number,) = found["f1"]["numbers"]
    assert (number["metric"], number["what"], number["unit"]) == ("f1", "f1 difference", "")
    assert "metric" not in found["right"]["numbers"][0]
    assert "letters" in (root / "run" / "verdicts" / "verdicts.md").read_text(encoding="utf-8")
    assert differing(root / "run") == []


def test_a_comparison_shows_the_metrics_that_both_sides_have(run):
    _, inputs = run
    files = gather(inputs, ARMS).arms
    sides = [
        GivenSide("r", name, ARMS[f"{name}@seed=0"], files[f"{name}@seed=0"], {})
        for name in ("base", "better")
    ]
    (one,) = compare([(sides[0], sides[1])]).comparisons
    assert [metric.name for metric in one.figures.metrics] == ["f1", "length"]
    rows = {row[0]: row for row in words.rows(one)}
    assert rows["f1"][3].startswith("+") and "letters, p" in rows["length, letters"][3]
    assert Compared.model_validate(Compared(comparisons=(one,)).dump()).comparisons == (one,)
    bare = replace(sides[1], files=replace(sides[1].files, metrics=()))
    (other,) = compare([(sides[0], bare)]).comparisons
    assert other.figures.metrics == () and other.beside("f1 difference") is None


def test_a_metric_that_no_scorer_declares_is_refused_before_anything_runs(run):
    spec = StageSpec(
        name="v",
        kind="verdicts",
        over="recipe",
        options={"findings": [{**FINDINGS[0], "metric": "f2"}]},
    )
    with pytest.raises(ConfigError, match="'f2', which no scorer of the recipe declares") as error:
        VerdictStage().identity(StageInput(spec, ARMS, stages={"score": SCORE}))
    assert "f1" in error.value.hint


def test_metrics_are_part_of_what_scores_depend_on_and_accuracy_alone_is_not(run):
    told = StageInput(SCORE, {"a": next(iter(ARMS.values()))})
    assert [one["name"] for one in ScoreStage().identity(told)["metrics"]] == ["f1", "length"]
    plain = SCORE.model_copy(update={"options": {"scorer": "gsm"}})
    assert "metrics" not in ScoreStage().identity(replace(told, stage=plain))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "gives no value of 'f1'"),
        ({"f1": 0.5, "f2": 1.0}, "does not declare 'f2'"),
        ({"f1": float("nan")}, "not finite"),
        ({"f1": 1.5}, "above 1"),
        ({"f1": -0.1}, "below 0"),
    ],
)
def test_a_score_without_its_metrics_is_refused(values, said):
    one = answer("p", True).model_copy(update={"values": values})
    assert said in misfit(one, (F1,))
    assert "neither 0 nor 1" in misfit(one.model_copy(update={"values": {"same": 0.5}}), (SAME,))
    assert misfit(one.model_copy(update={"values": {"f1": 1.0}}), (F1,)) == ""


def test_the_score_stage_refuses_a_scorer_that_breaks_its_word(tmp_path, monkeypatch):
    class Broken(Toy):
        def score(self, record, sample):
            return super().score(record, sample).model_copy(update={"values": {"f1": 1.0}})

    monkeypatch.setattr(scorer_contract, "lookup", lambda family, kind: Broken)
    write_lines(tmp_path / "in" / "samples.jsonl", map(as_json, _answers("base", 0)))
    plain = SCORE.model_copy(update={"options": {"scorer": "gsm"}})
    told = StageInput(plain, {"a": next(iter(ARMS.values()))})
    (tmp_path / "out").mkdir()
    context = StageContext(told, {}, {"generate": tmp_path / "in"}, tmp_path / "out", Silent())
    with pytest.raises(DataError, match="scorer 'toy' gives no value of 'length'"):
        ScoreStage(lambda spec, split, limit=None: SAMPLES).run(context)


@pytest.mark.parametrize("names", [("accuracy",), ("f1", "f1")])
def test_a_scorer_with_a_metric_twice_is_refused(names):
    scorer = type("S", (), {"kind": "s", "metrics": tuple(Metric(name=name) for name in names)})
    with pytest.raises(ConfigError, match=f"metric '{names[0]}'"):
        declared(scorer)


def test_two_metrics_of_one_name_are_refused():
    with pytest.raises(RunError, match="different things by 'f1'"):
        metrics_of([ArmFiles(metrics=(F1,)), ArmFiles(metrics=(replace_better(F1),))])


def test_numbers_are_kept_to_their_last_bit():
    dice = np.random.default_rng(0)
    for values in (dice.normal(size=50).tolist(), [0.1 + 0.2] * 9, [-0.0], [], [1e300, 5e-324]):
        text = columns.reals(values)
        assert json.dumps(columns.read_reals(text, len(values))) == json.dumps(values)
    with pytest.raises(ValueError, match="2 numbers for 3"):
        columns.read_reals("1.0 2.0", 3)
