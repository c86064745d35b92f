"""What an aggregator learns from: the prompts of the ensemble that will ask it, and a solution."""

import json
import re
from hashlib import blake2b
from random import Random

import pytest
from transformers import AutoTokenizer

from llmx.engines.render import Renderer
from llmx.engines.size import local_folder
from llmx.papers.staircase.aggregation import DraftedProblem, _example

TOLD = {"header": "Drafts:", "more": "More:"}


@pytest.fixture(scope="module")
def renderer():
    return Renderer(AutoTokenizer.from_pretrained(local_folder("zoo:gsm_draft")))


@pytest.fixture(scope="module")
def problem(renderer):
    texts = {"a": "1 + 1 = 2. #### 2", "b": "1 + 1 = 3. #### 3", "c": "1 - 1 = 0. #### 0"}
    drafts = tuple((name, tuple(renderer.encode(text))) for name, text in texts.items())
    return DraftedProblem("What is 1 + 1?", "1 + 1 = 2. #### 2", drafts)


@pytest.fixture(scope="module")
def long_problem(renderer):
    solution = " ".join(f"{n} + 1 = {n + 1}." for n in range(10, 20)) + " #### 9"
    return DraftedProblem("What is left?", solution, (("a", tuple(renderer.encode(solution))),))


def examples(problem, renderer, count=60, place=0, **told):
    rows = range(place, place + count)
    return [_example(Random(row), problem, renderer, {**TOLD, **told}) for row in rows]


def test_the_loss_is_on_the_solution_and_its_end_alone(problem, renderer):
    tokenizer = renderer.tokenizer
    answer = [*renderer.encode(problem.solution), tokenizer.eos_token_id]
    for row in examples(problem, renderer, layouts={"L0": 1, "L1": 1, "L1b": 1}):
        assert row["ids"][row["learn_from"] :] == answer


def test_what_was_said_under_l2_is_not_learned_again(problem, renderer):
    rows = examples(problem, renderer, layouts={"L2": 1})
    whole = [*renderer.encode(problem.solution), renderer.tokenizer.eos_token_id]
    rests = [row["ids"][row["learn_from"] :] for row in rows]
    assert all(rest == whole[len(whole) - len(rest) :] for rest in rests)
    assert len({len(rest) for rest in rests}) > 1
    for row, rest in zip(rows, rests, strict=True):
        said = renderer.tokenizer.decode(whole[: len(whole) - len(rest)])
        prompt = renderer.tokenizer.decode(row["ids"][: row["learn_from"]])
        assert not said or "<|assistant|>" + said[:4] in prompt


def test_whole_drafts_stand_in_the_prompt_in_the_order_of_their_arms(problem, renderer):
    rows = examples(problem, renderer, whole=1.0, order="kept", layouts={"L0": 1})
    seen = 0
    for row in rows:
        text = renderer.tokenizer.decode(row["ids"][: row["learn_from"]])
        places = [text.find(draft) for draft in ("= 2. #### 2", "= 3. #### 3", "= 0. #### 0")]
        there = [place for place in places if place >= 0]
        assert there == sorted(there)
        seen += len(there) == 3
    assert seen > len(rows) / 2


def cut_short(problem, renderer, place, layout):
    """The same example, learned to its end and no further than its drafts."""
    (whole,) = examples(problem, renderer, 1, place=place, layouts={layout: 1})
    (short,) = examples(problem, renderer, 1, place=place, layouts={layout: 1}, reach="drafts")
    return whole, short


def learned(row):
    return row["ids"][row["learn_from"] :]


@pytest.mark.parametrize("layout", ["L0", "L1", "L1b", "L2"])
def test_no_answer_is_learned_further_than_partial_drafts_reach(renderer, long_problem, layout):
    stopped = 0
    for place in range(40):
        whole, short = cut_short(long_problem, renderer, place, layout)
        assert short["ids"] == whole["ids"][: len(short["ids"])]  # a beginning of it, nothing else
        assert short["learn_from"] == whole["learn_from"] and learned(short)
        prompt = renderer.tokenizer.decode(short["ids"][: short["learn_from"]])
        partial = "Drafts:" in prompt and "#### 9" not in prompt
        assert (len(short["ids"]) < len(whole["ids"])) == partial
        stopped += partial
        if layout != "L2" and partial:
            # the longest draft is the answer itself, so it reaches as far as what is learned
            assert renderer.tokenizer.decode(learned(short)) in prompt.replace("\n[1]", "")
    assert 5 < stopped < 40


