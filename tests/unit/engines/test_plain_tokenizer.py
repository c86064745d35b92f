"""Encoding and decoding without transformers, against transformers, text by text."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizer_folders import CORPUS, EXTRA, KINDS, NAMES, build

from llmx.core.record import Part
from llmx.core.stream import Turn
from llmx.engines.render import Renderer
from llmx.engines.size import ZOO
from llmx.engines.stream.speech import Speech
from llmx.engines.strict_tokens import strict_tokens
from llmx.engines.tokenizer import PlainTokenizer, open_tokenizer
from llmx.store.fingerprint import hash_folder

# Several models share one tokenizer; each is compared once.
ZOO_NAMES = {
    hash_folder(path.parent, ["tokenizer*", "chat_template.jinja"]): path.parent.name
    for path in sorted(ZOO.glob("*/tokenizer.json"))
}.values()
PIECES = [
    *(*NAMES.values(), *EXTRA, *CORPUS, "<|begin|>", "<|end|>", "<|pad|>", "<|system|>"),
    *("<tool>", " <left> ", "<right>  ", " <wide> ", "cat", "concat", "▁", "<0x0A>"),
    *("\r\n", "\x00", "\n\n\n", "\t ", "  ", " ", "", "🙂", "👩‍👩‍👧‍👦", "é", "e\u0301", "\ufffd"),
    *("12345678901234567890", "٣٤٥", "½", " . ", " ?", " n't", " ' ", "you 're", "\u2028", "\xa0"),
]
TEXTS = st.lists(st.sampled_from(PIECES) | st.text(max_size=20), max_size=8).map("".join)
ROLES = st.sampled_from(["system", "user", "assistant"])
CHATS = st.lists(st.fixed_dictionaries({"role": ROLES, "content": TEXTS}), min_size=1, max_size=5)


@pytest.fixture(scope="module", params=[*KINDS, *ZOO_NAMES])
def both(request: Any, tmp_path_factory: Any) -> tuple[PlainTokenizer, Any]:
    """Ours and transformers' own, of one folder."""
    from transformers import AutoTokenizer

    kind = request.param
    folder = build(tmp_path_factory.mktemp("model"), kind) if kind in KINDS else ZOO / kind
    ours = open_tokenizer(folder)
    assert ours is not None
    return ours, AutoTokenizer.from_pretrained(folder)


def test_the_zoo_is_there() -> None:
    assert ZOO_NAMES
    assert all(open_tokenizer(path.parent) for path in ZOO.glob("*/config.json"))


@given(text=TEXTS)
def test_a_text_has_the_same_ids(both, text):
    ours, theirs = both
    assert ours(text)["input_ids"] == theirs(text)["input_ids"]
    bare = theirs(text, add_special_tokens=False)["input_ids"]
    assert ours(text, add_special_tokens=False)["input_ids"] == bare


@given(text=TEXTS, data=st.data())
def test_ids_have_the_same_text(both, text, data):
    ours, theirs = both
    places = st.lists(st.integers(0, len(theirs) - 1), max_size=20)
    for ids in (theirs(text)["input_ids"], data.draw(places)):
        assert ours.decode(ids) == theirs.decode(ids)
        for skip in (True, False):
            found = theirs.decode(ids, skip_special_tokens=skip)
            assert ours.decode(ids, skip_special_tokens=skip) == found


@given(chat=CHATS, prompted=st.booleans())
def test_a_chat_has_the_same_text_and_ids(both, chat, prompted):
    ours, theirs = (one.apply_chat_template for one in both)
    for asked in ({"tokenize": False}, {"return_dict": False}):
        asked["add_generation_prompt"] = prompted
        assert ours(chat, **asked) == theirs(chat, **asked)
    whole = theirs(chat, add_generation_prompt=prompted, return_dict=True)["input_ids"]
    assert ours(chat, add_generation_prompt=prompted)["input_ids"] == whole


def test_vocabulary_and_names_are_the_same(both):
    ours, theirs = both
    assert ours.get_vocab() == theirs.get_vocab() and len(ours) == len(theirs)
    named = ("bos_token_id", "eos_token_id", "chat_template")
    assert [getattr(ours, name) for name in named] == [getattr(theirs, name) for name in named]
    assert dict(ours.special) == theirs.special_tokens_map


@given(ids=st.lists(st.integers(0, 199), max_size=30))
def test_a_stream_tells_the_same(both, ids):
    ours, theirs = (Speech(one, ("\n\n", "</s>")) for one in both)
    for token in ids:
        assert ours.feed(token) == theirs.feed(token)
    assert ours.flush() == theirs.flush()


def test_the_strict_tokens_are_the_same(both):
    ours, theirs = both
    assert strict_tokens(ours, ("digits", "a")) == strict_tokens(theirs, ("digits", "a"))


@given(texts=st.lists(TEXTS, min_size=1, max_size=3))
def test_a_prompt_in_parts_is_the_same(both, texts):
    ours, theirs = both
    if "{{ messages }}" in theirs.chat_template:
        return
    parts = tuple(Part(text=text) for text in texts)
    turns = [Turn(role="user", parts=parts), Turn(role="assistant", parts=parts[:1])]
    assert Renderer(ours).ids(turns) == Renderer(theirs).ids(turns)


FRESH = """
import sys
from llmx.core.record import Message
from llmx.core.speech import Request
from llmx.core.spec import EngineSpec, ModelSpec, SamplerSpec
from llmx.engines.hf import HfEngine
engine = HfEngine(ModelSpec(target="zoo:gsm_target", draft="zoo:gsm_draft"), EngineSpec())
asked = (Message(role="user", content="1 + 1?"),)
ids = engine.prompt_ids(Request(id="a", messages=asked, sampler=SamplerSpec(algorithm="target")))
print(engine.pair.eos_ids, engine.pair.context, engine.text(ids, SamplerSpec(algorithm="target")))
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


def test_a_fresh_process_encodes_without_torch_and_transformers() -> None:
    done = subprocess.run([sys.executable, "-c", FRESH], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    first, loaded = done.stdout.splitlines()
    assert first == "(2,) 384 1 + 1?"
    assert not {"torch", "transformers"} & set(loaded.split())


def test_a_folder_that_is_none_gives_none(tmp_path: Path) -> None:
    assert open_tokenizer(tmp_path) is None
    assert open_tokenizer(tmp_path / "nowhere") is None
