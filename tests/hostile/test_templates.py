"""Chat templates of strangers: a sandbox, a limit on time, a limit on room, and one line."""

import json
import os
import shutil
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from jinja2 import TemplateError
from typer.testing import CliRunner

from llmx.core.errors import EngineError
from llmx.core.templates import guarded
from llmx.core.templates.dialect import LONGEST, is_plain
from llmx.engines.pretrained import template_explained
from llmx.engines.size import ZOO
from llmx.engines.tokenizer import open

TURNS = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "you"}]
LOOP = "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}"
FINITE = LOOP.replace("99999", "5000")  # ends, if nothing stops it
GROWING = "{%% set ns = namespace(a='aa') %%}{%% for i in range(60) %%}%s{%% endfor %%}{{ ns.a }}"

TOO_LONG = {
    "two loops": LOOP,
    "a loop in a macro": "{% macro f(n) %}{% for i in range(99999) %}{{ f(n) }}{% endfor %}"
    "{% endmacro %}{{ f(1) }}",
    "a power": "{{ 7 ** (7 ** 9) }}",
    "a list of lists": "{% set ns = namespace(a=[1]) %}{% for i in range(60) %}"
    "{% set ns.a = [ns.a, ns.a] %}{% endfor %}{{ ns.a == 1 }}{{ ns.a | string | length }}",
    "sums": "{% for i in range(9999) %}{{ range(99999) | sum }}{% endfor %}",
}
TOO_LARGE = {
    "a text": "{{ 'a' * 1000000000 }}",
    "a text in a turn's name": "{% for m in messages %}{{ m.role * 1000000000 }}{% endfor %}",
    "a format": "{{ '%1000000000d' % 1 }}",
    "a format by a filter": "{{ '%1000000000s' | format('a') }}",
    "a method": "{{ 'a'.ljust(1000000000) }}",
    "a filter": "{{ 'a' | center(1000000000) }}",
    "joined": GROWING % "{% set ns.a = ns.a ~ ns.a %}",
    "added": GROWING % "{% set ns.a = ns.a + ns.a %}",
    "replaced": GROWING % "{% set ns.a = ns.a | replace('a', ns.a) %}",
    "a list": "{{ ([0] * 1000000000) | length }}",
    "spaces of JSON": "{{ messages | tojson(indent=1000000000) }}",
}
LONG_TEXT = f"{{{{ 'a' * {LONGEST + 1} }}}}"
ESCAPES = {
    "the class of a text": "{{ ''.__class__.__mro__ }}",
    "through the globals": "{{ raise_exception.__globals__ }}",
    "through a format": "{{ '{0.__class__}'.format(messages) }}",
    "through a format map": "{{ '{a.__class__}'.format_map({'a': 1}) }}",
    "through an attribute filter": "{{ '' | attr('__class__') }}",
    "through a mapped attribute": "{{ ['']|map(attribute='__class__')"
    "|map(attribute='__mro__')|list }}",
    "through a namespace": "{% set ns = namespace() %}{% set ns.__init__ = 1 %}{{ ns }}",
    "through a cycler": "{{ cycler.__init__.__globals__.os.system('touch BOOM') }}",
    "through lipsum": "{{ lipsum.__globals__['os'].system('touch BOOM') }}",
    "through self": "{{ self.__init__.__globals__ }}",
    "through a macro": "{% macro f() %}{% endmacro %}{{ f.__globals__ }}",
    "through a loop": "{% for m in messages %}{{ loop.__init__.__globals__ }}{% endfor %}",
    "through an include": "{% include '/etc/passwd' %}",
    "through an import": "{% import 'os' as os %}{{ os }}",
    "by changing a turn": "{{ messages.append(1) }}",
    "by changing a turn's text": "{{ messages[0].update({'content': 'x'}) }}",
}
SLACK = 20.0  # seconds of a busy machine; the limits count processor time


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    monkeypatch.chdir(tmp_path)
    reader = guarded.Reader(0.2)
    monkeypatch.setattr(guarded, "READER", reader)
    yield reader
    reader.close()


def render(template: str, turns: Any = TURNS) -> str:
    return open.render(template, turns, {"bos_token": "<s>"}, True)


@pytest.mark.parametrize("name", TOO_LONG)
def test_a_template_without_an_end_is_stopped(name):
    first = r"takes more than 0\.2 seconds"
    said = first if name == "two loops" else f"{first}|too deep|memory"
    with pytest.raises(guarded.TemplateLimit, match=said):
        render(TOO_LONG[name])
    assert render("{{ messages | length }}") == "2"


@pytest.mark.parametrize("name", TOO_LARGE)
def test_a_template_that_grows_is_stopped(name, quick):
    said = "takes more memory" if name == "a text" else "memory|more than"
    with pytest.raises(guarded.TemplateLimit, match=said):
        render(TOO_LARGE[name])
    assert render("{{ messages | length }}") == "2"


def test_a_text_that_is_too_long_is_no_prompt(monkeypatch):
    monkeypatch.setattr(guarded, "READER", guarded.Reader(30.0))
    with pytest.raises(guarded.TemplateLimit, match="makes more than 16,777,216 characters"):
        render(LONG_TEXT)
    guarded.READER.close()


@pytest.mark.parametrize("name", ESCAPES)
def test_nothing_outside_is_reached(name, tmp_path):
    told, before = "", set(tmp_path.rglob("*"))
    try:
        told = render(ESCAPES[name])
    except Exception as error:
        with pytest.raises(EngineError) as found, template_explained():
            raise error
        assert "\n" not in str(found.value)
    assert "<class" not in told and "<function" not in told and "root:" not in told
    assert set(tmp_path.rglob("*")) == before


