"""A file, a folder or an address where a choice of a group belongs: the line says what to type."""

import shlex

import pytest

from llmx.config.choices import FILES, choice_hint
from llmx.config.compose import compose
from llmx.config.edge import parse_override
from llmx.core.errors import ConfigError

ODD = ["mine", "./x y", "a,b", 'o\'n "m"', "[q]", "é/f", "~/runs of mine/q", "$HOME", "x=1", "a\\b"]


@pytest.mark.parametrize("ending", FILES)
@pytest.mark.parametrize("stem", ODD)
def test_what_is_to_be_typed_for_a_file_is_read_as_that_file(stem: str, ending: str) -> None:
    path = f"{stem}{ending}"
    hint = choice_hint("data", path, ["jsonl", "csv"])
    typed, _, other = hint.removeprefix("write ").partition(", or `")
    kind, own = shlex.split(typed)
    assert kind == f"data={FILES[ending]}"
    assert parse_override(own, "here").values == (path,)
    assert shlex.split(other.rstrip("`")) == ["llmx", "eval", "MODEL", path]


@pytest.mark.parametrize("name", ["./folder", "~/m", "OWNER/NAME", "zoo:gsm_target", "m.gguf"])
def test_a_model_is_its_target(name: str) -> None:
    hint = choice_hint("model", name, ["zoo_gsm"])
    assert hint == f"write model.target={name}"
    assert parse_override(hint.split()[1], "here").values == (name,)


@pytest.mark.parametrize(
    ("group", "choice", "says"),
    [
        ("data", "./folder", "write data=KIND data.options.path=./folder, KIND one of jsonl, csv"),
        ("engine", "https://HOST/v1", "write engine=openai engine.base_url=https://HOST/v1"),
        ("data", "jsnl", "did you mean jsonl?"),
        ("data", "", "known choices of data: csv, jsonl"),
        ("model", "zoo_gms", "did you mean"),
        ("model", "", "known choices of model"),
        ("engine", "./x", "known choices of engine"),
        ("sampler", "x.jsonl", "known choices of sampler"),
    ],
)
def test_other_words(group: str, choice: str, says: str) -> None:
    known = {"data": ["csv", "jsonl"], "model": ["zoo_gsm"]}.get(group, ["qq"])
    assert choice_hint(group, choice, known).startswith(says)


def test_a_folder_that_is_there_is_one_without_a_slash(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "target" not in choice_hint("model", "weights", ["zoo_gsm"])
    (tmp_path / "weights").mkdir()
    assert choice_hint("model", "weights", ["zoo_gsm"]) == "write model.target=weights"


@pytest.mark.parametrize(
    "words",
    [
        ["data=mine.jsonl"],
        ["data=./x.csv"],
        ["model=./folder"],
        ["engine=http://127.0.0.1:1/v1"],
        ["data=jsonl,./x.csv"],
    ],
    ids=str,
)
def test_the_command_line_says_so(words: list[str]) -> None:
    with pytest.raises(ConfigError, match=r"^command line: there is no .* \(write ") as error:
        compose("gsm_answers", words)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("typed", "place"),
    [
        ("stages.score.scorer_options.tol=1", "command line: "),
        ("stages.score.scorer_options.tolerance=x", "command line: "),
        ("stages.score.scorer_options={tol: 1}", "command line: "),
        ("arms.greedy.stages.score.scorer_options.tol=1", "command line, arm greedy: "),
    ],
)
def test_a_wrong_option_of_a_scorer_stands_where_it_was_typed(typed: str, place: str) -> None:
    with pytest.raises(ConfigError) as error:
        compose("gsm_answers", ["stages.score.scorer=numeric", typed])
    assert str(error.value).startswith(f"{place}stages.score.scorer_options: ")


def test_and_that_of_a_file_in_the_file(write) -> None:
    text = """\
defaults:
  - override /model: zoo_gsm
  - override /data: gsm_symbolic
name: small
stages:
  generate: {kind: decode, over: arm}
  score:
    kind: score
    needs: [generate]
    scorer: numeric
    scorer_options: {tol: 1}
arms:
  one: [sampler=target]
"""
    with pytest.raises(ConfigError, match=r"small\.yaml:11: stages\.score\.scorer_options: "):
        compose(str(write(text)), [])
