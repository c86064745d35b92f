"""Stage `score`: what it depends on, what it writes, how it refuses."""

import pytest

from llmx.core.errors import ConfigError, DataError, RunError
from llmx.core.progress import Silent
from llmx.core.record import Record, Sample, as_json
from llmx.core.registry import lookup
from llmx.core.spec import (
    ArmSpec,
    DataSpec,
    EngineSpec,
    RunSpec,
    SamplerSpec,
    ScaleSpec,
    StageSpec,
)
from llmx.core.stage import StageContext, StageInput
from llmx.stages.score import ScoreStage
from llmx.stages.scoring_stage import scorer_notes
from llmx.store.files import read_json, read_lines, write_json, write_lines

SAMPLES = [Sample(id=f"p{i}", question="q", answer=str(i), cluster="t") for i in range(5)]


def load(spec, split, limit=None):
    return SAMPLES if split == "test" else []


def given(options=None, **arm) -> StageInput:
    stage = StageSpec(name="score", kind="score", needs=("generate",), options=options or {})
    arm.setdefault("data", DataSpec(kind="gsm_symbolic"))
    return StageInput(stage, {"sd": ArmSpec(**arm)})


def records(*answers: str) -> list[Record]:
    return [
        Record(
            id=f"p{i}",
            prompt_ids=(1,),
            completion_ids=(2, 3),
            prompt="q",
            text=answer,
            finish="length" if not answer else "eos",
            rounds=1,
        )
        for i, answer in enumerate(answers)
    ]


def context(tmp_path, made, options=None) -> StageContext:
    write_lines(tmp_path / "in" / "samples.jsonl", map(as_json, made))
    several = 1 + max((one.draw for one in made), default=0)
    write_json(tmp_path / "in" / "summary.json", {"draws": several} if several > 1 else {})
    out = tmp_path / "out"
    out.mkdir()
    asked = given(options)
    return StageContext(asked, {}, {"generate": tmp_path / "in"}, out, Silent())


def test_it_scores_every_record_in_order(tmp_path):
    run = context(tmp_path, records("#### 0", "#### 9", "2", ""))
    ScoreStage(load).run(run)
    scores = read_lines(run.out / "scores.jsonl")
    assert [row["id"] for row in scores] == ["p0", "p1", "p2", "p3"]
    assert [row["correct"] for row in scores] == [True, False, False, False]
    assert read_json(run.out / "summary.json") == {
        "scorer": "gsm",
        "scorer_version": 2,
        "problems": 4,
        "correct": 1,
        "correct_flexible": 2,
        "unparsed": 2,
        "cut": 1,
        "tokens": 8,
    }
    problems = [Sample.model_validate(row) for row in read_lines(run.out / "problems.jsonl")]
    assert problems == SAMPLES[:4]


def draws(*texts: str) -> list[Record]:
    """Two problems, each with these answers in their order."""
    return [
        one.model_copy(update={"id": problem, "draw": draw})
        for problem in ("p0", "p1")
        for draw, one in enumerate(records(*texts))
    ]


def test_several_draws_of_a_problem_are_each_scored(tmp_path):
    run = context(tmp_path, draws("#### 0", "#### 1", "#### 0"))
    ScoreStage(load).run(run)
    scores = read_lines(run.out / "scores.jsonl")
    assert [(row["id"], row.get("draw", 0)) for row in scores] == [
        *(("p0", draw) for draw in range(3)),
        *(("p1", draw) for draw in range(3)),
    ]
    assert [row["correct"] for row in scores] == [True, False, True, False, True, False]
    summary = read_json(run.out / "summary.json")
    assert (summary["problems"], summary["draws"], summary["correct"]) == (2, 3, 3)
    problems = [Sample.model_validate(row) for row in read_lines(run.out / "problems.jsonl")]
    assert problems == SAMPLES[:2]


