"""A training without signal: found in what it left, said of what rests on it, tests nothing."""

import pytest
from test_enough import LONGER, MORE, better, given, shorter

from llmx.core.figure import Figure, Figures, Span
from llmx.report.gather import Gathered
from llmx.report.outcomes.encode import dumps, outcomes
from llmx.report.outcomes.model import Outcomes
from llmx.report.outcomes.retest import retested
from llmx.report.training.page import sentences
from llmx.report.training.signal import in_run, said_unlearned, unlearned, without_signal
from llmx.report.verdict.evidence import evidence
from llmx.report.verdict.run_test import verdicts_on
from llmx.store.files import write_json


def about(silent, truncated=None, kind="grpo", cap=12):
    cut = truncated or [0.0] * len(silent)
    points = zip(silent, cut, strict=True)
    curve = [
        {"step": n, "groups_without_signal": s, "truncated": t} for n, (s, t) in enumerate(points)
    ]
    settings = {"max_completion_length": cap} if cap else {}
    return {"kind": kind, "steps": len(silent), "settings": settings, "curve": curve}


ALL = "in all of its 2 steps of grpo the rewards of every group were equal"


@pytest.mark.parametrize(
    ("training", "why"),
    [
        (about([1.0, 1.0]), ALL),
        (
            about([1.0, 1.0], [1.0, 1.0]),
            f"{ALL}, and every completion was cut at 12 tokens (settings.max_completion_length)",
        ),
        (about([1.0, 1.0], [1.0, 0.9]), ALL),
        (about([1.0, 0.99]), ""),
        (about([]), ""),
        ({"kind": "sft", "steps": 3, "curve": [{"step": 1, "loss": 0.5}]}, ""),
        ({"tokens": 5}, ""),
    ],
)
def test_a_training_has_no_signal_where_no_group_of_any_step_had_one(training, why):
    assert without_signal(training) == why


def stage(cache, kind, name, inputs=None, training=None):
    folder = cache / kind / name
    write_json(folder / "stage.json", {"inputs": inputs or {}})
    if training is not None:
        write_json(folder / "training.json", training)
    return folder


def test_answers_rest_on_every_training_behind_their_model(tmp_path):
    stage(tmp_path, "grpo", "dead", training=about([1.0]))
    stage(tmp_path, "grpo", "alive", training=about([0.5]))
    found = {}
    for arm, name in (("a", "dead"), ("b", "alive")):
        decoded = stage(tmp_path, "decode", f"d{arm}", {"grpo": name})
        found[f"generate/{arm}"] = decoded
        found[f"score/{arm}"] = stage(tmp_path, "score", f"s{arm}", {"generate": decoded.name})
    both = stage(tmp_path, "training_report", "t", {"grpo/a": "dead", "grpo/b": "alive"})
    assert [*unlearned({**found, "trainings": both}, ["a", "b"])] == ["a"]
    del found["generate/a"]  # at two steps' distance
    assert [*unlearned(found, ["a", "b"])] == ["a"]
    (said,) = said_unlearned({"a": ALL})
    assert said.startswith("`a` was trained without signal: in all")


def test_a_run_folder_names_its_trainings_without_signal(tmp_path):
    for name, silent in (("grpo/a", 1.0), ("grpo/b", 0.0), ("sft", 1.0)):
        write_json(tmp_path / name / "training.json", about([silent]))
    assert [*in_run(tmp_path)] == ["grpo/a", "sft"]


def said(arms, finding, empty, rehearsal=False):
    found = evidence(Gathered(dict(arms)), "validation", rehearsal, empty)
    (verdict,) = verdicts_on(found, [finding], list(arms), {})
    return verdict


@pytest.mark.parametrize("arm", ["a", "b"])
@pytest.mark.parametrize("rehearsal", [True, False])
@pytest.mark.parametrize(("arms", "finding"), [(better(80), MORE), (shorter(80), LONGER)])
def test_a_verdict_that_rests_on_it_is_not_testable(arm, arms, finding, rehearsal):
    verdict = said(arms, finding, {arm: ALL}, rehearsal)
    assert (verdict.word, verdict.p) == ("not testable here", None) and verdict.numbers
    assert verdict.reason == f"`{arm}` was trained without signal: {ALL}."


def test_a_verdict_of_other_arms_is_as_it_was():
    assert said(better(80), MORE, {"c": ALL}).word == "shown here"


def test_outcomes_keep_it():
    found = outcomes(Gathered(better(80)), given(80), [MORE], unlearned={"a": ALL})
    (again,) = retested(Outcomes.model_validate_json(dumps(found))).verdicts
    assert again.word == "not testable here"
    assert "unlearned" not in dumps(outcomes(Gathered(better(80)), given(80), [MORE]))


@pytest.mark.parametrize(("share", "count"), [(1.0, 1), (0.99, 0)])
def test_the_report_on_trainings_says_it(share, count):
    one = Figure(
        quantity="groups of equal rewards", arm="a", span=Span(estimate=share), unit="share"
    )
    told = [text for text in sentences(Figures(figures=(one,))) if "without signal" in text]
    assert len(told) == count
