"""Published win rates beside those that our judges gave."""

from pathlib import Path

import pytest

from llmx.claims.paper import load_paper
from llmx.claims.reproduce.card import Card
from llmx.claims.reproduce.page import page
from llmx.claims.reproduce.stored import Stored, holds_results, keep, load_stored
from llmx.core.figure import JudgeName, Span
from llmx.core.judging import JudgeSpec
from llmx.core.record import as_json
from llmx.report.figures.others import of_wins
from llmx.report.judged import ArmWins
from llmx.report.results import Results
from llmx.stages.win_figures import JudgedArm, figures
from llmx.store.files import write_json

GPT = "gpt-4-1106-preview"
HALF = Span(low=0.54, estimate=0.55, high=0.56)
OTHER = Span(low=0.2, estimate=0.3, high=0.4)


ARM = ArmWins(
    arm="moa", rate=OTHER, controlled=HALF, problems=805, judge=GPT, judge_kind="endpoint"
)


def judged(scale="paper", kind="endpoint", name=GPT, controlled=HALF) -> Stored:
    arm = ARM.model_copy(update={"controlled": controlled, "judge": name, "judge_kind": kind})
    made = Card(run="j-1", recipe="judged", scale=scale, written="2026-01-02", machine="one")
    empty = Results(title="judged", reference=None, rows=())
    return Stored(Path(), made, empty, (), (), None, {}, of_wins([as_json(arm)]))


def found(run, quantity="length-controlled win rate", arm="moa", **more):
    claim = {
        "paper": "p", "table": "t", "setting": "s", "metric": "m", "unit": "percent",
        "relation": "eq", "value": 55.0, "tolerance": 2.0, "source": "table", "evidence": "paper",
        "ours": {"recipe": "judged", "quantity": quantity, "arm": arm, "judge": GPT, **more},
    }  # fmt: skip
    document = {"paper": "p", "title": "P", "reference": "R", "claims": [claim]}
    (one,) = page(load_paper(document, "p.yaml"), [run], {}).claims
    return one


def test_the_same_judge_on_the_same_benchmark_is_compared():
    one = found(judged())
    assert (one.word, one.ours.problems) == ("reproduced", 805)
    assert (
        f"`moa` with a length-controlled win rate of 55.0 (54.0–56.0) %, by `{GPT}`" in one.reason
    )


@pytest.mark.parametrize(
    ("run", "more", "said"),
    [
        (judged(kind="rule", name="length"), {}, "by the rule `length` on this machine"),
        (judged(kind="local"), {}, f"by `{GPT}` on this machine"),
        (judged(name="another"), {}, f"Another judge than {GPT}"),
        (judged(kind=None, name=""), {}, "by a judge that the run does not name"),
        (judged(controlled=None), {}, "Lengths are not controlled for in ours"),
        (judged(), {"apart": "Other models"}, "Other models; here: "),
        (judged(scale="smoke", kind="rule", name="exact"), {}, "scale=smoke"),
    ],
)
def test_what_is_not_the_same_is_shown_and_never_compared(run, more, said):
    one = found(run, **more)
    assert one.word == "not comparable" and said in one.reason and "`moa` with a " in one.reason


def test_an_arm_that_was_not_judged_is_not_there():
    assert found(judged(), arm="other").word == "not run here"


def test_a_plain_rate_is_no_controlled_one():
    assert found(judged(), quantity="win rate").reason.count("win rate of 30.0 (20.0–40.0) %") == 1


@pytest.mark.parametrize(
    ("judge", "kind", "name"),
    [
        (JudgeSpec(kind="length"), "rule", "length"),
        (JudgeSpec(url="http://127.0.0.1:8000/v1", model=GPT), "local", GPT),
        (JudgeSpec(url="http://localhost/v1", model=GPT), "local", GPT),
        (JudgeSpec(url="http://[::1]:80/v1", model=GPT), "local", GPT),
        (JudgeSpec(url="https://example.org/v1", model=GPT), "endpoint", GPT),
    ],
)
def test_a_file_says_who_judged(judge, kind, name):
    summary = {"games": 0, "unparsable": 0, "prompt_tokens": 0, "completion_tokens": 0}
    (one,) = figures({"moa": JudgedArm([], summary, [], judge=judge)}, {})
    assert (one.judge_kind, one.judge) == (kind, name)


def test_a_kept_run_is_read_back_and_an_older_file_names_no_judge(tmp_path):
    run = judged()
    rows = [as_json(ARM)]
    for folder in (tmp_path / "new", tmp_path / "old"):
        keep(run, folder)
        write_json(folder / "win_rates.json", rows)
        (folder / "figures.json").unlink()
        rows = [{k: v for k, v in row.items() if not k.startswith("judge")} for row in rows]
    assert holds_results(tmp_path / "new") and load_stored(tmp_path / "new").figures == run.figures
    assert load_stored(tmp_path / "old").figures.figures[0].judge == JudgeName()
    assert load_stored(tmp_path / "new").problems == 805
