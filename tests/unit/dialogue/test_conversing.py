"""An ensemble in time: the dossier's table of edge cases, row by row."""

import asyncio
from contextlib import aclosing

import pytest
from counts import count
from ensembles import ANSWERS, GREEDY, QUESTION, cast, ensemble, play
from hypothesis import given, settings
from hypothesis import strategies as st

from llmx.core.errors import ContextLengthError, EngineError
from llmx.core.events import ANSWER
from llmx.dialogue.api import converse, steps
from llmx.dialogue.timing import timing

WORDS = st.text("abcdefgh ", min_size=1, max_size=40)


async def listen(spec, models, sampler=GREEDY):
    stream = converse(spec, models, QUESTION, id="x", sampler=sampler, seed=0)
    async with aclosing(stream):
        return [event async for event in stream]


def run(spec, models, sampler=GREEDY):
    return asyncio.run(asyncio.wait_for(listen(spec, models, sampler), 20))


def text(events, who=ANSWER):
    return "".join(e.text for e in events if e.who == who and e.what == "piece")


@pytest.mark.parametrize("layout", ["L0", "L1", "L1b", "L2"])
@pytest.mark.parametrize("streaming", ["plain", "staircase"])
@pytest.mark.parametrize("kind", ["moa", "mad"])
def test_everything_is_said_once_and_in_order(layout, streaming, kind):
    aggregator = "g" if kind == "moa" else "b"
    spec = ensemble(layout=layout, streaming=streaming, kind=kind, aggregator=aggregator, layers=3)
    models = cast()
    events = run(spec, models)
    assert text(events) == ANSWERS[aggregator]
    assert text(events, "1.1") == ANSWERS["a"] and text(events, "2.2") == ANSWERS["b"]
    assert all(model.open == 0 for model in models.values())


@given(
    st.fixed_dictionaries({name: WORDS for name in "abg"}),
    st.integers(1, 9),
    st.integers(1, 9),
    st.sampled_from(["L0", "L1", "L1b", "L2"]),
    st.integers(1, 3),
)
@settings(max_examples=count(40, 500))
def test_steps_ask_for_what_time_asks_for(answers, first, later, layout, layers):
    """Both drivers send the same prompts, so texts do not depend on which of them ran."""
    spec = ensemble(
        streaming="staircase", first_chunk=first, later_chunk=later, layout=layout, layers=layers
    )
    models = cast()
    for name, model in models.items():
        model.answer = answers[name]
    events = run(spec, models)
    outcome, calls = play(steps(spec, QUESTION, id="x", sampler=GREEDY, seed=0), answers)
    assert outcome.answer.text == text(events) == answers["g"]
    in_steps = [call.ask for call in calls if call.speaker.name == ANSWER]
    in_time = [ask for ask in models["g"].asks if ask.id == f"x/{ANSWER}"]
    assert [(ask.prompt, ask.shown, ask.budget) for ask in in_steps] == [
        (ask.prompt, ask.shown, ask.budget) for ask in in_time
    ]


def test_chunks_larger_than_any_answer_are_the_plain_mixture():
    plain, stair = cast(), cast()
    run(ensemble(streaming="plain"), plain)
    run(ensemble(streaming="staircase", first_chunk=900, largest_chunk=900), stair)
    assert [ask.prompt for ask in plain["g"].asks] == [ask.prompt for ask in stair["g"].asks]


def test_the_first_token_waits_for_first_chunks_alone():
    slow = {name: {"delay": 0.004} for name in "abg"}
    plain = timing(run(ensemble(streaming="plain"), cast(**slow)))
    stair = timing(run(ensemble(streaming="staircase"), cast(**slow)))
    assert stair.ttft < 0.6 * plain.ttft and stair.tokens == plain.tokens


def test_what_was_shown_is_gone_on_with_and_never_sent_again():
    models = cast()
    run(ensemble(streaming="staircase"), models)
    shown = 0
    for ask in models["g"].asks:
        assert ask.shown.text == ANSWERS["g"][:shown] and ask.position == shown
        shown += min(ask.budget, len(ANSWERS["g"]) - shown)


def test_an_answer_that_ends_early_stops_the_others():
    models = cast(a={"delay": 0.05})
    models["g"].answer = "ok"
    events = run(ensemble(streaming="staircase"), models)
    assert text(events) == "ok" and ("1.1", "stopped") in {(e.who, e.what) for e in events}
    assert models["a"].open == 0 and len(text(events, "1.1")) < len(ANSWERS["a"])


