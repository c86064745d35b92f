"""Methods that ask a model again, driven by hand: what they send, and what they read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmx.core.errors import ConfigError
from llmx.core.record import Message, Record
from llmx.core.spec import SamplerSpec
from llmx.core.speech import Request
from llmx.dialogue.mixture import mixture
from llmx.dialogue.revise import agreed, revise
from llmx.dialogue.rounds import follow_up, played, side_by_side
from llmx.dialogue.self_score import best_of_list, read_place, read_score, scores

SAMPLER = SamplerSpec(algorithm="target", temperature=0.5, max_tokens=30)
ASKED = Request(
    id="p",
    messages=(Message(role="system", content="S"), Message(role="user", content="Q?")),
    sampler=SamplerSpec(algorithm="target"),
    seed=3,
)


def replied(request, text):
    return Record(
        id=request.id,
        prompt_ids=(),
        completion_ids=(),
        prompt="",
        text=text,
        finish="eos",
        rounds=0,
    )


def echo(requests):
    """Say what the last turn says."""
    return [replied(one, one.messages[-1].content) for one in requests]


def text(record):
    return record.text


@pytest.mark.parametrize(
    ("reply", "score"),
    [
        ("8", 8),
        ("Score: **7.5**", 7.5),
        ("First I thought 3, then 9", 9),
        ("0", 0),
        ("10.", 10),
        ("8/10", 8),
        ("8 / 10", 8),
        ("8 out of 10.", 8),
        ("7 (of 10)", 7),
        ("4/5", None),
        ("3 of 4 steps are right", None),
        ("11", None),
        ("-3", None),
        ("7-8", None),
        ("8,5", None),
        ("2024-01-08", None),
        ("v2", None),
        ("good", None),
        ("", None),
    ],
)
def test_the_last_number_of_the_scale_is_the_score(reply, score):
    assert read_score(reply) == score


@pytest.mark.parametrize(
    ("reply", "place"),
    [("2", 1), ("Answer [3]", 2), ("1 or rather 4", 3), ("2 of 4", 1)]
    + [(none, None) for none in ("5", "0", "1.5", "2 of 7", "none", "")],
)
def test_the_last_number_names_an_answer_of_the_list(reply, place):
    assert read_place(reply, 4) == place


@given(st.integers(0, 10), st.text(alphabet="abc .,:!*", max_size=8))
def test_whatever_words_stand_before_it_a_score_is_read(value, words):
    assert read_score(f"{words} {value}") == value


def test_each_answer_is_scored_in_a_call_of_its_own_after_the_conversation():
    sent = []

    def tell(requests):
        sent.extend(requests)
        return [replied(one, str(number)) for number, one in enumerate(requests)]

    found = played(scores([ASKED, ASKED], ["A", "B"], SAMPLER, text), tell)
    assert [score for score, _ in found] == [0, 1]
    assert [one.id for one in sent] == ["p/score/0", "p/score/1"]
    roles = ["system", "user", "assistant", "user"]
    assert all([turn.role for turn in one.messages] == roles for one in sent)
    assert [one.messages[2].content for one in sent] == ["A", "B"]
    assert all(one.sampler == SAMPLER and one.seed == 3 for one in sent)


def test_a_list_stands_below_the_question_numbered_from_one():
    game = best_of_list(ASKED, ["A", "B"], SAMPLER, text)
    (sent,) = next(game)
    assert [turn.role for turn in sent.messages] == ["system", "user"]
    told = sent.messages[1].content
    assert told.startswith("Q?\n\n") and told.endswith("[1]\nA\n\n[2]\nB")


def test_a_revision_is_told_the_answer_before_it_alone():
    sent = []

    def tell(requests):
        sent.extend(requests)
        return [replied(one, f"answer {len(sent)}") for one in requests]

    found = played(revise(ASKED, "first", 3, SAMPLER, text, chain=2), tell)
    assert [one.text for one in found] == ["answer 1", "answer 2", "answer 3"]
    assert [one.messages[-2].content for one in sent] == ["first", "answer 1", "answer 2"]
    assert [one.id for one in sent] == [f"p/revise/2/{number}" for number in (1, 2, 3)]
    assert len({len(one.messages) for one in sent}) == 1


def test_no_round_is_no_call():
    def never(requests):
        raise AssertionError(requests)

    assert played(revise(ASKED, "first", 0, SAMPLER, text), never) == ()


@pytest.mark.parametrize(
    ("answers", "place"),
    [
        ([4], 0),
        ([1, 1], 1),
        ([1, 2, 2, 2], 2),
        ([1, 2, 1, 2], 3),
        ([-1, -1, 3, 3], 3),
        ([0, 0, 1], 1),
    ],
)
def test_a_chain_stops_where_two_answers_agree(answers, place):
    assert agreed(answers) == place


@pytest.mark.parametrize("layout", ["L0", "L1", "L1b", "L2"])
def test_a_mixture_reads_every_draft_once(layout):
    (sent,) = next(mixture(ASKED, ["draft A", "draft B"], SAMPLER, layout, group=1))
    whole = "\n".join(turn.content for turn in sent.messages)
    assert [whole.count(one) for one in ("draft A", "draft B", "Q?")] == [1, 1, 1]
    assert sent.id == "p/mixture/2/1" and sent.messages[-1].role == "user"
    assert (sent.messages[-1].content == "Q?") == (layout in ("L0", "L1"))


def test_games_side_by_side_share_rounds_and_keep_their_order():
    waves = []

    def tell(requests):
        waves.append([one.id for one in requests])
        return echo(requests)

    games = [revise(ASKED, "x", rounds, SAMPLER, text, rounds) for rounds in (1, 0, 3)]
    found = played(side_by_side(games), tell)
    assert list(map(len, found)) == [1, 0, 3]
    assert waves == [["p/revise/1/1", "p/revise/3/1"], ["p/revise/3/2"], ["p/revise/3/3"]]


def test_behind_a_raw_prompt_no_turn_can_stand():
    raw = Request(id="p", raw="Q:", sampler=SAMPLER)
    with pytest.raises(ConfigError, match="raw prompt") as caught:
        follow_up(raw, "score/0", SAMPLER, ())
    assert "wrapper=chat" in caught.value.hint
