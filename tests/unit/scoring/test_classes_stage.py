"""Stage `classes`: what it depends on, what it writes, how it goes on, and what it refuses."""

import pytest
from test_score_stage import SAMPLES, context, draws, given, load, records

from llmx.core.errors import ConfigError, DataError, RunError
from llmx.core.progress import Silent
from llmx.core.record import Record, Sample, as_json
from llmx.core.registry import lookup
from llmx.core.spec import ArmSpec, DataSpec, ScaleSpec, StageSpec
from llmx.core.stage import StageContext, StageInput
from llmx.scoring import rouge
from llmx.scoring.classes import read_classes
from llmx.stages.classes import ClassesStage
from llmx.stages.score import ScoreStage
from llmx.store.files import read_json, write_json, write_lines


def told(options=None, data=None, **arm) -> StageInput:
    stage = StageSpec(name="classes", kind="classes", needs=("pool",), options=options or {})
    return StageInput(stage, {"sd": ArmSpec(data=data or DataSpec(kind="gsm_symbolic"), **arm)})


def started(tmp_path, made, options=None) -> StageContext:
    run = context(tmp_path, made)
    return StageContext(told(options), {}, run.inputs, run.out, Silent())


POOL = draws("#### 0", "#### 1", "so #### 0.0", "nothing", "#### 1.00")


def test_each_problem_has_its_classes_in_the_order_of_the_records(tmp_path):
    run = started(tmp_path, POOL)
    ClassesStage(load).run(run)
    first, other = read_classes(run.out / "classes.jsonl")
    assert (first.id, first.cluster, first.expected) == ("p0", "t", "0")
    assert (first.keys, first.of) == (("0", "1"), (0, 1, 0, -1, 1))
    assert (first.right, other.right) == ((True, False), (False, True))
    assert read_json(run.out / "summary.json") == {
        "scorer": "gsm",
        "scorer_version": 2,
        "problems": 2,
        "draws": 5,
        "classes": 4,
        "unread": 2,
        "merges": 0,
        "unequal": 0,
    }


def test_one_answer_a_problem_has_classes_too(tmp_path):
    run = started(tmp_path, records("#### 0", "x"))
    ClassesStage(load).run(run)
    assert [one.of for one in read_classes(run.out / "classes.jsonl")] == [(0,), (-1,)]


def test_only_so_many_problems_as_are_asked(tmp_path):
    run = started(tmp_path, POOL, {"problems": 1})
    ClassesStage(load).run(run)
    assert [one.id for one in read_classes(run.out / "classes.jsonl")] == ["p0"]


class Told:
    """Counts the calls that are passed on to a scorer."""

    def __init__(self, inner, until: int) -> None:
        self.inner, self.left, self.keys = inner, until, 0
        self.kind, self.version = inner.kind, inner.version

    def score(self, record, sample):
        return self.inner.score(record, sample)

    def key(self, record):
        if self.left == 0:
            raise KeyboardInterrupt
        self.left, self.keys = self.left - 1, self.keys + 1
        return self.inner.key(record)


@pytest.mark.parametrize("torn", ["", '{"id": "p1", "clu', "\0\0\0"])
def test_a_try_that_was_ended_is_gone_on_with_to_the_same_bytes(tmp_path, monkeypatch, torn):
    whole = started(tmp_path / "whole", POOL)
    ClassesStage(load).run(whole)
    run = started(tmp_path / "ended", POOL)
    ended = Told(lookup("scorer", "gsm")(), until=7)
    monkeypatch.setattr("llmx.stages.classes.scorer_of", lambda given: ended)
    with pytest.raises(KeyboardInterrupt):
        ClassesStage(load).run(run)
    path = run.out / "classes.jsonl"
    path.write_text(path.read_text() + torn)
    ended.left, ended.keys = -1, 0
    ClassesStage(load).run(run)
    assert ended.keys == 5, "the first problem is not read again"
    for name in ("classes.jsonl", "summary.json"):
        assert (run.out / name).read_bytes() == (whole.out / name).read_bytes()


def test_damaged_draws_and_strange_problems_are_said(tmp_path):
    run = started(tmp_path / "moved", [POOL[0], POOL[2]])
    with pytest.raises(RunError, match="draws 2 to 2 of p0, and draws 0 to 0"):
        ClassesStage(load).run(run)
    run = started(tmp_path / "twice", [POOL[0], POOL[0]])
    with pytest.raises(RunError, match="it answers a problem twice"):
        ClassesStage(load).run(run)
    run = started(tmp_path / "strange", POOL, {"split": "heldout"})
    with pytest.raises(DataError, match="record 'p0' has no sample"):
        ClassesStage(load).run(run)


# name: options, data, does the identity change
CHANGES = {
    "split": ({"split": "heldout"}, None, True),
    "another scorer": ({"scorer": "numeric"}, None, True),
    "its options": (
        {"scorer": "numeric", "scorer_options": {"tolerance": 1.0}},
        None,
        True,
    ),
    "data seed": ({}, DataSpec(kind="gsm_symbolic", seed=1), True),
    "some problems": ({"problems": 3}, None, True),
    "the scorer of the data named": ({"scorer": "gsm"}, None, False),
    "all problems": ({"problems": None}, None, False),
}


@pytest.mark.parametrize(("options", "data", "differs"), CHANGES.values(), ids=CHANGES)
def test_identity_holds_what_classes_depend_on_and_no_more(options, data, differs):
    stage = ClassesStage(load)
    assert (stage.identity(told(options, data)) != stage.identity(told())) is differs


