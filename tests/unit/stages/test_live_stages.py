"""Stages that ask again about a pool: laws of their outcomes, costs, resuming, refusals."""

from dataclasses import replace
from itertools import combinations

import pytest
from live_pools import (
    PROBLEMS,
    SAMPLER,
    UNREAD,
    ToldExactly,
    given,
    of,
    pool,
    right,
    run,
    wrong,
)
from loopback import Endpoint

from llmx.core.errors import ConfigError, DataError, LlmxError, RunError
from llmx.core.progress import Silent
from llmx.core.record import Record
from llmx.core.spec import EngineSpec, StageSpec
from llmx.core.stage import StageContext
from llmx.engines.scripted import ScriptedEngine
from llmx.stages.mixture import MixtureStage
from llmx.stages.revise import ReviseStage
from llmx.stages.self_score import SelfScoreStage
from llmx.store.files import read_json, read_lines, write_lines

FIRST, SECOND = PROBLEMS[:2]
MADE = {"r": right, "w": wrong, "x": lambda sample: wrong(sample, 2), "u": lambda _: UNREAD}


def texts(*flags):
    """A problem for each word, a draw for each letter: right, wrong, otherwise wrong, unread."""
    return [
        [MADE[one](sample) for one in own] for sample, own in zip(PROBLEMS, flags, strict=False)
    ]


def calls_of(folder):
    return read_lines(folder / "out" / "calls.jsonl")


def records_of(folder):
    return [Record.model_validate(row["record"]) for row in calls_of(folder)]


# ---- best of N by the model's own word


def test_a_judge_that_says_the_same_of_all_is_the_mean_and_ties_vote(tmp_path, monkeypatch):
    inputs = pool(tmp_path, texts("rwrx", "rrww"))
    sizes = [1, 2, 3, 4]
    _, rows = run(SelfScoreStage(), tmp_path, inputs, monkeypatch, lambda _: "7", sizes=sizes)
    for size in sizes:
        assert of(rows, "self_score", size)["correct"] == pytest.approx(0.5)
        assert of(rows, "self_score", size)["tied"] == (size > 1)
    votes = [of(rows, "self_score_vote", size)["correct"] for size in sizes]
    # Of three of r, w, r, x: both right ones twice, and twice one of three that are all apart.
    assert votes == pytest.approx([0.5, 0.5, (1 + 1 + 1 / 3 + 1 / 3) / 4, 1])


def test_a_judge_that_knows_is_right_wherever_there_is_a_right_answer(tmp_path, monkeypatch):
    inputs = pool(tmp_path, texts("rwxw"))

    def tell(request):
        return "9 of 10" if right(FIRST) == request.messages[-2].content else "2"

    told = {"problems": 1, "lists": 0, "sizes": [2, 3, 4]}
    _, rows = run(SelfScoreStage(), tmp_path, inputs, monkeypatch, tell, **told)
    for size in (2, 3, 4):
        subsets = list(combinations(range(4), size))
        held = sum(0 in own for own in subsets) / len(subsets)
        assert of(rows, "self_score", size)["correct"] == pytest.approx(held)


def test_a_judge_that_never_gives_a_number_shows_so_and_scores_nothing(tmp_path, monkeypatch):
    inputs = pool(tmp_path, texts("rwww"))
    _, rows = run(
        SelfScoreStage(), tmp_path, inputs, monkeypatch, lambda _: "Good!", problems=1, sizes=[2, 4]
    )
    assert of(rows, "self_score", 2)["unscored"] == 1
    assert of(rows, "self_score", 2)["correct"] == pytest.approx(0.25)
    assert of(rows, "self_score_list", 2)["unscored"] == 1
    assert of(rows, "self_score_list", 2)["correct"] == 0.5
    means = read_json(tmp_path / "out" / "summary.json")["outcomes"]
    assert [one["unscored"] for one in means] == [1] * 6