def test_an_end_can_be_held_until_a_source_is_done():
    spec = ensemble(streaming="staircase", early_end="hold", hold_until=2)
    models = cast()
    models["g"].answer = "ok"
    asks = []

    async def stream(ask, original=models["g"].stream):
        asks.append(ask)
        if ask.position < 2:
            async for piece in original(ask):
                yield piece
        else:  # has nothing to add until all is heard
            from llmx.core.stream import Piece

            yield Piece(tokens=1, finish="eos")

    models["g"].stream = stream
    events = run(spec, models)
    assert text(events) == "ok" and len(asks) > 1
    heard = "".join(part.text for turn in asks[-1].prompt for part in turn.parts)
    assert ANSWERS["a"] in heard and ANSWERS["b"] in heard


def test_a_slow_source_is_passed_over_by_quorum_and_named():
    spec = ensemble(streaming="staircase", quorum=0.5)
    events = run(spec, cast(a={"silent_from": 0}))
    missed = {(e.who, e.source) for e in events if e.what == "missed"}
    assert (ANSWER, "1.1") in missed and text(events)


def test_a_deadline_goes_on_with_those_who_are_there():
    spec = ensemble(streaming="staircase", deadline=0.05)
    models = cast(a={"silent_from": 4})
    models["g"].answer = "short one"
    events = run(spec, models)
    assert text(events) == "short one"
    assert any(e.what == "missed" and e.source == "1.1" and e.chunk > 0 for e in events)


def test_without_a_quorum_or_deadline_everybody_is_waited_for():
    models = cast(a={"silent_from": 0})
    with pytest.raises(TimeoutError):
        asyncio.run(asyncio.wait_for(listen(ensemble(streaming="staircase"), models), 0.2))
    assert all(model.open == 0 for model in models.values())


@pytest.mark.parametrize("streaming", ["plain", "staircase"])
def test_a_source_that_fails_is_left_out(streaming):
    events = run(ensemble(streaming=streaming), cast(a={"fails_at": 5}))
    assert text(events) == ANSWERS["g"]
    assert [e.text for e in events if e.what == "failed"] == ["a broke"]


def test_a_source_that_fails_can_end_it_all():
    with pytest.raises(EngineError, match="a broke"):
        run(ensemble(streaming="staircase", failed="raise"), cast(a={"fails_at": 5}))


def test_no_source_left_is_an_error_and_not_an_answer_from_nothing():
    models = cast(a={"fails_at": 0}, b={"fails_at": 0})
    with pytest.raises(EngineError, match=r"every model that 'answer' hears failed: . broke"):
        run(ensemble(streaming="staircase"), models)


def test_a_source_that_fails_after_its_first_chunk_has_spoken():
    models = cast(a={"fails_at": 5}, b={"fails_at": 5})
    assert text(run(ensemble(streaming="staircase"), models)) == ANSWERS["g"]


@pytest.mark.parametrize(
    ("others", "kind"), [({}, ContextLengthError), ({"fails_at": 0}, EngineError)]
)
def test_a_prompt_that_none_can_read_is_too_long_and_one_that_some_cannot_is_not(others, kind):
    models = cast(b=others)
    for model in [models["a"], *([] if others else [models["b"]])]:
        model.too_long = True
    with pytest.raises(EngineError, match="every model") as error:
        run(ensemble(streaming="staircase"), models)
    assert type(error.value) is kind


def test_an_answer_that_breaks_is_an_error_after_what_was_shown():
    models = cast(g={"fails_at": 7})
    seen = []

    async def read():
        spec = ensemble(streaming="staircase")
        async with aclosing(
            converse(spec, models, QUESTION, id="x", sampler=GREEDY, seed=0)
        ) as stream:
            async for event in stream:
                seen.extend([event])

    with pytest.raises(EngineError, match="g broke"):
        asyncio.run(read())
    assert text(seen) == ANSWERS["g"][:7]
    assert all(model.open == 0 for model in models.values())


def test_a_proposer_shorter_than_a_chunk_is_complete():
    models = cast()
    models["a"].answer = "x"
    run(ensemble(streaming="staircase", first_chunk=8), models)
    heard = models["g"].asks[0].prompt[0].content
    assert "[1]\nx" in heard and "[2]\nhello wo" in heard