def test_whole_drafts_leave_the_whole_answer_to_learn_however_short_they_are(
    long_problem, renderer
):
    short = (("a", tuple(renderer.encode("10 + 1 = 11."))),)
    problem = DraftedProblem(long_problem.question, long_problem.solution, short)
    answer = [*renderer.encode(problem.solution), renderer.tokenizer.eos_token_id]
    for row in examples(problem, renderer, 20, whole=1.0, reach="drafts", layouts={"L0": 1}):
        assert learned(row) == answer


_SAID = r"(\d) ([+-]) (\d) = (\d)\. #### (\d)"
WHOLE = re.compile(
    rf"\[1\]\n{_SAID}\n\n\[2\]\n{_SAID}\n\n\[3\]\n{_SAID}<\|user\|>"
    rf"What is (\d) ([+-]) (\d)\?<\|assistant\|>{_SAID}"
)


def exchanged(row, renderer):
    """Return what stands for 1, 2, 3 and 0 in question, drafts and answer; None without all three.

    Everywhere the same, or this fails.
    """
    found = WHOLE.search(renderer.tokenizer.decode(row["ids"]))
    if found is None:
        return None
    said = "".join(found.groups())
    one, two, three, zero = said[0], said[3], said[8], said[13]
    assert len({one, two, three, zero}) == 4
    told = "1+1221+1331-1001+11+122".translate(str.maketrans("1230", one + two + three + zero))
    assert said == told
    return one + two + three + zero


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_digits_are_exchanged_alike_in_question_drafts_and_answer(problem, renderer, share):
    told = {"whole": 1.0, "scrambled": share, "alone": 0.0, "layouts": {"L0": 1}, "order": "kept"}
    rows = [exchanged(row, renderer) for row in examples(problem, renderer, **told)]
    found = [one for one in rows if one is not None]
    assert len(found) > 20
    assert (len({*found}) > 1) == (share > 0) and ("1230" in found) == (share < 1)


def test_digits_stay_where_no_draft_is_right(problem, renderer):
    drafts = tuple(draft for draft in problem.drafts if draft[0] != "a")
    wrong = DraftedProblem(problem.question, problem.solution, drafts)
    rows = examples(wrong, renderer, scrambled=1.0)
    assert all("1 + 1?" in renderer.tokenizer.decode(row["ids"]) for row in rows)


def test_options_that_a_recipe_does_not_name_change_none_of_its_examples(problem, renderer):
    """The aggregator that ships was trained on examples of the stage's first version."""
    said = json.dumps(examples(problem, renderer)).encode()
    assert blake2b(said, digest_size=8).hexdigest() == "38e6ab3497619044"


def test_the_share_without_drafts_is_the_one_that_is_asked_for(problem, renderer):
    def without(**told):
        rows = examples(problem, renderer, layouts={"L0": 1}, **told)
        texts = [renderer.tokenizer.decode(row["ids"]) for row in rows]
        return sum("Drafts:" not in text for text in texts)

    assert without(alone=0.0) == 0 and without(alone=1.0) == 60
    assert 0 < without(alone=0.1) < without(alone=0.5) < 60


def test_drawn_orders_differ(problem, renderer):
    rows = examples(problem, renderer, whole=1.0, layouts={"L0": 1})
    texts = [renderer.tokenizer.decode(row["ids"]) for row in rows]
    assert any(0 <= t.find("= 3. ####") < t.find("= 2. ####") for t in texts)


def test_some_examples_have_no_drafts_and_some_have_part_of_them(problem, renderer):
    texts = [
        renderer.tokenizer.decode(row["ids"][: row["learn_from"]])
        for row in examples(problem, renderer, layouts={"L0": 1})
    ]
    assert any("Drafts:" not in text for text in texts)
    assert any("Drafts:" in text and "####" not in text for text in texts)
