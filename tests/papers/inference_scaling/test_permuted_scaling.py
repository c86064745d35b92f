"""Options that each draw shows in another order, through the methods, the costs and the page."""

import json
import re

import pytest
from permuted import (
    answered,
    arm_of,
    asking,
    data_of,
    letter,
    likes,
    pooled,
    reading,
    rows_of,
    said,
    shown,
    wants,
)
from typer.testing import CliRunner

from llmx.cli.app import app
from llmx.core.permuted import OWN_OPTIONS, in_draw
from llmx.data import load
from llmx.papers.inference_scaling import shown_problem
from llmx.papers.inference_scaling.costs import ModelCost, at_once, flops
from llmx.papers.inference_scaling.gathered import ArmFolders
from llmx.papers.inference_scaling.load import drawn
from llmx.papers.inference_scaling.stopped import StoppedStage
from llmx.papers.inference_scaling.truncate import TruncateStage
from llmx.scoring.classes import read_classes
from llmx.stages.expense import common_prompt
from llmx.stages.requests import requests_for
from llmx.store.files import read_lines, write_lines


@pytest.fixture
def data(tmp_path):
    return data_of(tmp_path, rows_of(6))


def files_of(inputs):
    return inputs["pool"] / "samples.jsonl", inputs["classes"] / "classes.jsonl"


def thinking(inputs):
    """Let every answer of a pool think first; the classes stay."""
    path = inputs["pool"] / "samples.jsonl"
    lines = read_lines(path)
    for row in lines:
        row["text"] = f"<think>{row['text']}</think>{row['text']}"
        row["completion_ids"] = [*row["text"].encode(), 0]
    write_lines(path, lines)


def test_thinking_that_is_cut_goes_on_in_the_order_of_its_draw(tmp_path, data, monkeypatch):
    inputs = pooled(tmp_path, data, wants("green"), 4)
    thinking(inputs)
    told = {"draws": 4, "shares": [0, 100], "problems": 6}
    asked, found = asking(
        TruncateStage(), tmp_path, data, inputs, monkeypatch, reading("red"), **told
    )
    plain = requests_for(arm_of(data), "test", 6, None, range(4))
    turns = {(one.id, one.draw): one.messages for one in plain}
    for request in asked:
        name, _, number, _ = request.id.split("/")
        assert request.messages == turns[name, int(number)]
    for one in found:
        assert one["correct"] == float(int(one["id"][1:]) % 3 != 0)
        assert one["already"] == (one["size"] == 100)  # the letter of its own draw


def test_draws_that_are_made_one_by_one_are_those_of_the_pool(tmp_path, data, monkeypatch):
    told = {"budget": 6, "problems": 6}
    asked, found = asking(StoppedStage(), tmp_path, data, {}, monkeypatch, reading("red"), **told)
    pool = {
        (one.id, one.draw): one for one in requests_for(arm_of(data), "test", 6, None, range(6))
    }
    assert asked == [pool[one.id, one.draw] for one in asked]
    # All choose one option, whatever its letter: the lead is safe after four of six.
    assert {one["used"] for one in found if "exact" in one["method"]} == {4}
    assert {one["correct"] for one in found if one["id"] == "q1"} == {1.0}
    assert {one["correct"] for one in found if one["id"] == "q0"} == {0.0}
    for one in (one for one in found if one["id"] == "q2"):
        own = [answered(data, load(data, "test")[2], draw, "A") for draw in range(one["used"])]
        assert one["cached"] == (one["used"] - 1) * common_prompt(own, permuted=True)


def test_prompts_are_cached_as_far_as_they_are_alike(tmp_path, data):
    inputs = pooled(tmp_path, data, likes("A"), 4)
    one = drawn(*files_of(inputs))[0]
    own = [answered(data, load(data, "test")[0], draw, "A") for draw in range(4)]
    assert one.begun == common_prompt(own, permuted=True) < one.prompt == len(own[0].prompt_ids)
    model = ModelCost(parameters=10, layers=1, width=1)
    cost = at_once(one, 3, model)
    assert (cost["prompt"], cost["cached"]) == (3 * one.prompt, 2 * one.begun)
    work = 3 * float(flops(model, one.prompt, one.tokens).mean())
    assert cost["flops"] == 20 * (one.prompt + 2 * (one.prompt - one.begun)) + work
    plain = pooled(tmp_path / "one", data_of(tmp_path, rows_of(6), permute=True), likes("A"), 4)
    assert drawn(*files_of(plain))[0].begun is None


