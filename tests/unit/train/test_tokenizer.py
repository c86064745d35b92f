"""The tokenizer of the zoo: digits apart, nothing lost, a chat template that ends an answer."""

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmx.core.errors import ConfigError
from llmx.core.spec import StageSpec
from llmx.core.stage import StageInput
from llmx.engines.tokenizer import open_tokenizer
from llmx.train.tokenizer import ASSISTANT, BEGIN, END, PAD, SPECIAL, USER, TokenizerStage


@given(text=st.text().filter(lambda text: not any(name in text for name in SPECIAL)))
def test_any_text_comes_back(tokenizer, text):
    assert tokenizer.decode(tokenizer(text, add_special_tokens=False)["input_ids"]) == text


def test_no_token_holds_two_digits(tokenizer):
    held = [tokenizer.decode([place]) for place in range(len(tokenizer))]
    assert max(sum(char.isdigit() for char in text) for text in held) == 1
    assert set("0123456789") <= set(held)


@given(number=st.integers(0, 10**12))
def test_a_digit_is_a_token(tokenizer, number):
    assert len(tokenizer(str(number), add_special_tokens=False)["input_ids"]) == len(str(number))


def test_the_vocabulary_is_what_was_asked_for(tokenizer):
    assert len(tokenizer) == 384
    assert tokenizer.convert_tokens_to_ids(list(SPECIAL)) == list(range(5))
    named = (tokenizer.pad_token, tokenizer.bos_token, tokenizer.eos_token)
    assert named == (PAD, BEGIN, END)


def test_the_chat_template_ends_every_answer(tokenizer):
    turns = [{"role": "user", "content": "1+1?"}, {"role": "assistant", "content": "2"}]
    render = tokenizer.apply_chat_template
    assert render(turns, tokenize=False) == f"{BEGIN}{USER}1+1?{ASSISTANT}2{END}"
    asked = render(turns[:1], tokenize=False, add_generation_prompt=True)
    assert asked == f"{BEGIN}{USER}1+1?{ASSISTANT}"


def test_a_saved_tokenizer_is_the_same(tokenizer, tmp_path):
    from transformers import AutoTokenizer

    tokenizer.save_pretrained(tmp_path)
    again = AutoTokenizer.from_pretrained(tmp_path)
    assert again.get_vocab() == tokenizer.get_vocab()
    assert again.chat_template == tokenizer.chat_template


@given(text=st.text())
def test_a_trained_tokenizer_is_read_without_transformers(tokenizer, tmp_path_factory, text):
    folder = tmp_path_factory.getbasetemp() / "trained"
    if not folder.exists():
        tokenizer.save_pretrained(folder)
        (folder / "config.json").write_text('{"model_type": "llama"}')
    plain = open_tokenizer(folder)
    assert plain is not None
    assert plain(text)["input_ids"] == (ids := tokenizer(text)["input_ids"])
    assert plain.decode(ids) == tokenizer.decode(ids) and plain.get_vocab() == tokenizer.get_vocab()


@pytest.mark.parametrize("size", [1000, 256, 0, -64, "many", 384.0, None])
def test_a_vocabulary_that_cannot_be_is_refused(size):
    stage = StageSpec(name="tok", kind="tokenizer", options={"vocabulary": size})
    with pytest.raises(ConfigError, match=r"stages.tok.vocabulary is .*multiple of 64"):
        TokenizerStage().identity(StageInput(stage, {"a": SimpleNamespace()}))
