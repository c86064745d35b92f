"""Truncation: what is kept of a draw, what is asked, and what the outcomes say."""

import pytest
from hypothesis import given as each
from hypothesis import strategies as st
from live_pools import PROBLEMS, UNREAD, drawn, given, of, pool, right, run, wrong
from loopback import Endpoint

from llmx.core.errors import ConfigError, DataError
from llmx.core.progress import Silent
from llmx.core.record import Part, Record
from llmx.core.spec import EngineSpec, ModelSpec, SamplerSpec
from llmx.core.speech import ask
from llmx.core.stage import StageContext
from llmx.engines.hf import HfEngine
from llmx.engines.scripted import ScriptedEngine
from llmx.papers.inference_scaling.truncate import DrawnThought, TruncateStage
from llmx.store.files import read_json, read_lines

FIRST, SECOND = PROBLEMS[:2]
ENGINE = ScriptedEngine(None, EngineSpec(kind="scripted"))
ANSWER = int(FIRST.answer)
STEPS = f"One plus two.\nSo it is {ANSWER}.\n"
WORKED = f"{STEPS}#### {ANSWER}"
TAGGED = f"<think>\n{STEPS}</think>\n\nThe answer: #### {ANSWER}"


def thought_of(text, engine=ENGINE, **more):
    return DrawnThought.of(drawn(FIRST, 0, text, **more), engine)


def cut_of(text, tokens, cue="", **more):
    return thought_of(text, **more).cut(tokens, cue)


OPENED = "user: Q\nassistant: <think>\n"


@pytest.mark.parametrize(
    ("text", "tokens", "begun", "more"),
    [
        (WORKED, 0, "####", {}),
        (WORKED, 7, "One plu\n####", {}),
        (WORKED, 14, "One plus two.\n####", {}),
        (WORKED, len(STEPS), f"{STEPS}####", {}),
        (TAGGED, 0, "<think>\n</think>", {}),
        (TAGGED, 4, "<think>\nOne\n</think>", {}),
        (TAGGED, len(STEPS) + 1, f"<think>\n{STEPS}</think>", {}),
        ("<reasoning>One. Two", 8, "<reasoning>One. Two</reasoning>", {}),
        (f"{STEPS}</think>4", 3, "One\n</think>", {"prompt": OPENED}),
        (STEPS, 3, "One\n</think>", {"prompt": OPENED}),
    ],
)
def test_what_is_kept_is_closed_by_the_mark_of_the_draw(text, tokens, begun, more):
    assert cut_of(text, tokens, **more).begun == begun


def test_a_cue_stands_behind_the_mark():
    assert cut_of(TAGGED, 4, " So:").begun == "<think>\nOne\n</think> So:"


STEPS_OF_ANY_KIND = st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1)


@each(STEPS_OF_ANY_KIND, st.text("0123 ", max_size=3), st.floats(0, 1))
def test_kept_ids_say_the_kept_text_and_all_of_it_is_the_draw_itself(steps, final, share):
    text = f"{steps}####{final}"
    thought = thought_of(text)
    if thought is None:
        return
    cut = thought.cut(round(share * thought.tokens), "")
    ids = cut.prefix[0].ids or ()
    assert ids == thought.record.completion_ids[: cut.tokens]
    assert ENGINE.decoded(ids) == (cut.prefix[0].text if ids else "")
    whole = thought.cut(thought.tokens, "").begun
    assert text.startswith(whole) and whole.endswith("####")


def test_a_draw_that_the_cap_cut_keeps_no_end_of_text():
    record = drawn(FIRST, 0, "<think>One two", finish="length")
    thought = DrawnThought.of(record, ENGINE)
    assert 0 not in thought.cut(thought.tokens, "").prefix[0].ids


