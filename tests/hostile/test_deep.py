"""Nested without end, numbers of thousands of digits, odd types: one line, in a plan too."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from strangers import RECIPE, header, model, nested, recipe, recipe_and, refused
from typer.testing import Result

from llmx.config.problems import Problems
from llmx.config.recipe import KEYS
from llmx.config.recipe import parse as read_recipe
from llmx.config.stages import resolve_stages
from llmx.config.yaml_file import _parse
from llmx.core.errors import ConfigError
from llmx.core.json_text import DEEPEST, parse

Command = Callable[..., Result]
DIGITS = "9" * 5000
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
)

TEXTS = {
    "mappings": nested(100_000),
    "lists": nested(100_000, lists=True),
    "one level too many": nested(DEEPEST + 2, lists=True),
    "unclosed": "[" * 100_000,
    "digits": DIGITS,
    "digits inside": '{"a": [-' + DIGITS + "]}",
    "half a character": r'{"a": "\ud83d"}',
    "the other half": r'["\uDE00"]',
    "NUL": "\0",
    "nothing": "",
    "two": "1 2",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("kind", [str, str.encode])
def test_no_json_that_can_be_worked_with(text: str, kind: Callable[[str], Any]) -> None:
    with pytest.raises(ValueError) as caught:
        parse(kind(text))
    assert "\n" not in str(caught.value) and "sys." not in str(caught.value)


BYTES = {
    "half a character as it stands": b'["\xed\xa0\xbd"]',
    "both halves as they stand": b'["\xed\xa0\xbd\xed\xb8\x80"]',
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "UTF-32": '{"a": 1}'.encode("utf-32-le"),
    "no UTF-8": b'["\xff"]',
}


@pytest.mark.parametrize("raw", BYTES.values(), ids=BYTES)
@pytest.mark.parametrize("kind", [bytes, bytearray])
def test_bytes_that_are_no_utf_8(raw: bytes, kind: Callable[[bytes], bytes]) -> None:
    with pytest.raises(ValueError) as caught:
        parse(kind(raw))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["NaN", "[-Infinity]", '{"a": Infinity}'])
def test_what_python_calls_a_number_is_read_where_python_wrote_it(text: str) -> None:
    assert repr(parse(text)) == repr(json.loads(text))
    with pytest.raises(ValueError, match="no number of JSON"):
        parse(text, strict=True)
    assert parse(f'["{text[:1]}"]'.encode(), strict=True) == [text[:1]]


@given(ANY)
def test_other_json_is_what_python_says(value: object) -> None:
    for text in (json.dumps(value), json.dumps(value, ensure_ascii=False)):
        try:
            assert parse(text) == json.loads(text) == parse(text.encode())
        except (ValueError, UnicodeEncodeError):
            with pytest.raises(UnicodeEncodeError):
                json.dumps(value, ensure_ascii=False).encode()


def test_as_deep_as_it_may_be_and_many_beside_one_another() -> None:
    assert parse(nested(DEEPEST, lists=True)) == json.loads(nested(DEEPEST, lists=True))
    assert parse(json.dumps([[]] * 1000)) == [[]] * 1000
    assert parse(r'"\ud83d\ude00"') == "😀"


# id, what stands below a recipe, its line (from the end of the usual lines), what is said
LINES: dict[str, tuple[str, str]] = {
    "lists": ("x: " + "[" * 50_000 + "]" * 50_000, "nest"),
    "mappings": ("x: " + "{a: " * 900 + "1" + "}" * 900, "nested more than"),
    "a list a level": ("x:\n  " + "- " * 500 + "a", "nested more than"),
    "a line a level": ("\n".join(" " * at + "x:" for at in range(3000)), "nested more than"),
    "seed": (f"seed: {DIGITS}", "int"),
    "a shorter seed": (f"seed: {DIGITS[:4000]}", "too many digits"),
    "seed in base 16": ("seed: 0x" + "f" * 9000, "too many digits"),
    "seed in base 2": ("seed: 0b" + "1" * 90_000, "too many digits"),
    "seed in base 60": ("seed: " + ":".join(["1"] * 5000), "too many digits"),
    "a number of a section": (f"sampler: {{gamma: {DIGITS[:4000]}}}", "too many digits"),
    "infinite": ("sampler: {algorithm: target, temperature: 1e999}", "finite"),
    "code": ("x: !!python/object:os.system a", "constructor"),
    "no number": ("seed: !!int x", "int"),
    "no float": ("seed: !!float x", "float"),
    "no truth": ("seed: !!bool x", "bool"),
    "no day": ("seed: !!timestamp 99999-99-99", "timestamp"),
    "no pairs": ("x: !!omap [a]", "mapping"),
    "a key of bytes": ('!!binary "aa": 1', "not text"),
    "a merge": ("<<: [1]", "not text"),
    "a key that is a list": ("? [a]\n: 1", "not text"),
    "half a character": ('x: "\\ud800"', "Unicode"),
    "a reference that is a list": ("references: {greedy: [a]}", "not an arm"),
    "evidence that is a list": ("evidence: {a: {grade: [x]}}", "evidence"),
    "a choice that is none": ('model: {target: "${"}', "resolve"),
    "a choice of itself": ('model: {target: "${model.target}"}', "resolve"),
}


@pytest.mark.parametrize(("text", "said"), LINES.values(), ids=LINES)
def test_a_line_of_a_recipe(run: Command, text: str, said: str) -> None:
    recipe_and("stranger", f"{text}\n")
    refused(run("stranger", "--dry-run"), "stranger.yaml:", said)


WORDS = {
    "seed": f"seed={DIGITS}",
    "a shorter seed": f"seed={DIGITS[:4000]}",
    "lists": "sampler.stop=" + "[" * 500 + "]" * 500,
    "few lists": "engine.options.x=" + "[" * 60 + "]" * 60,
    "many lists": "sampler.stop=" + "[" * 20_000 + "]" * 20_000,
    "mappings": "engine.options=" + "{a:" * 100 + "1" + "}" * 100,
}


@pytest.mark.parametrize("word", WORDS.values(), ids=WORDS)
def test_a_word_of_a_command(run: Command, word: str) -> None:
    recipe("stranger")
    done = run("stranger", "--dry-run", word)
    refused(done, "command line")
    assert len(done.stderr) < 1000


@pytest.mark.parametrize("word", WORDS.values(), ids=WORDS)
def test_a_word_of_an_arm(run: Command, word: str) -> None:
    recipe("stranger", arms={"greedy": ["sampler=greedy", word]})
    refused(run("stranger", "--dry-run"), "stranger.yaml:", "arm greedy")


@pytest.mark.parametrize("scorer", [["gsm"], {"gsm": 1}, 3, True])
def test_a_scorer_of_another_type(run: Command, scorer: object) -> None:
    recipe("stranger", stages={"score": {"kind": "score", "scorer": scorer}})
    refused(run("stranger", "--dry-run"), "stages.score.scorer is", "write a text")


def config(**changes: object) -> str:
    shape = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 1}
    return json.dumps({"model_type": "llama", **shape, **changes})


INDEX = "model__safetensors__index__json"
MODELS: dict[str, dict[str, str | bytes]] = {
    "deep settings": {"config__json": nested(100_000)},
    "deep lists": {"config__json": config(x=json.loads(nested(70, lists=True)))},
    "a list of settings": {"config__json": "[]"},
    "digits": {"config__json": f'{{"num_hidden_layers": {DIGITS}}}'},
    "fewer digits": {"config__json": config(num_hidden_layers=int(DIGITS[:4000]))},
    "infinite": {"config__json": config(hidden_size=float("inf"))},
    "negative": {"config__json": config(hidden_size=-4)},
    "text": {"config__json": config(vocab_size="many")},
    "list": {"config__json": config(intermediate_size=[4])},
    "mapping": {"config__json": config(head_dim={"a": 1})},
    "NUL": {"config__json": b"\0\0"},
    "no UTF-8": {"config__json": b"\xff\xfe\xfa"},
    "a deep header": {"model__safetensors": header(nested(100_000))},
    "a list of weights": {"model__safetensors": header("[]")},
    "a weight that is text": {"model__safetensors": header('{"a":"b"}')},
    "a shape of text": {"model__safetensors": header('{"a":{"shape":["x"]}}')},
    "an infinite shape": {"model__safetensors": header('{"a":{"shape":[1e400]}}')},
    "a negative shape": {"model__safetensors": header('{"a":{"shape":[-1]}}')},
    "a shape that is none": {"model__safetensors": header('{"a":{"shape":7}}')},
    "a shape of digits": {"model__safetensors": header(f'{{"a":{{"shape":[{DIGITS}]}}}}')},
    "an empty file": {"model__safetensors": b""},
    "a short file": {"model__safetensors": b"abc"},
    "a long header": {"model__safetensors": (2**62).to_bytes(8, "little") + b"{}"},
    "a list of files": {INDEX: "[]"},
    "files elsewhere": {INDEX: '{"weight_map":{"a":"../../x"}}'},
    "files at the root": {INDEX: '{"weight_map":{"a":"/etc/passwd"}}'},
    "files of no name": {INDEX: r'{"weight_map":{"a":"a\u0000b"}}'},
    "files that are numbers": {INDEX: '{"weight_map":{"a":3}}'},
    "files in a list": {INDEX: '{"weight_map":["a"]}'},
    "a deep list of files": {INDEX: nested(100_000)},
    "a deep tokenizer": {"tokenizer__json": nested(100_000)},
    "half a tokenizer": {"tokenizer__json": "{"},
    "deep settings of it": {"tokenizer_config__json": nested(100_000)},
    "digits of it": {"tokenizer_config__json": f'{{"model_max_length": {DIGITS}}}'},
    "its settings in a list": {"tokenizer_config__json": "[]"},
    "deep special tokens": {"special_tokens_map__json": nested(100_000)},
    "deep added tokens": {"added_tokens__json": nested(100_000)},
    "deep settings of answers": {"generation_config__json": nested(100_000)},
    "answers in a list": {"generation_config__json": "[]"},
}


@pytest.mark.parametrize("files", MODELS.values(), ids=MODELS)
def test_a_model(llmx: Command, here: Path, files: dict[str, str | bytes]) -> None:
    model(here / "m", **files)
    recipe("stranger", model={"target": "./m", "draft": None})
    words = ("recipe=./stranger.yaml", "engine.kernel=torch", "scale=smoke", "--runs", "runs")
    refused(llmx("run", *words, "--dry-run"), "m")
    assert not Path("runs").exists()


def test_a_plain_model_is_planned(llmx: Command, here: Path) -> None:
    """Otherwise the refusals above could be of the folder that they start from."""
    model(here / "m")
    recipe("stranger", model={"target": "./m", "draft": None})
    words = ("recipe=./stranger.yaml", "engine.kernel=torch", "scale=smoke", "--runs", "runs")
    done = llmx("run", *words, "--dry-run")
    assert done.exit_code == 0, done.output


SHAPES = {
    "a rope that is text": {"rope_scaling": "x"},
    "a rope in a list": {"rope_parameters": [1]},
    "a theta that is text": {"rope_theta": "x"},
    "an eps in a list": {"rms_norm_eps": []},
    "no heads": {"num_attention_heads": 0},
    "infinite heads": {"num_attention_heads": float("inf")},
    "heads in a list": {"num_key_value_heads": [1]},
}


@pytest.mark.parametrize("changes", SHAPES.values(), ids=SHAPES)
def test_a_shape_that_the_compiled_forward_cannot_know(
    tmp_path: Path, changes: dict[str, object]
) -> None:
    from llmx.core.errors import EngineError
    from llmx.engines.native.weights import native_shape

    text = config(architectures=["LlamaForCausalLM"], intermediate_size=32, vocab_size=9, **changes)
    folder = model(tmp_path / "m", config__json=text)
    try:
        found = native_shape(folder)
    except EngineError:
        return
    assert found is None or "theta" in str(changes)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_script(run: Command, here: Path, text: str) -> None:
    recipe("stranger")
    (here / "answers.json").write_text(text)
    refused(run("stranger", "--quiet"), "answers.json")


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("name", ["rows.json", "rows.jsonl"])
def test_a_dataset(here: Path, name: str, text: str) -> None:
    from llmx.core.errors import DataError
    from llmx.data.local import json_rows

    (here / name).write_text(text)
    with pytest.raises(DataError) as caught:
        json_rows(Path(name))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("verb", [["report", "r"], ["compare", "r"], ["report", "runs/r"]])
def test_a_run_of_a_stranger(llmx: Command, text: str, verb: list[str]) -> None:
    folder = Path("runs", "r")
    folder.mkdir(parents=True)
    for name in ("spec.json", "manifest.json", "results.json"):
        (folder / name).write_text(text)
    refused(llmx(*verb, "--runs", "runs"), "r")


@pytest.mark.parametrize(
    "target", ["/" + "a" * 5000, "a" * 5000, "a\0b", "./" + "a" * 300, "zoo:" + "a" * 300, "~a/b"]
)
def test_an_address_that_no_file_can_have(run: Command, target: str) -> None:
    recipe("stranger", model={"target": target, "draft": None})
    refused(run("stranger", "--dry-run"))


@given(st.data())
def test_a_section_of_anything(data: st.DataObject) -> None:
    """Whatever stands in a recipe: it is read, or its problems are said."""
    key, value = data.draw(st.sampled_from(KEYS)), data.draw(ANY)
    text = yaml.safe_dump({**RECIPE, key: value}, allow_unicode=True)
    problems = Problems()
    try:
        document = _parse(Path("x.yaml"), text.encode("utf-8", "replace"))
        resolve_stages(read_recipe(document, "", problems), (), problems)
        problems.raise_any()
    except ConfigError as error:
        assert str(error)
