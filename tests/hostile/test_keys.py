"""A secret that somebody writes where a setting goes is refused before anything is written.

Places are taken from the schema, so that a new field is tried as soon as it is there.
"""

import ast
import io
import json
import os
import stat
import subprocess
import sys
import time
import types
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel, ValidationError
from strangers import DECODE, RECIPE, SCRIPT, recipe, refused
from test_choke_points import FILES

import llmx
from llmx.config.compose import compose
from llmx.config.recipe import WORDS
from llmx.core import user_cache
from llmx.core.errors import ConfigError, LlmxError
from llmx.core.exposure import exposures
from llmx.core.secrets import has_key_shape, is_secret_name, struck_out, without_secrets
from llmx.core.spec import ArmSpec, RunSpec
from llmx.engines.vllm_server import serve
from llmx.engines.vllm_server.server import VllmServer

BY_NAME = "planted-hunter"  # a secret only where its name says so
BY_SHAPE = "sk-proj-plantedPLANTED0123456789"
REFUSED = "would be written to disk"

NAMES = [
    "token", "key", "secret", "password", "passwd", "authorization", "Authorization", "bearer",
    "credential", "credentials", "cookie", "hf_token", "hub_token", "push_to_hub_token", "hfToken",
    "api_key", "apiKey", "apikey", "x_api_key", "X-Api-Key", "API_KEY_2", "OPENAI_API_KEY",
    "aws_secret_access_key", "AWSSecretAccessKey", "client-secret", "private_key", "token_value",
    "proxy-authorization", "api_keys", "access_tokens", "engine.options.api_key", "--api-key",
    "ｔｏｋｅｎ",
]  # fmt: skip
NO_SECRETS = [
    "max_tokens", "key_env", "api_key_env", "tokenizer", "token_ids", "token_type", "tokens",
    "keys", "eos_token", "pad_token", "bos_token", "draft_token", "eos_token_id", "stop_token",
    "add_bos_token", "max_total_tokens", "tokens_per_second", "sort_key", "label_keys", "key_by",
    "num_key_value_heads", "long_prefill_token_threshold", "return_token_ids", "monkey", "author",
    "authors", "num_input_tokens_seen", "ssl_keyfile", "secretary",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_name_of_a_secret_is_known(name):
    assert is_secret_name(name)
    assert list(exposures({name: BY_NAME})) and not list(exposures({name: None}))


@pytest.mark.parametrize("name", NO_SECRETS)
def test_a_name_that_only_sounds_like_one_stays_usable(name):
    assert not is_secret_name(name)
    assert not list(exposures({name: "OPENAI_API_KEY"}))


SHAPES = [
    BY_SHAPE, "sk-0123456789abcdef0123", "sk-ant-api03-abcdefghijklmnop12345", "sk-" + "a" * 48,
    "hf_abcdefghijklmnopqrstuvwx", "ghp_0123456789abcdefghij", "github_pat_0123456789abcdefghij",
    "AKIAIOSFODNN7EXAMPLE", "xoxb-123456789-abc", "eyJhbGciOiJIUzI1.eyJzdWIiOiIxMjM0.abc-d_e",
    "Bearer hunter2secret", "bearer 0123456789", "http://me:hunter2@host/v1",
    "https://h/v1?api_key=x1", "https://h/v1?a=b&token=x1", "Authorization: Basic aHVudGVyMg==",
    "x-api-key: hunter2", "--api-key hunter2", "api_key=hunter2", '{"api_key": "hunter"}',
    "-----BEGIN RSA PRIVATE KEY-----\nMIIE",
]  # fmt: skip
PLAIN = [
    "the bearer instruments are fine", "sk-learn-experiments-2024-recipes",
    "ask-me-anything-0123456789abcdefghij", "https://example.com/@user/v1", "Basic Arithmetic",
    "task-0123456789abcdef0123", "zoo:gsm-target", "org/hf_model", "Question: what is a token?",
    "http://127.0.0.1:8000/v1?", "0123456789abcdef0123456789abcdef01234567", "token: whitespace",
    "export OPENAI_API_KEY=… and leave it out",
]  # fmt: skip


@pytest.mark.parametrize("text", SHAPES)
def test_the_shape_of_a_key_is_known_wherever_it_stands(text):
    for whole in (text, f"see {text} here", f'"{text}"'):
        assert has_key_shape(whole)
        assert list(exposures({"options": {"harmless": [whole]}})) == [("options", "harmless", "0")]
        assert not has_key_shape(struck_out(whole))
    assert list(exposures({text: 1})) == [("…",)]
    error = LlmxError(f"the server says: {text}", f"it was {text}")
    assert not any(map(has_key_shape, (str(error), error.message, error.hint, repr(error))))


@pytest.mark.parametrize("text", PLAIN)
def test_other_texts_are_left_alone(text):
    assert not has_key_shape(text) and struck_out(text) == text


NESTED = [
    {"api_key": BY_NAME}, {"a": {"b": [{"hf_token": BY_NAME}]}}, {"password": 12345678},
    {"extra_headers": {"Authorization": BY_NAME}}, {"token": [BY_NAME]},
    {"authorization": {"scheme": {"x": BY_NAME}}}, {"headers": [["X-Api-Key", BY_NAME]]},
    {"headers": [{"name": "Authorization", "value": BY_NAME}]}, {"x_key_env": "not a variable"},
    {"args": ["--port", "1", "--hub-token", BY_NAME]}, {"x.api_key": BY_NAME},
]  # fmt: skip
HARMLESS = [
    {"api_key": None}, {"token": ""}, {"use_auth_token": True}, {"rank_pattern": {"key": 8}},
    {"target_modules": ["key", "value"]}, {"key_env": "MY_KEY"}, {"eos_token": "</s>"},
    {"chat_template_kwargs": {"max_tokens": 5, "tokens": ["a", "b"]}}, {"logit_bias": {"17": 1}},
]  # fmt: skip


@pytest.mark.parametrize("options", NESTED, ids=str)
def test_a_secret_is_found_at_any_depth(options):
    assert len(list(exposures({"engine": {"options": options}}))) == 1


@pytest.mark.parametrize("options", HARMLESS, ids=str)
def test_no_secret_is_found_where_there_is_none(options):
    assert not list(exposures({"engine": {"options": options}}))


def test_names_that_people_give_are_no_settings():
    """An arm may be called as a secret is: its name is not what its values stand under."""
    held = {
        "arms": {"token": ["sampler=greedy"]},
        "stages": {"key": {"kind": "decode"}},
        "ensemble": {"voices": {"secret": {"model": {"target": "x"}}}},
        "evidence": {"data.options.key": {"grade": "paper", "where": "p. 3"}},
        "references": {"draft_key": "sd"},
    }
    assert not list(exposures(held))
    assert list(exposures({"arms": {"a": [f"engine.options.hf_token={BY_NAME}"]}}))
    assert list(exposures({"options": {"stages": {"key": BY_NAME}}}))


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for one in typing.get_args(annotation):
        yield from models_in(one)


def holds(annotation: Any, wanted: type) -> bool:
    inner = typing.get_args(annotation)
    return wanted in (annotation, typing.get_origin(annotation)) or any(
        holds(one, wanted) for one in inner
    )


def fields(
    model: type[BaseModel], at: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield (path, annotation) of every field that takes a text or a mapping."""
    for name, field in model.model_fields.items():
        path = (*at, name)
        below = list(models_in(field.annotation))
        own = (*path, "x") if holds(field.annotation, dict) and below else path
        for one in below:
            yield from fields(one, own)
        if not below and (holds(field.annotation, str) or holds(field.annotation, dict)):
            yield path, field.annotation


PLACES = sorted(dict(fields(ArmSpec)))
MAPPINGS = [path for path, kind in fields(ArmSpec) if holds(kind, dict)]


def test_the_schema_has_places():
    assert len(PLACES) > 30 and ("engine", "options") in MAPPINGS
    assert ("ensemble", "voices", "x", "engine", "base_url") in PLACES


def nested(path: tuple[str, ...], value: Any) -> dict[str, Any]:
    for name in reversed(path):
        value = {name: value}
    return value


def planted(path: tuple[str, ...]) -> list[tuple[tuple[str, ...], Any]]:
    given: list[tuple[tuple[str, ...], Any]] = [(path, BY_SHAPE)]
    if path in MAPPINGS:
        given = [((*path, "deep", "harmless"), BY_SHAPE), ((*path, "deep", "api_key"), BY_NAME)]
    return given


def told(error: ConfigError) -> str:
    text = f"{error} {error.message} {error.hint} {error!r}"
    assert REFUSED in text and not any(word in text for word in (BY_NAME, BY_SHAPE)), text
    assert ("\n" not in error.message and "_KEY" in text) or "HF_TOKEN" in text, text
    return text


@pytest.mark.parametrize("path", PLACES, ids=".".join)
def test_every_place_of_the_schema_refuses_a_secret(path):
    """On the command line, for one arm, in the file itself, and in an arm's and a scale's list."""
    for where, secret in planted(path):
        key = ".".join(where)
        for word in (f"{key}={secret}", f"arms.greedy.{key}={secret}", f"{key}=a,{secret}"):
            with pytest.raises(ConfigError, match="command line: ") as error:
                compose("fsd_gsm8k", [word])
            assert key in told(error.value)
        for changes in (
            {path[0]: nested(where[1:], secret)},
            {"arms": {"greedy": [f"{key}={secret}"]}},
            {"scales": {"tiny": [f"{key}={secret}"]}},
        ):
            file = recipe("mine", **{**RECIPE, **changes})
            with pytest.raises(ConfigError, match=r"mine\.yaml:\d+: ") as error:
                compose(str(file))
            assert where[-1] in told(error.value)


@pytest.mark.parametrize("word", [*WORDS, "deviations", "evidence", "stages", "references"])
def test_every_word_of_a_recipe_refuses_one(word, here):
    values = {
        "deviations": [f"we took {BY_SHAPE}"],
        "evidence": {"sampler.gamma": {"grade": "paper", "where": BY_SHAPE}},
        "stages": {"generate": {**DECODE, "settings": {"hub_token": BY_NAME}}},
        "references": {"greedy": BY_SHAPE},
    }
    file = recipe("mine")
    given = {**RECIPE, word: values.get(word, f"of {BY_SHAPE}")}
    file.write_text(yaml.safe_dump(given, sort_keys=False))
    with pytest.raises(ConfigError, match=r"mine\.yaml:\d+: ") as error:
        compose(str(file))
    told(error.value)


def test_a_group_s_file_is_held_to_it_and_so_is_what_is_put_together(here):
    folder = here / "_groups" / "engine"
    folder.mkdir(parents=True)
    (folder / "mine.yaml").write_text(f"kind: openai\noptions: {{a: {{hf_token: {BY_NAME}}}}}\n")
    file = recipe("mine").resolve()
    with pytest.raises(ConfigError, match=r"mine\.yaml:\d+: engine\.options\.a\.hf_token") as error:
        compose(str(file), ["engine=mine"])
    told(error.value)
    (folder / "wrong.yaml").write_text(f"kind: openai\nkey_env: {BY_NAME}\n")
    with pytest.raises(ConfigError, match=r"wrong\.yaml:2: engine\.key_env") as error:
        compose(str(file), ["engine=wrong"])
    told(error.value)
    whole = "engine.options.b=${engine.options.a}" + BY_SHAPE[8:]
    parts = ["engine=openai", f"engine.options.a={BY_SHAPE[:8]}", whole]
    with pytest.raises(ConfigError, match=r"options\.b ") as error:
        compose(str(file), parts)
    told(error.value)


def test_a_specification_made_by_hand_is_held_to_it(here):
    """Every text and mapping of it, by the Python API too."""
    plain = compose(str(recipe("mine"))).model_dump()
    tried = 0
    for path, kind in fields(RunSpec):
        if path == ("source",):
            continue
        path = tuple("greedy" if path[0] == "arms" and at == 1 else n for at, n in enumerate(path))
        secret: Any = {"x": {"api_key": BY_NAME}} if holds(kind, dict) else BY_SHAPE
        held = json.loads(json.dumps(plain))
        inner = held
        for name in path[:-1]:
            if isinstance(inner, list):
                break
            inner[name] = inner.get(name) or {}
            inner = inner[name]
        if not isinstance(inner, dict):
            continue
        inner[path[-1]] = [secret] if holds(kind, tuple) and not holds(kind, dict) else secret
        try:
            spec = RunSpec.model_validate(held)
        except ValidationError:
            continue  # an enumeration, or a text with a pattern
        tried += 1
        for call in (llmx.plan, llmx.run):
            with pytest.raises(ConfigError) as error:
                call(spec, runs=here / "made")
            told(error.value)
    assert tried > 20 and not (here / "made").exists()


def written(folder: Path) -> bytes:
    found = [path for path in folder.rglob("*") if path.is_file()]
    return b"".join(path.read_bytes() + str(path).encode() for path in found)


def test_no_verb_writes_or_repeats_what_it_refuses(here, llmx, run):
    file = recipe("mine")
    header = "engine.options.extra_headers.Authorization"
    for word in (f"{header}={BY_NAME}", f"engine.script={BY_SHAPE}",
                 f"engine.key_env={BY_SHAPE}", f"engine.options={{deploy_token:{BY_NAME},,}}",
                 f"engine.key_env={BY_NAME}"):  # fmt: skip
        for done in (
            run("mine", word) if "script" not in word else run("mine", f"data.system={BY_SHAPE}"),
            llmx("run", "recipe=mine", "--recipes", ".", "--dry-run", "--runs", "runs", word),
            llmx("serve", "recipe=mine", "--recipes", ".", "--port", "0", word),
        ):
            refused(done)
            assert BY_NAME not in done.output and BY_SHAPE not in done.output
    plain = file.read_text()
    for own in (f"engine: {{options: {{hf_token: {BY_NAME}}}}}", f"description: {BY_SHAPE}",
                f"engine: {{options: {{api_key: {BY_NAME}}}", f"{BY_SHAPE}: 1"):  # fmt: skip
        file.write_text(plain.replace("description: of a stranger\n", "") + own + "\n")
        for verb in (("validate", "mine.yaml"), ("describe", "mine.yaml"), ("run", "recipe=mine"),
                     ("list",)):  # fmt: skip
            done = llmx(*verb, "--recipes", ".")
            assert BY_NAME not in done.output and BY_SHAPE not in done.output, verb
    file.unlink()
    for folder in (here, user_cache.folder()):
        assert BY_NAME.encode() not in written(folder) and BY_SHAPE.encode() not in written(folder)
    assert not (here / "runs").exists()


def below(pid: int) -> Iterator[int]:
    """Yield the processes that a process has started, and theirs."""
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in map(int, (task / "children").read_text().split()):
                yield child
                yield from below(child)
    except (OSError, ValueError):
        return


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="no /proc")
def test_a_run_with_children_keeps_the_keys_of_the_environment_to_itself(here):
    """Its arguments, output, run folder and caches hold none, in whatever process they are."""
    greedy = [f"engine.script={SCRIPT}", "engine.kind=scripted", "sampler=greedy"]
    recipe("mine", arms={"a": greedy, "b": [*greedy, "seed=2"]})
    env = {**os.environ, "OPENAI_API_KEY": BY_SHAPE, "HF_TOKEN": BY_NAME, "LLMX_CACHE": "cached"}
    command = [sys.executable, "-m", "llmx", "run", "recipe=mine", "--recipes", ".", "scale=smoke",
               "--runs", "runs", "--workers", "2", "--quiet"]  # fmt: skip
    started = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    seen: set[bytes] = set()
    while started.poll() is None:
        for pid in list(below(started.pid)):
            try:
                seen.add(Path(f"/proc/{pid}/cmdline").read_bytes())
            except OSError:
                continue
        time.sleep(0.02)
    assert started.stdout is not None
    output = started.stdout.read()
    assert started.returncode == 0, output
    assert any(b"llmx.graph.worker" in line for line in seen), seen
    everything = b"".join(seen) + output + written(here)
    assert BY_SHAPE.encode() not in everything and BY_NAME.encode() not in everything
    assert len(list(here.glob("runs/*/manifest.json"))) == 1


FAKE = """#!/bin/sh
tr '\\0' ' ' < /proc/$$/cmdline > "$0.arguments"
cat > "$0.input"
mv "$0.input" "$0.given"
"""


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="no /proc")
def test_a_vllm_server_gets_its_settings_by_a_pipe(here):
    python = here / "python"
    python.write_text(FAKE)
    python.chmod(python.stat().st_mode | stat.S_IXUSR)
    server = VllmServer(
        python, 1, {"settings": {"model": "m", "note": BY_NAME}, "server": {"a": 1}}
    )
    server._process.wait(20)
    server.close()
    given = json.loads(Path(f"{python}.given").read_text())
    assert given["settings"] == {"model": "m", "note": BY_NAME} and given["server"]["a"] == 1
    arguments = Path(f"{python}.arguments").read_text()
    assert "llmx.engines.vllm_server.serve" in arguments
    assert BY_NAME not in arguments and "settings" not in arguments


def test_a_vllm_server_that_has_ended_takes_no_settings_and_breaks_nothing(here):
    server = VllmServer(Path("/bin/true"), 1, {"settings": {"note": "x" * (1 << 20)}})
    server.close()


def test_a_vllm_server_reads_them_from_there(monkeypatch):
    seen: list[list[str]] = []
    module = types.ModuleType("vllm.entrypoints.cli.main")
    module.main = lambda: seen.append(list(sys.argv))  # type: ignore[attr-defined]
    for name in ("vllm", "vllm.entrypoints", "vllm.entrypoints.cli"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(serve, "engine_arguments", lambda settings: None)
    monkeypatch.setattr(serve, "on_a_processor", dict)
    monkeypatch.setattr(serve.metadata, "version", serve.metadata.version)
    monkeypatch.setattr(sys, "argv", ["serve"])
    given = {"settings": {"model": "m", "seed": 1}, "server": {"port": 5}}
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(given)))
    serve.main()
    assert seen == [["vllm", "serve", "m", "--seed", "1", "--port", "5"]]


STARTED = {
    ("engines/native/build.py", "command"),  # compiler, flags and files of llmx's own
    ("cluster/slurm.py", "words"),  # of Slurm: numbers of jobs, paths of scripts
    ("cluster/worker.py", "words"),  # this host's name
    ("core/templates/guarded.py", "command"),  # a number of seconds
    ("engines/vllm/process.py", "[str(python), '-m', 'llmx.engines.vllm_worker']"),
    ("engines/vllm_server/server.py", "[str(python), '-m', 'llmx.engines.vllm_server.serve']"),
    ("graph/environment.py", "command"),  # git status
    ("engines/vllm/found.py", "[str(python), '-c', _ASK]"),
    ("graph/workers.py", "_command(spec, cache)"),  # paths, a process id
    ("sandbox/found.py", "[path, '--version']"),
    # what a model wrote; policy and environment go through a file that is closed again
    ("sandbox/launch.py", "[*watched(life, gone, inherited), *line, *inside(entry, command)]"),
    ("sandbox/redteam.py", "[mark, '600']"),  # a copy of `sleep`
    ("store/machine.py", "command"),  # nvidia-smi
    ("train/course/launch.py", "_command(path, about)"),  # paths
}


def test_no_other_process_is_started_with_settings_as_arguments():
    """Commands are made of programs, paths and numbers; whoever adds one looks at it here."""
    starts = {"subprocess.Popen", "subprocess.run", "subprocess.check_output", "subprocess.call"}
    found = {
        (file, ast.unparse(node.args[0]))
        for file, path in FILES.items()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in starts
    }
    assert found == STARTED


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        (["run", "engine.api_key=x"], ["run", "engine.api_key=…"]),
        (["a.extra_headers.Authorization.b=x"], ["a.extra_headers.Authorization.b=…"]),
        (["--hub-token", "x", "y"], ["--hub-token", "…", "y"]),
        (["--hub-token=x"], ["--hub-token=…"]),
        (["--api-key", "--port"], ["--api-key", "--port"]),
        (["recipe=x", f"a={BY_SHAPE}"], ["recipe=x", "a=…"]),
        (["engine.options.api_key=null"], ["engine.options.api_key=null"]),
        (
            ["sampler.max_tokens=5", "engine.key_env=A"],
            ["sampler.max_tokens=5", "engine.key_env=A"],
        ),
    ],
)
def test_words_that_are_shown_or_kept_hold_none(words, kept):
    assert without_secrets(words) == kept
