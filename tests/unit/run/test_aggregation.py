"""What an aggregator learns from: the prompts of the ensemble that will ask it, and a solution."""

from random import Random

import pytest
from transformers import AutoTokenizer

from llmx.engines.locate import local_folder
from llmx.engines.render import Renderer
from llmx.run.aggregation import Problem, _example

TOLD = {"header": "Drafts:", "more": "More:"}


@pytest.fixture(scope="module")
def renderer():
    return Renderer(AutoTokenizer.from_pretrained(local_folder("zoo:gsm_draft")))


@pytest.fixture(scope="module")
def problem(renderer):
    texts = {"a": "1 + 1 = 2. #### 2", "b": "1 + 1 = 3. #### 3", "c": "1 - 1 = 0. #### 0"}
    drafts = tuple((name, tuple(renderer.encode(text))) for name, text in texts.items())
    return Problem("What is 1 + 1?", "1 + 1 = 2. #### 2", drafts)


def examples(problem, renderer, count=60, **told):
    return [_example(Random(place), problem, renderer, {**TOLD, **told}) for place in range(count)]


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
