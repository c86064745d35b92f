"""What a judge is sent, and how he is read."""

import math

import pandas
import pytest
from hypothesis import given
from hypothesis import strategies as st
from judge_server import outputs

from llmx.core.errors import ConfigError
from llmx.core.judging import Game, JudgeSpec, Preference, judged
from llmx.core.record import Sample
from llmx.judging.alpaca_eval import AlpacaEval, switched
from llmx.judging.alpaca_package import part
from llmx.judging.arena_hard import INSTRUCTIONS, ArenaHard
from llmx.judging.local import ExactJudge, LengthJudge

TEXT = st.text(st.characters(codec="utf-8", exclude_characters='"<\r'), min_size=1, max_size=40)
PROTOCOLS = [AlpacaEval, ArenaHard]


def sample(question="What is 2 + 2?", answer="four", right="4"):
    return Sample(id="test-0", question=question, answer=answer, solution=right)


def body(protocol, game):
    return {"messages": [turn.model_dump() for turn in protocol.turns(game)]}


@given(TEXT, TEXT, TEXT)
@pytest.mark.parametrize("kind", PROTOCOLS)
def test_a_judge_sees_both_outputs_in_the_order_of_the_game(kind, question, ours, theirs):
    protocol = kind()
    for game in protocol.games(sample(question, theirs), ours):
        assert outputs(body(protocol, game)) == (game.first, game.second)
        seen = {"first": game.first, "second": game.second}
        assert seen[game.ours] == ours
        assert question in body(protocol, game)["messages"][-1]["content"]


@given(TEXT)
def test_the_order_is_the_one_that_alpaca_eval_draws(instruction):
    processor = part("processors").RandomSwitchTwoColumnsProcessor(
        two_columns_to_switch=["output_1", "output_2"],
        random_seed_columns=("instruction",),
        _switch_column="is_switched_outputs",
        seed=0,
    )
    row = {"instruction": instruction, "output_1": "theirs", "output_2": "ours"}
    seen = processor.preprocess(pandas.DataFrame([row])).iloc[0]
    (game,) = AlpacaEval().games(sample(instruction, "theirs"), "ours")
    assert (game.first, game.second) == (seen["output_1"], seen["output_2"])
    assert bool(seen["is_switched_outputs"]) is switched(instruction)


def test_the_package_s_annotators_have_that_seed():
    import inspect

    base = part("annotators.base").BaseAnnotator
    assert inspect.signature(base.__init__).parameters["seed"].default == 0


def test_both_orders_come_up():
    drawn = [switched(f"instruction {n}") for n in range(400)]
    assert 150 < sum(drawn) < 250


def test_arena_hard_plays_both_orders_and_the_baseline_stands_first_at_first():
    first, second = ArenaHard().games(sample(), "ours")
    assert (first.first, first.second, first.ours) == ("four", "ours", "second")
    assert (second.first, second.second, second.ours) == ("ours", "four", "first")


def test_equal_outputs_are_a_tie_of_alpaca_eval_that_nobody_is_asked_about():
    (game,) = AlpacaEval().games(sample(), "four")
    assert AlpacaEval().settled(game) == Preference(label="same", first=0.5)
    (other,) = AlpacaEval().games(sample(), "4")
    assert AlpacaEval().settled(other) is None
    assert not any(ArenaHard().settled(one) for one in ArenaHard().games(sample(), "four"))


LOGPROBS = {
    "sure": ({"m": 0.0, "M": -30.0}, 1.0),
    "unsure": ({"m": math.log(0.5), "M": math.log(0.5)}, 0.5),
    "second": ({"M": math.log(0.8), "m": math.log(0.2)}, 0.2),
    "beside others": ({"The": math.log(0.6), "m": math.log(0.3), "M": math.log(0.1)}, 0.75),
    "one alone": ({"M": -0.1}, 0.0),
    "other words": ({"Both": -0.1, " m": -3.0}, None),
    "none": ({}, None),
}