def test_the_page_says_what_a_letter_means(tmp_path, data):
    inputs = pooled(tmp_path, data, lambda _, draw: [*"ABC", None][draw % 4], 8)
    folders = {"a": ArmFolders(*files_of(inputs), ())}
    sample = load(data, "test")[1]
    found = shown_problem.shown(folders, 1)
    assert found.expected == f"{sample.answer}. red 1"
    first = shown(sample, 0)
    seen = []
    for group in found.arms["a"]:
        if group.key == shown_problem.NOTHING:
            continue
        name, text = group.key.split(". ")
        assert first[name] == text and group.right == (text == "red 1")
        for answer in group.texts:
            head, options, said_ = answer.partition("\n")[0], *_parts(answer)
            assert head == OWN_OPTIONS
            chosen = re.search(r"answer is (\w)", said_)[1]
            assert f"{chosen}. {text}" in options
            seen.append((options, said_))
    wanted = [
        (in_draw(sample, draw).question.partition("\n")[2], said("ABC"[draw % 4]))
        for draw in range(8)
        if draw % 4 < 3
    ]
    assert sorted(seen) == sorted(wanted)


def _parts(answer):
    options, _, text = answer.partition("\n")[2].partition("\n\n")
    return options, text


RECIPE = """
defaults: [override /model: zoo_gsm, override /data: jsonl, override /sampler: target]
name: colours
description: Colours
sampler: {temperature: 1.0}
pool: {draws: 4}
frontier: {}
scaling: {class: reasoning}
stages:
  pool: {kind: pool, over: arm}
  score: {kind: score, over: arm, needs: [pool]}
  classes: {kind: classes, over: arm, needs: [pool]}
  audit: {kind: audit, over: arm, needs: [pool, score]}
  judged: {kind: self_score, over: arm, needs: [pool, classes], sizes: [2, 4]}
  revised: {kind: revise, over: arm, needs: [pool, classes], chains: 4, rounds: 1, sizes: [4]}
  mixed: {kind: mixture, over: arm, needs: [pool, classes], sizes: [2, 4]}
  truncated: {kind: truncate, over: arm, needs: [pool, classes], draws: 4, shares: [0, 100]}
  stopped_live: {kind: stopped, over: arm, budget: 4}
  scaling:
    kind: scaling
    over: recipe
    needs: [pool, classes, judged, revised, mixed, truncated, stopped_live]
  report: {kind: report, over: recipe, needs: [pool, score, audit, scaling], title: Colours}
arms: {a: []}
reference: a
"""
DRAWS = 8


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Questions, and answers of a model that always wants red, and revises to the letter A."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LLMX_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "own" / "benchmark" / "colours.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(RECIPE)
    samples = load(data_of(tmp_path, rows_of(5)), "test")
    script = {"*": "So be it. 7? The answer is A."}
    for sample in samples:
        for draw in range(DRAWS):
            text = said(letter(sample, draw, "red"))
            script[f"{sample.id}#{draw}" if draw else sample.id] = f"<think>{text}</think>{text}"
    (tmp_path / "script.json").write_text(json.dumps(script))
    return tmp_path


def typed(*more, permute="each_draw"):
    words = ["run", "recipe=colours", "--recipes", "own", "--runs", "runs", "--workers", "1"]
    told = ["engine.kind=scripted", "engine.script=script.json", "scale.problems=5"]
    own = ["data.options.path=mine.jsonl", "data.options.id=id", f"data.options.permute={permute}"]
    return CliRunner().invoke(app, [*words, *told, *own, *more], prog_name="llmx")


def lines_of(here, stage, file, draws):
    (path,) = [
        one
        for one in here.glob(f"runs/colours-*/{stage}/a/{file}")
        if json.loads((one.parents[1].parent / "pool" / "a" / "summary.json").read_text())["draws"]
        == draws
    ]
    return path, read_lines(path)