def test_identity_is_that_of_scores_but_for_metrics():
    assert ClassesStage(load).identity(told()) == ScoreStage(load).identity(given())
    json = {"scorer": "json"}
    scores = dict(ScoreStage(load).identity(given(json)))
    assert scores.pop("metrics") and ClassesStage(load).identity(told(json)) == scores
    math = ClassesStage(load).identity(told({"scorer": "math"}))
    assert math["source"].startswith("math-verify ")


PLACES = [Sample(id="x", question="q", answer="Paris")]
# scorer, data, its samples, what to type
REFUSED = {
    "a degree": ("f1", "alpaca_eval", PLACES, "stages.classes.scorer=exact"),
    "a degree of numbers": ("rouge", "gsm8k", SAMPLES, "stages.classes.scorer=gsm"),
    "a text without an answer": ("includes", "gsm8k", SAMPLES, "stages.classes.scorer=gsm"),
    "a judge": ("judge", "alpaca_eval", PLACES, "stages.classes.scorer=exact"),
    "beside programs": ("f1", "humaneval", PLACES, "stages.classes.scorer=code"),
}


@pytest.mark.parametrize(("scorer", "kind", "samples", "hint"), REFUSED.values(), ids=REFUSED)
def test_a_scorer_without_keys_is_refused_by_the_plan_in_one_line(scorer, kind, samples, hint):
    stage = ClassesStage(lambda spec, split, limit=None: samples[:limit])
    refusal = stage.plan(told({"scorer": scorer}, DataSpec(kind=kind))).refusal
    assert isinstance(refusal, ConfigError) and "\n" not in str(refusal)
    assert "does not say which answers are equal" in refusal.message
    assert refusal.exit_code == 2 and refusal.hint == hint


def test_programs_are_voted_by_the_scorer_of_their_data():
    """By what they do, so only where there is a sandbox."""
    stage = ClassesStage(lambda spec, split, limit=None: PLACES[:limit])
    refusal = stage.plan(told({"scorer": None}, DataSpec(kind="humaneval"))).refusal
    assert refusal is None or "sandbox" in str(refusal)


def test_mathematics_without_its_package_is_refused_by_the_plan(monkeypatch):
    plan = ClassesStage(load).plan
    assert plan(told({"scorer": "math"})).refusal is None
    monkeypatch.setattr(rouge, "installed", lambda package: package)
    refusal = plan(told({"scorer": "math"})).refusal
    assert refusal is not None and refusal.exit_code == 2 and "[scorers]" in str(refusal)
    assert "\n" not in refusal.message and "math-verify" in refusal.message


def test_a_scorer_that_cannot_read_the_data_is_refused():
    stage = ClassesStage(lambda spec, split, limit=None: PLACES)
    strange = told({"scorer": "gsm"}, DataSpec(kind="alpaca_eval"))
    assert "cannot read data" in str(stage.plan(strange).refusal)
    with pytest.raises(ConfigError, match="cannot read data"):
        stage.check(strange)


def test_a_plan_counts_the_problems_that_are_read():
    plan = ClassesStage(load).plan
    scale = ScaleSpec(problems=50)
    assert plan(told(scale=scale)).samples == 50
    assert plan(told({"problems": 7}, scale=scale)).samples == 7
    quick, slow = (plan(told({"scorer": kind}, scale=scale)).seconds for kind in ("gsm", "math"))
    assert quick is not None and slow is not None and quick < 1 < slow


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scorrer": "gsm"}, "did you mean scorer"),
        ({"scorer": "gms"}, "did you mean gsm"),
        ({"problems": 0}, "at least 1|1 or more"),
        ({"scorer": "numeric", "scorer_options": {"tol": 1}}, "unknown option 'tol'"),
    ],
)
def test_wrong_settings_are_refused_before_anything_runs(options, message):
    with pytest.raises(ConfigError, match=message):
        ClassesStage(load).identity(told(options))


def test_the_registry_knows_it():
    stage = lookup("stage", "classes")()
    assert (stage.kind, stage.timing) == ("classes", False) and stage.applies(told())


def test_mathematics_is_read_from_a_thread_without_a_limit_of_time(tmp_path):
    """A limit of math-verify is a signal, and only the main thread of a process has signals."""
    from concurrent.futures import ThreadPoolExecutor

    texts = (r"\boxed{\sqrt{8}}", r"\boxed{2\sqrt{2}}")
    made = [
        Record(**{**as_json(record), "text": text, "id": "m", "draw": draw})
        for draw, (record, text) in enumerate(zip(records("", ""), texts, strict=True))
    ]
    write_lines(tmp_path / "in" / "samples.jsonl", map(as_json, made))
    write_json(tmp_path / "in" / "summary.json", {"draws": 2})
    (tmp_path / "out").mkdir()
    problem = Sample(id="m", question="q", answer=r"2\sqrt{2}")
    run = StageContext(
        told({"scorer": "math"}), {}, {"pool": tmp_path / "in"}, tmp_path / "out", Silent()
    )
    stage = ClassesStage(lambda spec, split, limit=None: [problem])
    with ThreadPoolExecutor(1) as pool:
        pool.submit(stage.run, run).result()
    (found,) = read_classes(run.out / "classes.jsonl")
    assert (found.of, found.right) == ((0, 0), (True,))