@pytest.mark.parametrize(
    ("order", "what"),
    [
        (
            [0, 2, 1, 3, 4, 5],
            "it holds draws 2 to 2 of p0, and draws 0 to 0 of the problems before",
        ),
        (
            [0, 1, 2, 4, 3, 5],
            "it holds draws 1 to 1 of p1, and draws 0 to 2 of the problems before",
        ),
        ([0, 1, 2, 3, 4], "it holds draws 0 to 1 of p1, and draws 0 to 2 of the problems before"),
        ([1, 2, 3, 4, 5], "it holds draws 0 to 2 of p1, and draws 1 to 2 of the problems before"),
        (
            [0, 3, 1, 4, 2, 5],
            "it holds draws 1 to 1 of p0, and draws 0 to 0 of the problems before",
        ),
        ([0, 1, 2, 0, 1, 2], "it answers a problem twice"),
    ],
)
def test_draws_that_are_not_problem_by_problem_are_damage(tmp_path, order, what):
    made = draws("#### 0", "#### 1", "#### 2")
    run = context(tmp_path, [made[place] for place in order])
    with pytest.raises(RunError, match=what) as error:
        ScoreStage(load).run(run)
    assert "runs check --repair" in str(error.value)


OLD = (
    '{"id": "p0", "cluster": "t", "expected": "0", "strict": "0", "flexible": "0", "correct": true,'
    ' "correct_flexible": true, "unparsed": false, "tokens": 2, "finish": "eos", "rounds": 1,'
    ' "drafted": 0, "accepted": 0'
)


def test_a_score_is_written_as_ever_and_a_later_draw_says_which(tmp_path):
    run = context(tmp_path, draws("#### 0", "#### 0")[:2])
    ScoreStage(load).run(run)
    assert (run.out / "scores.jsonl").read_text() == f'{OLD}}}\n{OLD}, "draw": 1}}\n'


def test_equal_inputs_give_equal_bytes(tmp_path):
    run = context(tmp_path, records("#### 0", "#### 9"))
    written = []
    for _ in range(2):
        ScoreStage(load).run(run)
        written.append({path.name: path.read_bytes() for path in run.out.iterdir()})
    assert written[0] == written[1]


def test_a_record_without_a_sample_is_an_error(tmp_path):
    run = context(tmp_path, records("#### 0"), {"split": "calibration"})
    with pytest.raises(DataError, match="record 'p0' has no sample"):
        ScoreStage(load).run(run)


@pytest.mark.parametrize("decoded", [0, 2])
def test_it_wants_exactly_one_decode_stage(tmp_path, decoded):
    run = context(tmp_path, records("#### 0"))
    folders = {f"need{i}": tmp_path / "in" for i in range(decoded)} | {"other": tmp_path}
    broken = StageContext(run.given, {}, folders, run.out, Silent())
    with pytest.raises(RunError, match="exactly one decode stage"):
        ScoreStage(load).run(broken)


# name: does identity change
CHANGES = {
    "split": (given({"split": "heldout"}), True),
    "data seed": (given(data=DataSpec(kind="gsm_symbolic", seed=1)), True),
    "data kind": (given(data=DataSpec(kind="gsm8k")), True),
    "default scorer named": (given({"scorer": "gsm"}), False),
    "engine": (given(engine=EngineSpec(batch_size=1)), False),
    "sampler": (given(sampler=SamplerSpec(algorithm="target")), False),
}


@pytest.mark.parametrize(("changed", "differs"), CHANGES.values(), ids=CHANGES)
def test_identity_holds_what_scores_depend_on_and_no_more(changed, differs):
    stage = ScoreStage(load)
    assert (stage.identity(changed) != stage.identity(given())) is differs


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (given({"scorrer": "gsm"}), "did you mean scorer"),
        (given({"scorer": "gms"}), "did you mean gsm"),
        (given(data=None), "needs a dataset"),
    ],
    ids=["option", "scorer", "no data"],
)
def test_wrong_settings_are_refused_before_anything_runs(asked, message):
    with pytest.raises(ConfigError, match=message):
        ScoreStage(load).identity(asked)


