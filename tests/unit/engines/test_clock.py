"""Clocks of chat templates: held at a day that is in the run's name, not at that of the run."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from pydantic import ValidationError
from test_chat_template import CHATS, TEMPLATES
from tokenizer_folders import build, change

from llmx.core.errors import EngineError, TurnsError
from llmx.core.record import Message
from llmx.core.spec import ArmSpec, EngineSpec, ModelSpec, SamplerSpec
from llmx.core.speech import DATE, Request
from llmx.core.templates.dialect import dated
from llmx.engines.hf import HfEngine
from llmx.engines.pair import load_pair
from llmx.engines.pretrained import NO_SYSTEM
from llmx.engines.size import NO_ROOM, clock_identity
from llmx.engines.tokenizer import PlainTokenizer
from llmx.engines.tokenizer.open import render
from llmx.engines.vllm.engine import VllmEngine
from llmx.engines.vllm_server.engine import VllmServerEngine
from llmx.stages.requests import clock_notes

ENGINES = (HfEngine, VllmEngine, VllmServerEngine)
CLOCK = "{{ strftime_now('%d %b %Y %H%M%S%f') }}{{ messages[0].content }}"
SHOWN = {
    "at once": CLOCK,
    "in a loop": "{% for m in messages %}{{ strftime_now('%d %b %Y %H%M%S%f') }}{{ m.content }}"
    "{% endfor %}",
    "in a macro": "{% macro now() %}{{ strftime_now('%d %b %Y %H%M%S%f') }}{% endmacro %}"
    "{{ now() }}{{ messages[0].content }}",
    "where it is known": "{% if strftime_now is defined %}{% set day = strftime_now('%d %b %Y"
    " %H%M%S%f') %}{% endif %}{{ day }}{{ messages[0].content }}",
}
ASKED = [{"role": "user", "content": "hi"}]


@pytest.fixture
def folder(tmp_path) -> Path:
    return build(tmp_path / "model")


def shown(tokenizer):
    return tokenizer.apply_chat_template(ASKED, add_generation_prompt=True, tokenize=False)


@pytest.mark.parametrize("name", SHOWN)
@pytest.mark.parametrize("plain", [True, False])
def test_a_clock_shows_the_day_that_was_asked_for(folder, name, plain):
    unknown = {} if plain else {"a setting that only transformers knows": 1}
    change(folder, chat_template=SHOWN[name], **unknown)
    for day, text in ((DATE, "01 Jan 2026"), ("2024-02-29", "29 Feb 2024")):
        pair = load_pair(ModelSpec(target=str(folder)), EngineSpec(date=day), {})
        assert shown(pair.tokenizer) == f"{text} 000000000000hi"
        assert isinstance(pair.tokenizer, PlainTokenizer) == plain


@pytest.mark.parametrize("name", TEMPLATES)
def test_holding_the_clock_changes_nothing_else(name):
    template = TEMPLATES[name]
    if name != "dates":
        assert dated(template, DATE) is template
    marked = template + "{# strftime_now #}"
    for chat in CHATS:
        assert outcome(dated(marked, DATE), chat) == outcome(marked, chat) or name == "dates"


def outcome(template, chat):
    try:
        return render(template, chat, {"bos_token": "<s>"}, True)
    except Exception as error:
        return type(error)


def test_the_last_word_on_the_day_counts():
    once = dated(CLOCK, "2024-02-29")
    assert dated(dated(CLOCK, "2020-01-01"), "2024-02-29") == once == dated(once, "2024-02-29")
    begins = "\n  {% if true %}\n x{% endif %}" + CLOCK
    assert render(dated(begins, DATE), ASKED, {}, True)[:9] == "\n x01 Jan"


@pytest.mark.parametrize("engine", ENGINES)
def test_a_day_is_in_the_name_of_what_depends_on_it_alone(folder, engine):
    def name(target, **settings):
        return engine.identity(ModelSpec(target=str(target)), EngineSpec(**settings))

    other = {"date": "2024-02-29"}
    assert name(folder) == name(folder, **other)
    assert "date" not in name(folder) and "date" not in name("stage:train")
    # What a model of the hub has is not known: another day than the usual one is in the name.
    assert "date" not in name("org/name") and name("org/name", **other)["date"] == "2024-02-29"
    with_clock = shutil.copytree(folder, folder.parent / "clock")
    (with_clock / "chat_template.jinja").write_text(CLOCK)
    assert name(with_clock)["date"] == DATE
    assert name(with_clock, **other)["date"] == "2024-02-29"


def test_a_server_that_renders_by_its_own_clock_is_refused(folder):
    (folder / "chat_template.jinja").write_text(CLOCK)
    engine = VllmServerEngine(ModelSpec(target=str(folder)), EngineSpec(kind="vllm_server"))
    with pytest.raises(EngineError, match="reads a clock"):
        next(iter(engine.generate([request("user")])))


def test_a_plan_names_the_day(folder):
    def notes(**settings):
        made = EngineSpec(kind="hf", **settings)
        arm = ArmSpec(model=ModelSpec(target=str(folder)), engine=made)
        return clock_notes(SimpleNamespace(arms={"a": arm, "b": arm}))

    assert notes() == ()
    (folder / "chat_template.jinja").write_text(CLOCK)
    (line,) = notes(date="2024-02-29")
    assert "2024-02-29 (engine.date)" in line and str(folder) in line


@pytest.mark.parametrize("place", ["tokenizer_config.json", "chat_template.json", "a.jinja"])
def test_a_clock_is_found_wherever_a_template_stands(folder, place):
    (folder / place).write_text('{"chat_template": "{{ strftime_now() }}"}')
    found = clock_identity(ModelSpec(target=str(folder)), EngineSpec())
    assert found == {"date": DATE}


@pytest.mark.parametrize("day", ["2026-1-1", "2026-13-01", "today", "", "20260101", 5, None])
def test_what_is_no_day_is_refused(day):
    with pytest.raises(ValidationError):
        EngineSpec(date=day)


def request(*roles, text="hi", most=20):
    messages = tuple(Message(role=role, content=text) for role in roles)
    sampler = SamplerSpec(algorithm="target", max_tokens=most)
    return Request(id="q", messages=messages, sampler=sampler)


def test_a_hint_says_what_can_help(folder):
    """The model knows 77 positions."""
    change(folder, chat_template=TEMPLATES["refuses"])
    engine = HfEngine(ModelSpec(target=str(folder)), EngineSpec())
    with pytest.raises(TurnsError) as error:
        engine.prompt_ids(request("system", "user"))
    assert error.value.hint == NO_SYSTEM and "no system turn" in error.value.message
    ids = engine.prompt_ids(request("user"))
    with pytest.raises(Exception, match="positions") as error:
        engine.prompt_ids(request("user", most=77))
    assert error.value.hint == f"set sampler.max_tokens={77 - len(ids)} or less"
    assert engine.prompt_ids(request("user", most=77 - len(ids))) == ids
    for text in ("hi " * 77, "hi " * 200):
        with pytest.raises(Exception, match="positions") as error:
            engine.prompt_ids(request("user", text=text))
        assert error.value.hint == NO_ROOM and "max_tokens" not in NO_ROOM