@pytest.mark.parametrize("layout", ["L0", "L1", "L1b", "L2"])
def test_a_code_fence_that_a_chunk_cuts_is_handed_on_as_it_was_written(layout):
    models = cast()
    models["a"].answer = "```py\n  x = 1\n\n```\n| a | b |"
    run(ensemble(streaming="staircase", layout=layout, first_chunk=6, later_chunk=7), models)
    asks = [[part.text for turn in ask.prompt for part in turn.parts] for ask in models["g"].asks]
    assert "```py\n" in asks[0]  # cut inside the fence, and not closed
    assert "".join(asks[0]).count("```") == 1
    chunks = [models["a"].answer[:6], *(models["a"].answer[at : at + 7] for at in (6, 13, 20))]
    assert all(chunk in asks[-1] for chunk in chunks)


def test_ahead_of_its_sources_it_may_go_on_without_news():
    slow = {"a": {"delay": 0.02}, "b": {"delay": 0.02}}
    wait = timing(run(ensemble(streaming="staircase"), cast(**slow)))
    go = timing(run(ensemble(streaming="staircase", ahead="go"), cast(**slow)))
    assert go.total < 0.7 * wait.total and go.tokens == wait.tokens


def test_latest_hears_all_that_is_there():
    models = cast(g={"delay": 0.01})
    run(ensemble(streaming="staircase", hear="latest"), models)
    steps_taken = cast(g={"delay": 0.01})
    run(ensemble(streaming="staircase"), steps_taken)
    assert len(models["g"].asks) < len(steps_taken["g"].asks)


def test_the_oldest_drafts_give_way_and_never_the_question():
    models = cast()
    run(ensemble(streaming="staircase", max_heard=16), models)
    last = models["g"].asks[-1]
    drafts = [part.text for part in last.prompt[0].parts if not part.text.startswith("\n\n[")]
    assert sum(len(one) for one in drafts[1:]) <= 16
    assert last.prompt[-1].content == "Q?" and last.shown.text


def test_a_repetition_is_seen_and_asked_for_once_more():
    spec = ensemble(
        streaming="staircase", redundancy="retry", ngram=3, first_chunk=6, later_chunk=6
    )
    models = cast()
    models["g"].answer = "abcdefabcdef and more of it, then"
    events = run(spec, models)
    kinds = [e.what for e in events if e.who == ANSWER]
    assert kinds.count("repeated") == kinds.count("retried") > 0
    assert text(events) == models["g"].answer  # the script says the same again


def test_a_listener_can_be_told_not_to_repeat():
    told, untold = cast(), cast()
    run(ensemble(streaming="staircase", redundancy="instruct"), told)
    run(ensemble(streaming="staircase"), untold)
    said = "without repeating any of it"
    assert all(said in ask.prompt[0].content for ask in told["g"].asks)
    assert not any(said in ask.prompt[0].content for ask in untold["g"].asks)


def test_chunks_may_grow():
    models = cast()
    models["a"].answer = models["b"].answer = models["g"].answer = "x" * 60
    spec = ensemble(streaming="staircase", first_chunk=2, later_chunk=4, chunk_growth=2.0)
    events = run(spec, models)
    sizes = [e.tokens for e in events if e.who == "1.1" and e.what == "chunk"]
    assert sizes[:4] == [2, 4, 8, 16] and sum(sizes) == 60


def test_a_reader_that_leaves_frees_everybody():
    models = cast(**{name: {"delay": 0.001} for name in "abg"})

    async def leave():
        spec = ensemble(streaming="staircase")
        stream = converse(spec, models, QUESTION, id="x", sampler=GREEDY, seed=0)
        async for event in stream:
            if event.who == ANSWER:
                break
        await stream.aclose()

    asyncio.run(asyncio.wait_for(leave(), 5))
    assert all(model.open == 0 and model.freed for model in models.values())


def test_a_reader_that_does_not_read_holds_the_speakers_up():
    models = cast()
    for model in models.values():
        model.answer = "x" * 5000
    long = GREEDY.model_copy(update={"max_tokens": 5000})

    async def stand_still():
        spec = ensemble(streaming="staircase")
        stream = converse(spec, models, QUESTION, id="x", sampler=long, seed=0)
        await anext(stream)
        await asyncio.sleep(0.2)
        far = max(ask.position for ask in models["g"].asks)
        await stream.aclose()
        return far

    assert asyncio.run(asyncio.wait_for(stand_still(), 5)) < 100