def stage_on(kind, options=None, samples=SAMPLES, revision=None):
    """Return the stage on data of a kind that holds these samples, and what it is given."""
    return ScoreStage(lambda spec, split, limit=None: samples[:limit]), given(
        options, data=DataSpec(kind=kind, revision=revision)
    )


LETTERS = [Sample(id=f"c{i}", question="q", answer="ABCDE"[i], choices=5) for i in range(5)]
PLACES = [Sample(id="x", question="q", answer="Paris")]
# scorer, kind of data, its samples, what is proposed; None = it fits
FITS = {
    "its own": ("gsm", "gsm8k", LETTERS, None),
    "letters by numbers": ("gsm", "csqa", LETTERS, "choice"),
    "numbers by letters": ("choice", "gsm8k", SAMPLES, "gsm"),
    "places by a puzzle's check": ("mini_sudoku", "alpaca_eval", PLACES, "exact"),
    "places by numbers": ("numeric", "alpaca_eval", PLACES, "exact"),
    "letters as texts": ("exact", "csqa", LETTERS, None),
    "numbers as values": ("numeric", "gsm8k", SAMPLES, None),
    "numbers as JSON": ("json", "gsm8k", SAMPLES, None),
    "places as JSON": ("json", "alpaca_eval", PLACES, "exact"),
    "nothing there": ("gsm", "csqa", [], None),
}


@pytest.mark.parametrize(("scorer", "kind", "samples", "better"), FITS.values(), ids=FITS)
def test_a_scorer_that_cannot_read_the_data_is_refused_by_the_plan(scorer, kind, samples, better):
    stage, told = stage_on(kind, {"scorer": scorer}, samples)
    refusal = stage.plan(told).refusal
    if better is None:
        assert refusal is None
    else:
        assert isinstance(refusal, ConfigError) and "\n" not in str(refusal)
        assert f"scorer {scorer} cannot read data '{kind}'" in refusal.message
        assert refusal.hint == f"stages.score.scorer={better}"
        with pytest.raises(ConfigError, match="cannot read data"):
            stage.check(told)


def test_a_plan_fetches_nothing_and_a_run_looks_at_what_is_there():
    fetched = []

    def load(spec, split, limit=None):
        fetched.append(spec.kind)
        return PLACES

    _, told = stage_on("csqa", {"scorer": "gsm"}, revision="abc")
    refusal = ScoreStage(load).plan(told).refusal
    assert refusal is not None and refusal.hint == "stages.score.scorer=choice"
    _, strange = stage_on("alpaca_eval", {"scorer": "gsm"}, revision="abc")
    assert ScoreStage(load).plan(strange).refusal is None and fetched == []
    with pytest.raises(ConfigError, match="sample 'x' is not a number: 'Paris'") as error:
        ScoreStage(load).check(strange)
    assert error.value.hint == "stages.score.scorer=exact" and fetched == ["alpaca_eval"]


def test_data_that_cannot_be_had_is_left_to_the_stage_that_asks_it():
    def load(spec, split, limit=None):
        raise DataError("nowhere")

    _, told = stage_on("alpaca_eval", {"scorer": "gsm"})
    assert ScoreStage(load).plan(told).refusal is None
    ScoreStage(load).check(told)


def test_only_the_problems_that_are_asked_are_looked_at():
    samples = [*SAMPLES, Sample(id="last", question="q", answer="many")]
    stage, told = stage_on("alpaca_eval", {"scorer": "numeric"}, samples)
    assert stage.plan(told).refusal is not None
    few = {"sd": told.arm.model_copy(update={"scale": ScaleSpec(problems=5)})}
    assert stage.plan(StageInput(told.stage, few)).refusal is None


