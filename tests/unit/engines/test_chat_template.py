"""Chat templates: everything that templates of real models use, against transformers."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from tokenizer_folders import build, change

from llmx.engines.tokenizer import open_tokenizer
from llmx.engines.tokenizer.open import render

CHATS = [
    [{"role": "user", "content": "  one \n"}],
    [{"role": "user", "content": ""}],
    [{"role": "system", "content": "be <brief> & 'kind'"}, {"role": "user", "content": "hi 🙂"}],
    [
        {"role": role, "content": f"{role} {n}\r\n"}
        for n in range(3)
        for role in ("user", "assistant")
    ],
    [{"role": "user", "content": None}],
    [{"role": "user", "content": "{{ eos_token }}{% raw %}"}],
]

TEMPLATES = {
    "trims": "{% for m in messages %}{{ m.content | trim }}|{{ m['content'].strip() }}{% endfor %}",
    "lines": """
{% for message in messages %}
    {%- if loop.first and message.role != 'system' %}
        <sys>
    {% endif %}
    {% set who = 'bot' if message.role == 'assistant' else message.role %}
    <{{ who }}>{{ message['content'] }}
{% endfor %}
{% if add_generation_prompt %}
<bot>
{% endif %}
""",
    "refuses": "{% for m in messages %}{% if m.role == 'system' %}"
    "{{ raise_exception('no system turn') }}{% endif %}{{ m.content }}{% endfor %}",
    "dates": "{{ strftime_now('%d %b %Y') }}{{ messages[0].content }}",
    "breaks": "{% for m in messages %}{% if loop.index > 4 %}{% break %}{% endif %}"
    "{% if m.role == 'assistant' %}{% continue %}{% endif %}{{ m.content }}{% endfor %}",
    "writes json": "{{ messages | tojson }}{{ messages | tojson(indent=2, sort_keys=true) }}"
    "{{ 'é<' | tojson(ensure_ascii=true) }}{{ {'a': 1} | tojson(separators=(',', ':')) }}",
    "keeps": "{% set ns = namespace(n=0, self=1) %}{% for m in messages %}{% set ns.n = ns.n + 1 %}"
    "{% endfor %}{{ ns.n }}{{ ns.self }}{{ ns.absent }}",
    "generates": "{% set x = 1 %}{% for m in messages %}{% generation %}{% set x = 2 %}"
    "{{ m.content }}{{ x }}{% endgeneration %}\n{{ x }}{% endfor %}",
    "makes dictionaries": "{{ dict(a=1, **{'b': 2}) }}{{ dict.fromkeys(['a'], 0) }}{{ dict([]) }}",
    "has variables": "{{ bos_token }}{{ eos_token }}{{ pad_token }}{{ unk_token }}{{ sep_token }}"
    "{{ tools is none }}{{ documents is none }}{{ tools is defined }}{{ nothing is defined }}",
    "has macros": "{% macro show(m) %}[{{ m.role }}]{{ m.content }}{% endmacro %}"
    "{% for m in messages %}{{ show(m) }}{% endfor %}{{ messages[-1:] }}{{ messages[0] | length }}",
    "lacks a name": "{{ nobody.knows }}",
    "lacks a key": "{% for m in messages %}{{ m.tool_calls }}{{ m.get('x', 'y') }}{% endfor %}",
    "is broken": "{% for m in messages %}{{ m.content }",
    "changes turns": "{{ messages.append(1) }}",
    "looks inside": "{{ ''.__class__.__mro__ }}",
    "hides a name": "{{ namespace(_a=1) }}",
    "hides a name later": "{% set ns = namespace() %}{% set ns._a = 1 %}{{ ns }}",
    "divides by zero": "{{ 1 / 0 }}",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: Any) -> Path:
    return build(tmp_path_factory.mktemp("model"))


def outcome(tokenizer: Any, chat: Any, prompted: bool) -> Any:
    """A text, or the kind of error."""
    try:
        return tokenizer.apply_chat_template(chat, add_generation_prompt=prompted, tokenize=False)
    except Exception as error:
        return type(error)


@pytest.fixture
def unguarded(monkeypatch: pytest.MonkeyPatch) -> None:
    """transformers as it is, also after another test has put our limits into it."""
    from transformers.utils import chat_template_utils as theirs

    render = theirs._cached_compile_jinja_template
    monkeypatch.setattr(theirs, "_compile_jinja_template", render)


@pytest.mark.parametrize("name", TEMPLATES)
@pytest.mark.parametrize("in_settings", [True, False])
@pytest.mark.usefixtures("unguarded")
def test_a_template_gives_the_same(folder, name, in_settings):
    from transformers import AutoTokenizer

    file = folder / "chat_template.jinja"
    file.unlink(missing_ok=True)
    change(folder, chat_template=TEMPLATES[name] if in_settings else "never read")
    if not in_settings:
        file.write_bytes(TEMPLATES[name].replace("\n", "\r\n").encode())
    ours, theirs = open_tokenizer(folder), AutoTokenizer.from_pretrained(folder)
    for chat in CHATS:
        for prompted in (True, False):
            assert outcome(ours, chat, prompted) == outcome(theirs, chat, prompted)


def test_the_templates_do_what_they_are_here_for():
    def shown(name: str, chat: int) -> str:
        return render(TEMPLATES[name], CHATS[chat], {}, True)

    assert shown("trims", 0) == "one|one"
    assert shown("breaks", 3) == "user 0\r\nuser 1\r\n"
    assert shown("dates", 0).startswith(datetime.now().strftime("%d %b %Y"))
    assert json.loads(render("{{ messages | tojson }}", CHATS[2], {}, False)) == CHATS[2]
    with pytest.raises(Exception, match="no system turn"):
        shown("refuses", 2)


@pytest.mark.parametrize(
    "chat", [[], [{"role": "user", "content": "a", "tool_calls": "x"}], [{"content": 3}]]
)
def test_a_conversation_that_is_none_is_refused(chat):
    with pytest.raises((ValueError, TypeError)):
        render("{{ messages }}", chat, {}, False)


def test_no_template_is_an_error(folder):
    ours = open_tokenizer(change(build(folder.parent / "bare"), chat_template=None))
    assert ours is not None and ours.chat_template is None
    with pytest.raises(ValueError, match="no chat template"):
        ours.apply_chat_template(CHATS[0])
