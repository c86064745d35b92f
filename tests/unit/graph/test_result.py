"""A result in a notebook: a short name, figures and answers as tables, and what cannot be given."""

import json

import pytest

from llmx.core.errors import ConfigError
from llmx.core.spec import ArmSpec, RunSpec, StageSpec
from llmx.graph.folder import RunFolder
from llmx.runs.result import RunResult

SPAN = {"estimate": 0.5, "low": 0.25, "high": 0.75, "level": 0.95}
ROWS = [
    {"arm": "sd", "problems": 4, "accuracy": SPAN},
    {"arm": "a<b", "problems": 4, "accuracy": None},
]


def lines(path, rows):
    path.parent.mkdir(parents=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.fixture
def result(tmp_path):
    for arm in ("sd@seed=0", "sd@seed=1", "sdx"):
        made = [{"id": name, "text": f"{arm} {name}", "completion_ids": [1, 2]} for name in "pq"]
        lines(tmp_path / "generate" / arm / "samples.jsonl", made)
    right = [{"id": "p", "correct": True}, {"id": "q", "correct": False}]
    lines(tmp_path / "score" / "sd@seed=1" / "scores.jsonl", right)
    spec = RunSpec(name="r", stages=(), arms={"sd": ArmSpec()}, source="r.yaml", group="decode")
    return RunResult(RunFolder(tmp_path), spec, 1.0, {"rows": ROWS})


def test_the_name_is_short_and_says_the_accuracies(result):
    assert repr(result) == f"<run {result.folder.name}: sd 50.0%>"


def test_without_a_report_the_name_says_how_many_arms(result):
    bare = RunResult(result.folder, result.spec, 1.0, None)
    assert repr(bare) == f"<run {result.folder.name}: 1 arms>"
    assert bare.table("rows") == []


def test_an_interval_is_three_columns(result):
    first, second = result.table("rows")
    assert first["accuracy"] == 0.5
    assert (first["accuracy_low"], first["accuracy_high"]) == (0.25, 0.75)
    assert "accuracy_level" not in first
    assert second["accuracy"] is None


def test_every_form_holds_the_same(result):
    frame, table, rows = (result.samples(form=form) for form in ("pandas", "arrow", "rows"))
    assert list(frame["text"]) == table["text"].to_pylist() == [row["text"] for row in rows]
    assert len(rows) == 6


@pytest.mark.parametrize(("arm", "number"), [("sd", 4), ("sd@seed=1", 2), ("sdx", 2), (None, 6)])
def test_an_arm_is_all_its_seeds_and_no_other(result, arm, number):
    rows = result.samples(arm, "rows")
    assert len(rows) == number
    assert all(arm is None or row["arm"].split("@")[0] == arm.split("@")[0] for row in rows)


def test_a_score_stands_beside_its_own_answer_alone(result):
    rows = {(row["arm"], row["id"]): row for row in result.samples(form="rows")}
    assert rows["sd@seed=1", "p"]["score_correct"] is True
    assert rows["sd@seed=1", "q"]["score_correct"] is False
    assert "score_correct" not in rows["sd@seed=0", "p"]
    assert "score_id" not in rows["sd@seed=1", "p"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda result: result.samples("sb"), "no answers of arm 'sb'"),
        (lambda result: result.table("csv"), "no form 'csv'"),
    ],
)
def test_what_is_not_there_is_one_line(result, call, message):
    with pytest.raises(ConfigError, match=message) as error:
        call(result)
    assert error.value.hint


def test_a_missing_package_is_named(result, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(ConfigError, match="form='arrow' needs pyarrow"):
        result.table("arrow")


def test_a_notebook_shows_table_and_picture_and_runs_nothing(result):
    (result.folder.path / "plot.svg").write_text("<svg>plot</svg>")
    sick = [{"arm": "<script>", "accuracy": SPAN}]
    shown = RunResult(result.folder, result.spec, 1.0, {"rows": sick})._repr_html_()
    assert "<svg>plot</svg>" in shown
    assert "<td>50.0%</td>" in shown
    assert "<script>" not in shown


def test_draws_have_their_own_scores_and_a_problem_is_one_value_of_the_accuracy(tmp_path):
    drawn = [{"id": name, **({"draw": draw} if draw else {})} for name in "pq" for draw in (0, 1)]
    lines(tmp_path / "pool" / "sd" / "samples.jsonl", [{**one, "text": "x"} for one in drawn])
    right = [{**one, "correct": place > 0} for place, one in enumerate(drawn)]
    lines(tmp_path / "score" / "sd" / "scores.jsonl", right)
    summary = {"problems": 2, "draws": 2, "correct": 3}
    (tmp_path / "score" / "sd" / "summary.json").write_text(json.dumps(summary))
    stages = (StageSpec(name="score", kind="score", needs=("pool",)),)
    spec = RunSpec(name="r", stages=stages, arms={"sd": ArmSpec()}, source="r.yaml", group="decode")
    found = RunResult(RunFolder(tmp_path), spec, 1.0, None)
    answers = found.samples("sd", form="rows")
    assert [row["score_correct"] for row in answers] == [False, True, True, True]
    ((arm, stage, span, problems),) = found.scored()
    assert (arm, stage, span.estimate, problems) == ("sd", "score", 0.75, 2)
    assert span.low >= 0.5 and span.high <= 1.0, "between the means of the two problems"