@pytest.mark.parametrize(("told", "first"), LOGPROBS.values(), ids=LOGPROBS)
def test_a_preference_is_the_probability_of_m_among_m_and_big_m(told, first):
    found = AlpacaEval().read("m", told).first
    assert found == (first if first is None else pytest.approx(first, abs=1e-9))


@given(st.floats(-20, 0), st.floats(-20, 0))
def test_the_preference_turns_with_the_names(one, other):
    forth = AlpacaEval().read("", {"m": one, "M": other}).first
    back = AlpacaEval().read("", {"m": other, "M": one}).first
    assert forth + back == pytest.approx(1)


LABELS = {
    "[[A>>B]]": (1.0, 3),
    "so: [[A>B]].": (1.0, 1),
    "[[A=B]]": (0.5, 1),
    "[[B=A]]": (0.5, 1),
    "[[b>a]]": (0.0, 1),
    "[[A<B]]": (0.0, 1),
    "[[B>>A]]": (0.0, 3),
    "[[A<<B]]": (0.0, 3),
    "first I thought [[A>B]], but [[B>>A]]": (None, 1),
    'Final: [[A>B]]. Note that assistant B wrote "[[B>>A]]".': (None, 1),
    "[[A>B]], [[A>>B]]": (None, 1),
    "[[A>B]], and once more: [[A>B]]": (1.0, 1),
    "[[A>B]], that is [[B<A]]": (1.0, 1),
    "[[a=b]] is [[B=A]]": (0.5, 1),
    "[[A>B]] or [[A]]": (None, 1),
    "[[A>B]] or [[A>>>B]]": (None, 1),
    "[A>B]": (1.0, 1),
    "[A>B] and later [[B>A]]": (0.0, 1),
    "[A>B] and later [B>A]": (None, 1),
    "": (None, 1),
    "A is better": (None, 1),
    "[[C]] is better": (None, 1),
    "[[A>>>B]]": (None, 1),
    "[[A]]": (None, 1),
    "[[A>B": (None, 1),
}


@pytest.mark.parametrize(("text", "wanted"), LABELS.items(), ids=LABELS)
def test_one_label_counts_and_two_or_nonsense_are_no_tie(text, wanted):
    found = ArenaHard().read(text, {})
    assert (found.first, found.weight) == wanted
    assert (found.label is None) == (wanted[0] is None)


def test_the_instructions_name_every_label_once_and_can_be_replaced():
    labels = ("[[A>>B]]", "[[A>B]]", "[[B>A]]", "[[B>>A]]")
    assert all(INSTRUCTIONS.count(label) == 1 for label in labels)
    (first, _) = ArenaHard("Judge!").games(sample(), "ours")
    assert ArenaHard("Judge!").turns(first)[0].content == "Judge!"
    with pytest.raises(ConfigError, match=r"judge\.instructions"):
        AlpacaEval("Judge!")


@given(st.floats(0, 1), st.sampled_from(["first", "second"]))
def test_a_preference_is_the_judged_arm_s_wherever_it_stands(first, seat):
    game = Game(id="a/0", sample="a", instruction="", first="x", second="y", ours=seat)
    found = judged(game, Preference(label="l", first=first)).preference
    assert found == (first if seat == "first" else 1 - first)
    assert judged(game, Preference(label=None, first=None)).preference is None


@pytest.mark.parametrize(
    ("judge", "ours", "wanted"),
    [
        (LengthJudge, "a long answer", 1.0),
        (LengthJudge, "4", 0.0),
        (LengthJudge, "4our", 0.5),
        (ExactJudge, "It is 4", 1.0),
        (ExactJudge, "It is 5", 0.5),
    ],
)
def test_a_rule_judges_both_orders_alike(judge, ours, wanted):
    games = ArenaHard().games(sample(), ours)
    found = list(judge(JudgeSpec(kind="length"), ArenaHard()).judgements(games))
    assert [one.preference for one in found] == [wanted, wanted]
    assert not any(one.asked for one in found)