def test_the_limits_hold_off_the_main_thread():
    found: list[BaseException] = []

    def work() -> None:
        try:
            render(LOOP)
        except BaseException as error:
            found.append(error)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SLACK)
    assert [type(error) for error in found] == [guarded.TemplateLimit] * 2


def test_the_process_knows_no_key_and_reads_no_file_of_the_folder(monkeypatch, tmp_path, quick):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    for name in ("json.py", "jinja2.py", "llmx.py"):
        (tmp_path / name).write_text(f"open({str(tmp_path / 'BOOM')!r}, 'w')")
    assert render("{{ messages | length }}") == "2"
    process = quick._process
    environment = Path(f"/proc/{process.pid}/environ")
    if environment.exists():
        assert b"sk-secret" not in environment.read_bytes()
    assert not (tmp_path / "BOOM").exists()


def test_one_process_serves_many_texts_and_ends_with_its_owner(quick):
    assert render("{{ messages | length }}") == "2"
    first = quick._process.pid
    assert render("{{ messages | tojson }}", TURNS[:1]) == json.dumps(TURNS[:1])
    assert quick._process.pid == first
    quick.close()
    with pytest.raises(ProcessLookupError):
        os.kill(first, 0)


@pytest.mark.parametrize("text", ["", "\n", "é🙂\u2028", "\ud800", '"\\', "x" * 100_000])
def test_any_content_comes_back_as_it_is(text):
    turns = [{"role": "user", "content": text}]
    assert render("{{ messages[0]['content'] }}", turns) == text
    assert render("{% set a = 1 %}{{ messages[0]['content'] }}", turns) == text


PLAIN = (ZOO / "gsm_draft" / "chat_template.jinja").read_text()
NOT_PLAIN = [
    *TOO_LONG.values(),
    *TOO_LARGE.values(),
    *(text for name, text in ESCAPES.items()),
    "{% for m in messages %}{% for n in messages %}{{ n.content }}{% endfor %}{% endfor %}",
    "{% for m in messages recursive %}{{ loop(messages) }}{% endfor %}",
    "{% for m in messages recursive %}{{ m.content }}{% endfor %}",
    "{% for m in messages if m.content %}{{ m.content }}{% endfor %}",
    "{% for m in messages %}{{ m.content }}{% else %}none{% endfor %}",
    "{% set a = messages %}",
    "{{ messages[0] }}",
    "{{ messages.copy() }}",
    "{{ (1).__class__ }}",
    "{{ messages | trim(1) }}",
    "{{ 2 * 3 }}",
    "{{ messages | list }}",
    "{{ raise_exception('x') }}",
    "{" * 10,
    "{{ 'a' ~ " + "(" * 3000 + "1" + ")" * 3000 + " }}",
    "x" * 70_000,
]


@pytest.mark.parametrize("template", NOT_PLAIN, ids=range(len(NOT_PLAIN)))
def test_only_what_cannot_grow_is_rendered_here(template):
    assert not is_plain(template)


def test_a_small_template_needs_no_process(quick):
    assert is_plain(PLAIN)
    here = render(PLAIN)
    assert quick._process is None
    assert here == quick.render(PLAIN, {"messages": TURNS, "bos_token": "<s>",
                                        "add_generation_prompt": True})  # fmt: skip


def model_with(folder: Path, template: str) -> Path:
    shutil.copytree(ZOO / "gsm_draft", folder)
    for path in folder.iterdir():
        path.chmod(0o644)
    (folder / "chat_template.jinja").write_text(template)
    return folder


KINDS = {"a loop": LOOP, "a text": TOO_LARGE["a text"], "an escape": ESCAPES["the class of a text"],
         "a broken one": "{% for m in messages %}{{ m.content }"}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_the_command_ends_with_one_line(tmp_path, kind):
    from llmx.cli.app import app

    folder = model_with(tmp_path / "model", KINDS[kind])
    words = ["run", "recipe=gsm_answers", f"model.target={folder}", "model.draft=null"]
    words += ["arms=[greedy]", "scale=smoke", "--limit", "1", "--workers", "1", "--quiet"]
    done = CliRunner().invoke(app, [*words, "--runs", "runs"], prog_name="llmx")
    assert done.exit_code == 2, done.stderr
    assert done.stderr.startswith("error: the chat template fails: ")
    assert len(done.stderr.strip().splitlines()) == 1 and "Traceback" not in done.stderr


def test_transformers_renders_within_the_limits_too(tmp_path, monkeypatch):
    from transformers.utils import chat_template_utils as theirs

    from llmx.engines import pretrained

    monkeypatch.setattr(theirs, "_compile_jinja_template", theirs._cached_compile_jinja_template)
    tokenizer = pretrained.tokenizer(str(model_with(tmp_path / "model", FINITE)))
    with pytest.raises(TemplateError, match="takes more than"):
        tokenizer.apply_chat_template(TURNS, tokenize=False)
    tokenizer.chat_template = PLAIN
    assert tokenizer.apply_chat_template(TURNS, tokenize=False).count("<|user|>") == 1


def test_a_transformers_that_renders_in_another_way_is_refused(monkeypatch):
    from transformers.utils import chat_template_utils as theirs

    monkeypatch.delattr(theirs, "_compile_jinja_template")
    with pytest.raises(RuntimeError, match="a way of its own"):
        guarded.guard_transformers()


def test_a_long_conversation_is_within_the_limits(monkeypatch):
    monkeypatch.setattr(guarded, "READER", guarded.Reader())
    turns = [{"role": "user", "content": "word " * 200} for _ in range(2_000)]
    started = time.process_time()
    text = render(
        "{% set a = 1 %}{% for m in messages %}{{ m.content | trim }}\n{% endfor %}", turns
    )
    guarded.READER.close()
    assert len(text) == 2_000 * 1_000 and time.process_time() - started < SLACK