def test_a_draw_that_was_not_scored_is_below_one_that_scored_zero(tmp_path, monkeypatch):
    inputs = pool(tmp_path, texts("wr"))

    def tell(request):
        return "0" if request.messages[-2].content == right(FIRST) else "none"

    told = {"problems": 1, "lists": 0, "sizes": [2]}
    _, rows = run(SelfScoreStage(), tmp_path, inputs, monkeypatch, tell, **told)
    assert of(rows, "self_score", 2)["correct"] == 1
    assert of(rows, "self_score", 2)["unscored"] == 0.5


def test_of_a_judge_that_thinks_the_last_number_is_read_and_none_of_a_cut_thought(
    tmp_path, monkeypatch
):
    inputs = pool(tmp_path, texts("rw"))

    def tell(request):
        if request.messages[-2].content == right(FIRST):
            return "<think>3? Or 4? I say</think>9"
        return "<think>This is a clear 10, or " + "so " * 200  # longer than its room

    told = {"problems": 1, "lists": 0, "sizes": [2]}
    _, rows = run(SelfScoreStage(), tmp_path, inputs, monkeypatch, tell, **told)
    assert of(rows, "self_score", 2)["unscored"] == 0.5
    assert of(rows, "self_score", 2)["correct"] == 1


def test_the_answer_that_a_list_names_counts(tmp_path, monkeypatch):
    inputs = pool(tmp_path, texts("wwrwwr"))
    tell = {"list/3/0": "3", "list/3/1": "1"}
    _, rows = run(
        SelfScoreStage(),
        tmp_path,
        inputs,
        monkeypatch,
        lambda request: tell.get(request.id.removeprefix(f"{FIRST.id}/"), "5"),
        problems=1,
        sizes=[3, 6],
        lists=2,
    )
    assert of(rows, "self_score_list", 3)["correct"] == 0.5  # draws 2 and 3
    assert of(rows, "self_score_list", 6)["correct"] == 0  # draw 4


# ---- sequential revision


def test_no_revision_is_a_single_answer(tmp_path, monkeypatch):
    inputs = pool(tmp_path, texts("rwrr", "uwxr"))
    engine, rows = run(
        ReviseStage(), tmp_path, inputs, monkeypatch, lambda _: "", rounds=0, chains=4, sizes=[]
    )
    assert engine.asked == []
    for method in ("revise", "revise_vote", "revise_stop"):
        assert [of(rows, method, 0, problem)["correct"] for problem in (0, 1)] == [0.75, 0.25]
        assert of(rows, method, 0, 1)["unparsed"] == 0.25
    draws = [Record.model_validate(row) for row in read_lines(inputs["pool"] / "samples.jsonl")]
    assert of(rows, "revise", 0)["completion"] == sum(one.tokens for one in draws[:4]) / 4
    assert of(rows, "revise", 0)["calls"] == 1


def test_flips_of_each_round_are_counted(tmp_path, monkeypatch):
    inputs = pool(tmp_path, texts("rw"))
    answers = {"0/1": "w", "0/2": "w", "1/1": "r", "1/2": "u"}

    def tell(request):
        return MADE[answers[request.id.rpartition("revise/")[2]]](FIRST)

    told = {"problems": 1, "rounds": 2, "chains": 2, "sizes": [2]}
    _, rows = run(ReviseStage(), tmp_path, inputs, monkeypatch, tell, **told)
    found = [of(rows, "revise", number) for number in range(3)]
    assert [(one["lost"], one["won"]) for one in found] == [(0, 0), (0.5, 0.5), (0.5, 0)]
    assert [one["correct"] for one in found] == [0.5, 0.5, 0]
    assert [one["unparsed"] for one in found] == [0, 0, 0.5]
    # r w w and w r u: votes of three are wrong, and a tie.
    assert of(rows, "revise_vote", 2)["correct"] == pytest.approx(0.25)
    # The first chain stops at its second wrong answer, the other never does.
    stopped = of(rows, "revise_stop", 2)
    assert (stopped["correct"], stopped["used"]) == (0, 3)
    assert of(rows, "chains", 2)["correct"] == 0


