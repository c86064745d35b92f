"""The loss is on the solution and its end alone; what is too long is left out, never cut."""

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from llmx.core.errors import DataError
from llmx.core.spec import DataSpec
from llmx.data import load
from llmx.train.examples import IGNORED, encode_corpus, encode_example, pad_batch
from llmx.train.tokenizer import SPECIAL

TEXT = st.text(max_size=40).filter(lambda text: not any(name in text for name in SPECIAL))


@given(question=TEXT, solution=TEXT)
def test_the_mask_covers_the_prompt_and_nothing_else(tokenizer, question, solution):
    example = encode_example(tokenizer, question, solution)
    ids, labels = example["input_ids"], example["labels"]
    assert len(ids) == len(labels)
    masked = [label == IGNORED for label in labels]
    prompt = masked.index(False)  # the end of the answer always carries loss
    assert not any(masked[prompt:]) and labels[prompt:] == ids[prompt:]
    assert tokenizer.decode(ids[:prompt]) == f"<|begin|><|user|>{question}<|assistant|>"
    assert tokenizer.decode(ids[prompt:]) == f"{solution}<|end|>"


@given(question=TEXT, solution=TEXT)
def test_the_prompt_is_what_an_engine_sends(tokenizer, question, solution):
    turn = [{"role": "user", "content": question}]
    sent = tokenizer.apply_chat_template(turn, add_generation_prompt=True, return_dict=True)
    example = encode_example(tokenizer, question, solution)
    assert example["input_ids"][: len(sent["input_ids"])] == list(sent["input_ids"])


def test_of_an_answer_alone_the_loss_is_on_its_own_tokens(tokenizer):
    asked = {"kind": "gsm_symbolic", "templates": (43, 10), "test": 1, "calibration": 1}
    spec = DataSpec(**asked, train=20, options={"solutions": "none"})
    for sample in load(spec, "train"):
        example = encode_example(tokenizer, sample.question, sample.solution)
        learned = [label for label in example["labels"] if label != IGNORED]
        assert tokenizer.decode(learned) == f"#### {sample.answer}<|end|>"
        assert len(learned) == 2 + len(sample.answer)  # the sign, a token a digit, the end


def test_a_template_that_rewrites_the_prompt_is_refused():
    class Rewriting:
        def apply_chat_template(self, turns: list[Any], **_: Any) -> str:
            return f"{len(turns)} turns"

    with pytest.raises(DataError, match="the chat template changes the prompt"):
        encode_example(Rewriting(), "q", "a")


def test_too_long_is_left_out_and_never_cut(tokenizer, rows):
    whole = encode_corpus(tokenizer, rows, longest=10**6)
    lengths = sorted(len(example["input_ids"]) for example in whole)
    assert len(whole) == len(rows) and lengths[0] < lengths[-1]
    for longest in (lengths[0] - 1, lengths[0], lengths[len(lengths) // 2], lengths[-1]):
        kept = encode_corpus(tokenizer, rows, longest)
        assert kept == [example for example in whole if len(example["input_ids"]) <= longest]
        assert all(example["input_ids"][-1] == tokenizer.eos_token_id for example in kept)


@given(
    st.lists(st.lists(st.integers(0, 99), min_size=1, max_size=9), min_size=1, max_size=5),
    st.integers(0, 99),
)
def test_a_batch_is_padded_on_the_right_without_loss(ids, pad):
    batch = pad_batch(pad, [{"input_ids": row, "labels": row} for row in ids])
    longest = max(map(len, ids))
    for name, fill in (("input_ids", pad), ("labels", IGNORED)):
        assert batch[name].shape == (len(ids), longest) and batch[name].dtype == torch.int64
        for row, given_ in zip(batch[name].tolist(), ids, strict=True):
            assert row == given_ + [fill] * (longest - len(given_))