def test_the_whole_way_with_a_pool_that_grows(here):
    samples = load(data_of(here, rows_of(5)), "test")
    pools = {}
    for draws, more in ((4, []), (8, _alone())):
        done = typed(f"pool.draws={draws}", *more)
        assert done.exit_code == 0, done.output
        path, records = lines_of(here, "pool", "samples.jsonl", draws)
        pools[draws] = path.read_bytes().splitlines()
        _, scores = lines_of(here, "score", "scores.jsonl", draws)
        assert [one["correct"] for one in scores] == [
            n % 3 != 0 for n in range(5) for _ in range(draws)
        ]
        classes = list(read_classes(lines_of(here, "classes", "classes.jsonl", draws)[0]))
        assert [one.keys for one in classes] == [(letter(one, 0, "red"),) for one in samples]
        assert [one.right for one in classes] == [(n % 3 != 0,) for n in range(5)]
        for record in records:
            (sample,) = [one for one in samples if one.id == record["id"]]
            assert in_draw(sample, record.get("draw", 0)).question in record["prompt"]
    assert [one for one in pools[8] if json.loads(one).get("draw", 0) < 4] == pools[4]
    for path in here.glob("runs/colours-*/audit/a/audit.json"):
        audit = json.loads(path.read_text())
        checks = {one["check"]: one["passed"] for one in audit["checks"]}
        assert audit["passed"] and checks["question_sent"] and checks["expected_answer"]
    _, found = lines_of(here, "revised", "outcomes.jsonl", 4)
    for n, sample in enumerate(samples):
        (one,) = [
            one
            for one in found
            if (one["id"], one["method"], one["size"]) == (f"q{n}", "revise", 1)
        ]
        assert one["correct"] == sum(in_draw(sample, d).answer == "A" for d in range(4)) / 4
    page = next(here.glob("runs/colours-*/scaling/scaling.html")).read_text()
    assert OWN_OPTIONS in page and re.search(r"[A-D]\. red \d", page)


def test_a_run_that_grows_by_whole_blocks_draws_nothing_twice(here):
    assert typed("pool.draws=8").exit_code == 0
    done = typed("pool.draws=16", "--dry-run")
    assert re.search(r"draws 0 to 7 +done", done.output), done.output
    assert re.search(r"draws 8 to 15 +to do", done.output), done.output


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["data.options.choices=[]"], "permute: there are no options to choose from"),
        (["sampler.temperature=0"], "answers to a problem at temperature 0"),
        (["stages.classes.scorer=exact"], "reads no letters, and each draw"),
        (["stages.mixed.scorer=exact"], "reads no letters, and each draw"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line_before_anything_is_asked(here, more, says):
    _refused(here, typed(*more), says)


def test_a_file_without_options_has_none_to_put_in_order(here):
    plain = [{"id": f"q{n}", "question": f"{n} + {n}?", "answer": str(2 * n)} for n in range(5)]
    data_of(here, plain)
    _refused(here, typed(), "data.options.permute=each_draw: there are no options to choose from")


def test_another_word_is_none(here):
    _refused(here, typed(permute="sometimes"), "write true, false or each_draw")


def _refused(here, done, says):
    assert done.exit_code == 2, done.output
    assert says in " ".join(done.output.split())
    assert not list(here.rglob("samples.jsonl"))


def test_the_first_draws_are_those_of_one_order_for_each_problem(here):
    for permute in (True, "each_draw"):
        assert typed("pool.draws=1", *_alone(), permute=permute).exit_code == 0
    one, each = sorted(here.glob("runs/colours-*/pool/a/samples.jsonl"))
    assert one.read_bytes() == each.read_bytes()
    one, each = sorted(here.glob("runs/colours-*/score/a/scores.jsonl"))
    assert one.read_bytes() == each.read_bytes()


def _alone():
    names = ("judged", "revised", "mixed", "truncated", "stopped_live", "scaling")
    return [*(f"stages.{name}=null" for name in names), "stages.report.needs=[pool,score,audit]"]