def test_a_chain_that_agrees_at_once_spends_no_third_answer(tmp_path, monkeypatch):
    inputs = pool(tmp_path, texts("r"))
    tell = {"1": right(FIRST), "2": wrong(FIRST)}
    told = {"problems": 1, "rounds": 2, "sizes": []}
    _, rows = run(
        ReviseStage(), tmp_path, inputs, monkeypatch, lambda one: tell[one.id[-1]], **told
    )
    whole, stopped = of(rows, "revise", 2), of(rows, "revise_stop", 2)
    assert (whole["correct"], stopped["correct"]) == (0, 1)
    assert (whole["calls"], stopped["calls"]) == (3, 2)
    assert stopped["completion"] == of(rows, "revise", 1)["completion"]


def test_a_chain_is_as_long_as_all_of_its_answers(tmp_path, monkeypatch):
    inputs = pool(tmp_path, texts("rw"))
    told = {"problems": 1, "rounds": 2, "chains": 2, "sizes": [2]}
    _, rows = run(ReviseStage(), tmp_path, inputs, monkeypatch, lambda _: "four", **told)
    single = [len(right(FIRST)) + 1, len(wrong(FIRST)) + 1]
    chain = [one + 5 + 5 for one in single]
    assert of(rows, "revise", 2)["longest"] == sum(chain) / 2
    assert of(rows, "chains", 2)["longest"] == max(chain)
    assert of(rows, "chains", 2)["completion"] == sum(chain)
    assert of(rows, "chains", 2)["calls"] == 6


# ---- mixture


def first_draft(request):
    """An aggregator that repeats the first draft it is shown."""
    told = request.messages[0].content
    return told.partition("[1]\n")[2].partition("\n\n[2]")[0]


def test_a_mixture_of_one_with_an_echo_is_single(tmp_path, monkeypatch):
    inputs = pool(tmp_path, texts("rwru", "wwrr"))
    told = {"sizes": [1, 4], "groups": 4}
    _, rows = run(MixtureStage(), tmp_path, inputs, monkeypatch, first_draft, **told)
    assert [of(rows, "mixture", 1, problem)["correct"] for problem in (0, 1)] == [0.5, 0.5]
    assert of(rows, "mixture", 1)["unparsed"] == 0.25
    assert of(rows, "mixture", 4, 0)["correct"] == 1


def test_a_mixture_of_four_costs_a_call_more_than_a_vote_of_four(tmp_path, monkeypatch):
    inputs = pool(tmp_path, texts("rwxr"))
    told = {"sizes": [4], "problems": 1}
    _, rows = run(MixtureStage(), tmp_path, inputs, monkeypatch, first_draft, **told)
    (record,) = records_of(tmp_path)
    draws = [Record.model_validate(row) for row in read_lines(inputs["pool"] / "samples.jsonl")]
    found = of(rows, "mixture", 4)
    assert found["calls"] == 5
    assert found["prompt"] == sum(len(one.prompt_ids) for one in [*draws, record])
    assert found["completion"] == sum(one.tokens for one in [*draws, record])
    assert found["longest"] == max(one.tokens for one in draws) + record.tokens


# ---- calls: counted once, made once

STAGES = [
    (SelfScoreStage, {"sizes": [2, 4], "lists": 2}),
    (ReviseStage, {"rounds": 2, "chains": 2, "sizes": [2]}),
    (MixtureStage, {"sizes": [2, 4], "groups": 2}),
]


def say(request):
    """An answer that depends on the whole request, and is a score too."""
    number = sum(map(len, (turn.content for turn in request.messages))) + len(request.id)
    return f"#### {number % 10}"