@pytest.mark.parametrize(
    ("kind", "scorer"),
    [
        *((kind, "gsm") for kind in ("gsm_symbolic", "gsm8k", "worked_arithmetic")),
        *((kind, "choice") for kind in ("csqa", "mmlu")),
        *((kind, kind) for kind in ("countdown", "sudoku", "zebra_puzzles")),
        ("humaneval", "code"),
    ],
)
def test_without_a_name_the_scorer_is_that_of_the_data(kind, scorer):
    stage, told = stage_on(kind)
    assert stage.identity(told)["scorer"] == scorer
    _, named = stage_on(kind, {"scorer": scorer})
    assert stage.identity(named) == stage.identity(told)


def test_data_without_a_scorer_asks_for_one_and_names_some():
    stage, told = stage_on("alpaca_eval")
    with pytest.raises(ConfigError, match=r"stages\.score\.scorer is not set") as error:
        stage.identity(told)
    assert "exact, includes, pattern, numeric" in error.value.hint


def test_options_are_in_the_name_of_scores_where_there_are_any():
    stage, plain = stage_on("csqa", {"scorer": "exact"})
    _, empty = stage_on("csqa", {"scorer": "exact", "scorer_options": {}})
    _, other = stage_on("csqa", {"scorer": "exact", "scorer_options": {"ignore_case": True}})
    assert stage.identity(plain) == stage.identity(empty) != stage.identity(other)
    assert "options" not in stage.identity(plain) and "source" not in stage.identity(plain)
    _, rouge = stage_on("csqa", {"scorer": "rouge"})
    assert stage.identity(rouge)["source"].startswith("rouge-score ")
    assert {one["name"] for one in stage.identity(rouge)["metrics"]} >= {"rouge1", "rougel"}


def test_a_wrong_option_of_the_scorer_is_one_line_where_the_stage_is_checked():
    stage, told = stage_on("csqa", {"scorer": "numeric", "scorer_options": {"tolerence": 1}})
    with pytest.raises(ConfigError, match="scorer_options: unknown option 'tolerence'") as error:
        stage.identity(told)
    assert "tolerance" in error.value.hint


def test_scores_by_options_and_metrics_are_written(tmp_path):
    options = {"scorer": "f1"}
    run = context(tmp_path, records("the 0", "1 and 2"), options)
    ScoreStage(load).run(run)
    scores = read_lines(run.out / "scores.jsonl")
    assert [row["correct"] for row in scores] == [True, False]
    assert [row["values"]["f1"] for row in scores] == [1.0, 0.5]
    assert [one["name"] for one in read_json(run.out / "metrics.json")] == ["f1"]


def test_the_registry_knows_it():
    stage = lookup("stage", "score")()
    assert (stage.kind, stage.timing) == ("score", False)
    assert stage.applies(given())


def noted(*datas, **options):
    """Return what a plan says of who reads the answers of its arms."""
    score = StageSpec(name="score", kind="score", needs=("generate",), options=options)
    arms = {f"arm{place}": ArmSpec(data=data) for place, data in enumerate(datas)}
    return scorer_notes(
        RunSpec(name="r", group="g", source="r.yaml", stages=(score,), arms=arms, scale="smoke")
    )


def test_a_plan_says_who_reads_the_answers_to_questions_of_ones_own(tmp_path):
    line = "answers are read by `{}`, as the data says; others: docs/scorers.md"
    path = tmp_path / "mine.csv"
    path.write_text("q,a,c\nx,A,y\nz,B,w\n")
    columns = {"path": str(path), "question": "q", "answer": "a"}
    own = DataSpec(kind="csv", options=columns)
    lettered = DataSpec(kind="csv", options={**columns, "choices": ["q", "c"]})
    ours = DataSpec(kind="gsm_symbolic")
    assert noted(own, ours, own) == (line.format("exact"),)
    assert noted(own, lettered) == (line.format("exact"), line.format("choice"))
    assert noted(ours) == noted(own, lettered, scorer="includes") == ()