def test_without_token_ids_tokens_are_counted_by_the_text():
    record = drawn(FIRST, 0, WORKED).model_copy(
        update={"completion_ids": (), "completion_tokens": len(WORKED) // 2}
    )
    thought = DrawnThought.of(record, ENGINE)
    assert thought.tokens == round(len(STEPS) / 2)
    cut = thought.cut(round(thought.tokens / 2), "")
    assert (
        cut.begun == f"{STEPS[: len(cut.kept)]}{'' if cut.kept.endswith(chr(10)) else chr(10)}####"
    )
    assert abs(len(cut.kept) - len(STEPS) / 2) <= 2
    assert all(part.ids is None for part in cut.prefix)


# ---- the stage


def goes_on(request):
    """Says the right answer where the steps that are kept name it, else a wrong one."""
    kept = request.prefix[0].text
    return f" {ANSWER}\nand more" if str(ANSWER) in kept else f" {ANSWER + 1}\n"


def test_the_first_line_behind_the_mark_is_the_answer(tmp_path, monkeypatch):
    inputs = pool(tmp_path, [[WORKED]])
    told = {"problems": 1, "shares": [0, 50, 100]}
    engine, rows = run(TruncateStage(), tmp_path, inputs, monkeypatch, goes_on, **told)
    found = [of(rows, "truncate", size) for size in (0, 50, 100)]
    assert [one["correct"] for one in found] == [0, 0, 1]
    assert [one["already"] for one in found] == [0, 0, 1]
    assert all(request.sampler.stop == ("\n",) for request in engine.asked)
    assert all(one["stood"] == one["unparsed"] == one["cut"] == 0 for one in found)


def test_what_is_kept_costs_a_call_of_its_own_and_is_sent_again(tmp_path, monkeypatch):
    inputs = pool(tmp_path, [[WORKED]])
    told = {"problems": 1, "shares": [0, 100]}
    _, rows = run(TruncateStage(), tmp_path, inputs, monkeypatch, goes_on, **told)
    records = [
        Record.model_validate(row["record"]) for row in read_lines(tmp_path / "out" / "calls.jsonl")
    ]
    draw = drawn(FIRST, 0, WORKED)
    nothing, whole = of(rows, "truncate", 0), of(rows, "truncate", 100)
    assert (nothing["calls"], whole["calls"]) == (1, 2)
    assert nothing["completion"] == nothing["longest"] == records[0].tokens
    assert whole["completion"] == whole["longest"] == len(STEPS) + records[1].tokens
    assert whole["prompt"] == len(draw.prompt_ids) + len(records[1].prompt_ids)
    assert len(records[1].prompt_ids) - len(records[0].prompt_ids) == len(STEPS)


def test_a_budget_above_the_thinking_leaves_the_draw_as_it_is(tmp_path, monkeypatch):
    inputs = pool(tmp_path, [[right(FIRST), WORKED]])
    told = {"problems": 1, "shares": [], "budgets": [1, 30], "draws": 2}
    engine, rows = run(TruncateStage(), tmp_path, inputs, monkeypatch, goes_on, **told)
    assert len(engine.asked) == 2 + (len(STEPS) > 30)
    assert of(rows, "truncate_tokens", 1)["stood"] == 0
    assert of(rows, "truncate_tokens", 30)["stood"] == (0.5 if len(STEPS) > 30 else 1)
    assert {row["method"] for row in rows} == {"truncate_tokens"}


def test_an_answer_that_cannot_be_read_is_unparsed(tmp_path, monkeypatch):
    inputs = pool(tmp_path, [[WORKED]])
    told = {"problems": 1, "shares": [50]}
    _, rows = run(TruncateStage(), tmp_path, inputs, monkeypatch, lambda _: " who knows", **told)
    assert of(rows, "truncate", 50)["unparsed"] == 1


def test_killed_anywhere_nothing_is_asked_twice(tmp_path, monkeypatch):
    inputs = pool(tmp_path, [[WORKED, right(FIRST)], [right(SECOND), wrong(SECOND)]])
    told = {"shares": [0, 50, 100], "draws": 2}
    whole, rows = run(TruncateStage(), tmp_path / "whole", inputs, monkeypatch, goes_on, **told)
    for stop in (0, 5, len(whole.asked) - 1):
        folder = tmp_path / str(stop)
        with pytest.raises(KeyboardInterrupt):
            run(TruncateStage(), folder, inputs, monkeypatch, goes_on, stops=stop, **told)
        again, found = run(TruncateStage(), folder, inputs, monkeypatch, goes_on, **told)
        assert found == rows and len(again.asked) <= len(whole.asked) - stop + 1


def test_a_model_without_a_thinking_part_is_refused(tmp_path, monkeypatch):
    inputs = pool(tmp_path, [[UNREAD, "#### 4"], ["#### 5", "5"]])
    with pytest.raises(DataError, match="none of 4 answers has a thinking part") as caught:
        run(TruncateStage(), tmp_path, inputs, monkeypatch, goes_on, draws=2)
    assert "\n" not in caught.value.message and "shares=[]" in caught.value.hint


def test_thinking_that_an_endpoint_gives_apart_is_refused(tmp_path):
    record = drawn(FIRST, 0, "#### 4").model_copy(update={"reasoning": "Two and two."})
    with pytest.raises(ConfigError, match="apart from the answer"):
        DrawnThought.of(record, ENGINE)


def test_an_endpoint_that_cannot_go_on_is_refused_by_the_plan(tmp_path):
    openai = EngineSpec(kind="openai", base_url="http://127.0.0.1:9/v1")
    about = given(TruncateStage(), tmp_path, 1, engine=openai)
    assert "cannot go on with an answer" in TruncateStage().plan(about).refusal.message
    vllm = openai.model_copy(update={"dialect": "vllm"})
    assert TruncateStage().plan(given(TruncateStage(), tmp_path, 1, engine=vllm)).refusal is None


def test_a_plan_counts_the_cuts(tmp_path):
    about = given(TruncateStage(), tmp_path, 2, shares=[0, 50], budgets=[8], draws=2)
    assert TruncateStage().plan(about).samples == 2 * 3 * 2
    none = given(TruncateStage(), tmp_path, 2, shares=[], budgets=[])
    assert not TruncateStage().applies(none)


def test_a_server_of_vllm_is_sent_the_kept_text_as_the_answer_it_continues(tmp_path):
    inputs = pool(tmp_path, [[WORKED]])
    with Endpoint() as served:
        engine = EngineSpec(kind="openai", base_url=served.url, dialect="vllm")
        about = given(TruncateStage(), tmp_path, 1, engine=engine, shares=[50])
        on_model(tmp_path, about, inputs)
    (body,) = served.seen
    kept = WORKED[: round(len(STEPS) / 2)]
    # An endpoint says no texts of ids: they are counted by the share of the text.
    assert body["messages"][-1]["role"] == "assistant"
    assert body["messages"][-1]["content"].startswith(kept[:-2])
    assert body["messages"][-1]["content"].endswith("\n####")
    assert body["continue_final_message"] and body["stop"] == ["\n"]


def on_model(folder, about, inputs):
    out = folder / "out"
    out.mkdir()
    stage = TruncateStage()
    stage.run(StageContext(about, stage.identity(about), inputs, out, Silent()))
    return out


# ---- on a model


@pytest.fixture(scope="module")
def zoo():
    engine = HfEngine(ModelSpec(target="zoo:gsm_draft"), EngineSpec())
    sampler = SamplerSpec(algorithm="target", temperature=0, max_tokens=120)
    requests = [ask(sample, "", sampler, 0) for sample in PROBLEMS]
    return engine, requests, list(engine.generate(requests))


def test_with_all_of_its_thinking_a_model_gives_the_stored_answer_token_by_token(zoo):
    engine, requests, records = zoo
    thoughts = [DrawnThought.of(record, engine) for record in records]
    known = [place for place, thought in enumerate(thoughts) if thought]
    assert len(known) >= 4
    cuts = [thoughts[place].cut(thoughts[place].tokens, "") for place in known]
    begun = [
        requests[place].model_copy(update={"prefix": cut.prefix})
        for place, cut in zip(known, cuts, strict=True)
    ]
    for place, cut, found in zip(known, cuts, engine.generate(begun), strict=True):
        stored = records[place]
        # The law of an answer is that of what stands before it: the ids are the stored ones.
        sent = found.prompt_ids[len(stored.prompt_ids) :]
        assert found.prompt_ids[: len(stored.prompt_ids)] == stored.prompt_ids
        assert sent + found.completion_ids == stored.completion_ids
        assert cut.begun + found.text == stored.text


def test_any_beginning_is_gone_on_with_as_if_it_had_just_been_said(zoo):
    engine, requests, records = zoo
    size = len(records[0].completion_ids) // 2
    ids = records[0].completion_ids[:size]
    begun = requests[0].model_copy(update={"prefix": (Part(text="unused", ids=ids),)})
    (found,) = engine.generate([begun])
    assert found.completion_ids == records[0].completion_ids[size:]
    assert engine.room(begun) == engine.room(requests[0]) - size


def test_the_stage_runs_on_a_small_model_and_its_numbers_are_what_it_says(tmp_path, zoo):
    _, _, records = zoo
    inputs = pool(tmp_path, [[record.text] for record in records])
    told = {"engine": EngineSpec(), "shares": [0, 100], "max_tokens": 8}
    out = on_model(tmp_path, given(TruncateStage(), tmp_path, 6, **told), inputs)
    rows = read_lines(out / "outcomes.jsonl")
    assert len(rows) == 2 * 6
    summary = read_json(out / "summary.json")
    assert summary["calls"] == sum(1 - row["stood"] for row in rows)