@pytest.mark.parametrize(("stage", "options"), STAGES)
def test_wherever_it_is_killed_nothing_is_asked_twice_and_the_bytes_are_the_same(
    tmp_path, monkeypatch, stage, options
):
    inputs = pool(tmp_path / "in", texts("rwxr", "uwrr"))
    whole, rows = run(stage(), tmp_path / "whole", inputs, monkeypatch, say, **options)
    total = len(whole.asked)
    assert total > 3
    for stop in (0, 1, total // 2, total - 1):
        folder = tmp_path / f"killed-{stop}"
        with pytest.raises(KeyboardInterrupt):
            run(stage(), folder, inputs, monkeypatch, say, stops=stop, **options)
        with (folder / "out" / "calls.jsonl").open("ab") as calls:
            calls.write(b'{"key": "torn')
        again, found = run(stage(), folder, inputs, monkeypatch, say, **options)
        # A batch that was cut short is asked again as a whole: at most one is.
        assert len(again.asked) <= total - stop + 1
        assert len({row["key"] for row in calls_of(folder)}) == len(calls_of(folder)) == total
        assert found == rows and calls_of(folder) == calls_of(tmp_path / "whole")
    once, found = run(stage(), tmp_path / "whole", inputs, monkeypatch, say, **options)
    assert once.asked == [] and found == rows


@pytest.mark.parametrize(("stage", "options"), STAGES)
def test_tokens_are_those_of_the_records_and_of_the_calls_to_the_token(
    tmp_path, monkeypatch, stage, options
):
    inputs = pool(tmp_path, texts("rwxr", "uwrr"))
    engine, rows = run(stage(), tmp_path, inputs, monkeypatch, say, **options)
    made = records_of(tmp_path)
    assert [one.id for one in made] == [one.id for one in engine.asked]
    told = read_json(tmp_path / "out" / "summary.json")
    assert told["calls"] == len(made)
    assert told["completion_tokens"] == sum(one.tokens for one in made)
    assert told["prompt_tokens"] == sum(len(one.prompt_ids) for one in made)
    draws = [Record.model_validate(row) for row in read_lines(inputs["pool"] / "samples.jsonl")]
    # The largest size of each method takes every draw that it is given, and calls of its own.
    large = {
        SelfScoreStage: [("self_score", 4, "/score/"), ("self_score_list", 4, "/list/4/0")],
        ReviseStage: [("chains", 2, "/revise/")],
        MixtureStage: [("mixture", 4, "/mixture/4/")],
    }[stage]
    for method, size, name in large:
        own = [one for one in made if one.id.startswith(f"{FIRST.id}{name}")]
        used = [*draws[: size if stage is not ReviseStage else 2], *own]
        found = of(rows, method, size)
        assert found["completion"] == pytest.approx(sum(one.tokens for one in used))
        assert found["prompt"] == pytest.approx(sum(len(one.prompt_ids) for one in used))
        assert found["calls"] == pytest.approx(len(used))


def test_money_is_what_the_prices_say(tmp_path, monkeypatch):
    from llmx.stages.expense import expense_of

    record = Record(
        id="a",
        prompt_ids=(1,) * 100,
        completion_ids=(1,) * 10,
        prompt="",
        text="",
        finish="eos",
        rounds=1,
    )
    engine = EngineSpec(price_in=2.0, price_out=30.0)
    assert expense_of(record, engine).money == pytest.approx((100 * 2 + 10 * 30) / 1e6)
    kept = EngineSpec(price_in=2.0, price_out=30.0, keep_cost=True)
    counted = record.model_copy(update={"cost": kept.cost(100, 10, cached=40)})
    assert expense_of(counted, engine).money == pytest.approx(5e-4)
    assert expense_of(counted, engine).cached == 40


def test_another_request_or_another_engine_is_another_call(tmp_path, monkeypatch):
    inputs = pool(tmp_path, texts("rw"))
    told = {"problems": 1, "sizes": [2], "lists": 0}
    run(SelfScoreStage(), tmp_path, inputs, monkeypatch, lambda _: "7", **told)
    hot, _ = run(
        SelfScoreStage(), tmp_path, inputs, monkeypatch, lambda _: "7", temperature=1.0, **told
    )
    assert len(hot.asked) == 2 and len(calls_of(tmp_path)) == 4
    monkeypatch.setattr(ScriptedEngine, "identity", classmethod(lambda *_: {"engine": "other"}))
    other, _ = run(SelfScoreStage(), tmp_path, inputs, monkeypatch, lambda _: "7", **told)
    assert len(other.asked) == 2


def test_more_rounds_or_a_larger_pool_ask_only_for_what_is_new(tmp_path, monkeypatch):
    small = pool(tmp_path / "small", texts("rw", "wr"))
    large = pool(tmp_path / "large", texts("rwrr", "wrww"))
    told = {"sizes": [], "engine": ToldExactly}
    first = {"rounds": 1, "chains": 2, **told}
    run(ReviseStage(), tmp_path / "cache" / "a", small, monkeypatch, say, **first)
    out = tmp_path / "cache" / "a" / "out"
    (tmp_path / "kept").mkdir()
    out.rename(tmp_path / "kept" / "earlier")
    with (tmp_path / "kept" / "earlier" / "calls.jsonl").open("ab") as calls:
        calls.write(b'{"key": "torn')
    more = {"rounds": 3, "chains": 4, **told}
    new, rows = run(ReviseStage(), tmp_path / "kept", large, monkeypatch, say, **more)
    assert len(new.asked) == 2 * 4 * 3 - 2 * 2
    alone, found = run(ReviseStage(), tmp_path / "alone", large, monkeypatch, say, **more)
    assert len(alone.asked) == 2 * 4 * 3 and rows == found
    whole = read_lines(tmp_path / "kept" / "out" / "calls.jsonl")
    assert len({row["key"] for row in whole}) == len(whole) == 24
    assert whole == calls_of(tmp_path / "alone")


def test_what_is_damaged_elsewhere_is_asked_again(tmp_path, monkeypatch):
    inputs = pool(tmp_path / "in", texts("rw", "wr"))
    told = {"rounds": 1, "chains": 2, "sizes": [], "engine": ToldExactly}
    _, rows = run(ReviseStage(), tmp_path, inputs, monkeypatch, say, **told)
    (tmp_path / "out").rename(tmp_path / "earlier")
    calls = tmp_path / "earlier" / "calls.jsonl"
    kept = read_lines(calls)
    write_lines(calls, [{"key": kept[0]["key"], "record": {}}, *kept[1:]])
    again, found = run(ReviseStage(), tmp_path, inputs, monkeypatch, say, **told)
    assert [one.id for one in again.asked] == [kept[0]["request"]["id"]]
    assert found == rows and calls_of(tmp_path) == kept


def test_answers_that_depend_on_their_batch_are_not_taken_over(tmp_path, monkeypatch):
    inputs = pool(tmp_path / "in", texts("rw", "wr"))
    told = {"rounds": 1, "chains": 2, "sizes": []}
    run(ReviseStage(), tmp_path, inputs, monkeypatch, say, **told)
    (tmp_path / "out").rename(tmp_path / "earlier")
    again, _ = run(ReviseStage(), tmp_path, inputs, monkeypatch, say, **told)
    assert len(again.asked) == 4


def test_what_does_not_fit_the_context_is_not_sent_and_counts_as_unread(tmp_path, monkeypatch):
    inputs = pool(tmp_path, texts("rr", "rr"))
    monkeypatch.setattr(
        "live_pools.ToldEngine.room",
        lambda _, request: 0 if request.id.startswith(FIRST.id) else 70,
        raising=False,
    )
    told = {"sizes": [2], "problems": 2}
    engine, rows = run(
        MixtureStage(), tmp_path, inputs, monkeypatch, lambda _: right(SECOND), **told
    )
    assert [one.id for one in engine.asked] == [f"{SECOND.id}/mixture/2/0"]
    assert engine.asked[0].sampler.max_tokens == 64
    lost = of(rows, "mixture", 2, 0)
    assert (lost["correct"], lost["unparsed"], lost["calls"]) == (0, 1, 2)
    assert of(rows, "mixture", 2, 1)["correct"] == 1
    assert read_json(tmp_path / "out" / "summary.json")["too_long"] == 1


# ---- refusals


def test_more_draws_than_the_pool_has_are_refused(tmp_path, monkeypatch):
    inputs = pool(tmp_path, texts("rw", "rw"))
    with pytest.raises(
        DataError, match="asks about 4 draws of a problem, and the pool has 2"
    ) as caught:
        run(SelfScoreStage(), tmp_path, inputs, monkeypatch, say, sizes=[4])
    assert "pool.draws=4" in caught.value.hint


def test_a_plan_refuses_more_draws_than_the_pool_will_have(tmp_path):
    stage = SelfScoreStage()
    about = given(stage, tmp_path, 2, sizes=[2, 32])
    drawing = StageSpec(name="pool", kind="pool")
    assert stage.plan(replace(about, stages={"pool": drawing})).refusal is not None
    assert stage.plan(about).refusal is None
    arm = about.arm.model_copy(update={"more": {"pool": {"draws": 32}}})
    assert stage.plan(replace(about, arms={"a": arm}, stages={"pool": drawing})).refusal is None


def test_a_scorer_that_knows_no_equal_answers_is_refused(tmp_path):
    about = given(SelfScoreStage(), tmp_path, 1, scorer="f1")
    with pytest.raises(ConfigError, match="does not say which answers are equal"):
        SelfScoreStage().identity(about)


def test_raw_prompts_are_refused_before_anything_is_drawn(tmp_path):
    about = given(SelfScoreStage(), tmp_path, 1)
    data = about.arm.data.model_copy(update={"kind": "countdown", "options": {"wrapper": "base"}})
    arms = {"a": about.arm.model_copy(update={"data": data})}
    with pytest.raises(ConfigError, match="asks again in a chat") as caught:
        SelfScoreStage().identity(replace(about, arms=arms))
    assert "wrapper=chat" in caught.value.hint


def test_classes_of_other_draws_are_refused(tmp_path, monkeypatch):
    inputs = pool(tmp_path, texts("rw", "rw"))
    lines = read_lines(inputs["classes"] / "classes.jsonl")
    lines[1]["of"] = [0]
    write_lines(inputs["classes"] / "classes.jsonl", lines)
    with pytest.raises(RunError, match="do not belong together"):
        run(SelfScoreStage(), tmp_path, inputs, monkeypatch, say, sizes=[2])


def test_a_pool_without_classes_is_refused(tmp_path, monkeypatch):
    inputs = pool(tmp_path, texts("rw"))
    del inputs["classes"]
    with pytest.raises(RunError, match="classes") as caught:
        run(SelfScoreStage(), tmp_path, inputs, monkeypatch, say, problems=1, sizes=[2])
    assert "needs: [pool, classes]" in caught.value.hint


def test_nothing_to_do_is_nothing(tmp_path):
    assert not SelfScoreStage().applies(given(SelfScoreStage(), tmp_path, 1, sizes=[]))
    assert SelfScoreStage().applies(given(SelfScoreStage(), tmp_path, 1))


@pytest.mark.parametrize(("stage", "options"), STAGES)
def test_a_plan_counts_the_calls_that_are_made(tmp_path, monkeypatch, stage, options):
    inputs = pool(tmp_path, texts("rwxr", "uwrr"))
    engine, _ = run(stage(), tmp_path, inputs, monkeypatch, say, **options)
    cost = stage().plan(given(stage(), tmp_path, 2, **options))
    assert cost.samples == len(engine.asked)
    assert cost.tokens == len(engine.asked) * SAMPLER.max_tokens


def test_a_plan_says_seconds_and_more_rounds_take_longer(tmp_path):
    told = {"engine": EngineSpec(), "max_tokens": 32}
    cost = ReviseStage().plan(given(ReviseStage(), tmp_path, 6, **told))
    more = ReviseStage().plan(given(ReviseStage(), tmp_path, 6, **told, rounds=30))
    assert cost.samples == 18 and cost.seconds
    assert more.seconds > 2 * cost.seconds  # the rest is the start


# ---- at an endpoint


@pytest.fixture
def served():
    with Endpoint() as there:
        yield there


def at(there, **more):
    return EngineSpec(
        kind="openai", base_url=there.url, dialect="vllm", price_in=1.0, price_out=2.0, **more
    )


def ask_there(there, folder, inputs, stage, options, **more):
    about = given(stage, folder, 2, engine=at(there, **more), **options)
    (folder / "out").mkdir(parents=True, exist_ok=True)
    stage.run(StageContext(about, stage.identity(about), inputs, folder / "out", Silent()))
    return read_lines(folder / "out" / "outcomes.jsonl")


def test_a_budget_that_is_used_up_keeps_every_answer_and_counts_it_once(tmp_path, served):
    inputs = pool(tmp_path / "in", texts("rw", "wr"))
    options = {"rounds": 2, "chains": 2, "sizes": [2], "max_tokens": 40}
    with pytest.raises(LlmxError, match="budget is used up"):
        ask_there(served, tmp_path, inputs, ReviseStage(), options, max_total_tokens=1500)
    kept = records_of(tmp_path)
    assert 0 < len(kept) < 8 and sum(served.worked.values()) == len(kept)
    spent = sum(one.spent.prompt + one.spent.completion for one in kept)
    with pytest.raises(LlmxError, match=f"{spent:,} tokens"):
        ask_there(served, tmp_path, inputs, ReviseStage(), options, max_total_tokens=1500)
    assert sum(served.worked.values()) == len(kept)
    rows = ask_there(served, tmp_path, inputs, ReviseStage(), options)
    assert sum(served.worked.values()) == len(records_of(tmp_path)) == 8
    told = read_json(tmp_path / "out" / "engine.json")
    assert told["answers"] == 8
    whole = [one.spent for one in records_of(tmp_path)]
    assert told["completion_tokens"] == sum(one.completion for one in whole)
    assert of(rows, "chains", 2)["money"] > 0


def test_what_was_paid_for_is_not_paid_for_again_by_other_options(tmp_path, served):
    inputs = pool(tmp_path / "in", texts("rw", "wr"))
    options = {"rounds": 1, "sizes": []}
    ask_there(served, tmp_path, inputs, ReviseStage(), options)
    (tmp_path / "out").rename(tmp_path / "earlier")
    ask_there(served, tmp_path, inputs, ReviseStage(), {**options, "rounds": 2})
    assert sum(served.worked.values()) == 4


# ---- what draws share


def prompt_of(folder, name):
    return next(
        len(row["prompt_ids"]) or row["prompt_tokens"]
        for row in read_lines(folder / "samples.jsonl")
        if row["id"] == name
    )


@pytest.mark.parametrize(
    ("stage", "method", "options"),
    [
        (SelfScoreStage, "self_score", {"sizes": [1, 2, 4]}),
        (SelfScoreStage, "self_score_list", {"sizes": [2, 4], "lists": 1}),
        (MixtureStage, "mixture", {"sizes": [1, 2, 4]}),
        (ReviseStage, "chains", {"sizes": [1, 2, 4], "rounds": 1, "chains": 4}),
    ],
)
def test_the_prompt_of_draws_is_counted_once_as_of_votes(
    tmp_path, monkeypatch, stage, method, options
):
    inputs = pool(tmp_path, texts("rwrx", "rrww"))
    _, rows = run(stage(), tmp_path, inputs, monkeypatch, lambda _: "7", **options)
    own = [row for row in rows if row["method"] == method]
    assert {row["size"] for row in own} == {*options["sizes"]} and own
    for row in own:
        prompt = prompt_of(inputs["pool"], row["id"])
        assert row["cached"] == pytest.approx((row["size"] - 1) * prompt)


def test_what_an_engine_found_in_its_cache_is_not_lost():
    from llmx.stages.expense import Expense, sharing

    assert sharing(Expense(prompt=90, cached=70), 20, 3).cached == 70
    assert sharing(Expense(prompt=90, cached=10), 20, 3).cached == 40
    assert sharing(Expense(), 20, 0).cached == 0
