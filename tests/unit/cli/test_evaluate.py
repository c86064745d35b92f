"""``llmx eval``: which words are models, questions and settings, and what they become."""

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from llmx.cli.evaluate import asked
from llmx.config.choices import FILES
from llmx.config.edge import parse_override
from llmx.core.errors import ConfigError

Llmx = Callable[..., Result]


def values(*overrides: str) -> dict[str, object]:
    """Return what the command line makes of overrides: one value, or several of a sweep."""
    read = [parse_override(text, "here") for text in overrides]
    return {one.key: one.values if one.sweep else one.values[0] for one in read}


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["./m", "q.jsonl"], {"data": "jsonl", "model.target": "./m", "path": "q.jsonl"}),
        (["q.csv", "./m"], {"data": "csv", "model.target": "./m", "path": "q.csv"}),
        (["m", "a b/q.TSV"], {"data": "csv", "model.target": "m", "path": "a b/q.TSV"}),
        (["m", "q.parquet"], {"data": "parquet", "model.target": "m", "path": "q.parquet"}),
        (["a", "b", "q.json"], {"data": "jsonl", "model.target": ("a", "b"), "path": "q.json"}),
        (["m", "data=gsm8k"], {"data": "gsm8k", "model.target": "m"}),
        (["model=zoo_gsm", "q.csv"], {"data": "csv", "model": "zoo_gsm", "path": "q.csv"}),
        (["model.target=m", "q.csv"], {"data": "csv", "model.target": "m", "path": "q.csv"}),
        (['o\'n "m"\\', "q.csv"], {"data": "csv", "model.target": 'o\'n "m"\\', "path": "q.csv"}),
        (["a,b", "q.csv"], {"data": "csv", "model.target": "a,b", "path": "q.csv"}),
        (["~/m", "[q].csv"], {"data": "csv", "model.target": "~/m", "path": "[q].csv"}),
        (["m:1", "Fragen für é.csv"], {"model.target": "m:1", "path": "Fragen für é.csv"}),
    ],
    ids=str,
)
def test_words(words: list[str], meant: dict[str, object]) -> None:
    found = values(*asked(words, None, {}))
    found = {key.removeprefix("data.options."): value for key, value in found.items()}
    assert found == {"data": "csv", **meant}


def test_a_path_that_holds_an_equals_sign_is_a_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("lr=3").mkdir()
    found = values(*asked(["lr=3", "q.jsonl", "seed=3"], None, {}))
    assert (found["model.target"], found["seed"]) == ("lr=3", 3)


def test_a_file_of_another_kind_is_no_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("mine.txt", "weights.GGUF", "q.csv"):
        Path(name).touch()
    with pytest.raises(ConfigError, match=r"mine\.txt is no model"):
        asked(["./m", "mine.txt"], None, {})
    assert values(*asked(["weights.GGUF", "q.csv"], None, {}))["model.target"] == "weights.GGUF"


TEXTS = ["Answer with one word.", "a, b = c", "'", '"', "\\", "\n", "{x}", "[1,2]", "é\u2028", "  "]


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_arrives_as_it_was_typed(text: str) -> None:
    given = {"data.instruction": text, "sampler.max_tokens": 7}
    found = values(*asked(["m", "q.csv"], "hf", given))
    assert found["data.instruction"] == text
    assert (found["sampler.max_tokens"], found["engine"]) == (7, "hf")


def test_a_setting_that_is_typed_stands_behind_flags() -> None:
    assert asked(["seed=1", "m", "q.csv", "scale=smoke"], None, {})[-2:] == [
        "seed=1",
        "scale=smoke",
    ]


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ([], "which model"),
        (["q.csv"], "which model"),
        (["data=gsm8k"], "which model"),
        (["m"], "llmx eval m FILE"),
        (["m", "seed=1"], "which questions"),
        (["m", "a.csv", "b.jsonl"], "two files of questions: a.csv, b.jsonl"),
    ],
)
def test_what_is_missing_is_said(words: list[str], named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        asked(words, None, {})


def test_every_ending_has_a_group() -> None:
    groups = Path(__file__).parents[3] / "recipes/_groups/data"
    assert {kind for kind in FILES.values() if not (groups / f"{kind}.yaml").is_file()} == set()


def test_flags_do_what_their_settings_do(llmx: Llmx) -> None:
    words = ["zoo:gsm_target", "data=gsm_symbolic", "scale=smoke", "--dry-run"]
    by_flag = llmx("eval", *words, "--instruction", "One, two.", "--max-tokens", "9")
    assert by_flag.exit_code == 0, by_flag.output
    plain = ["data=gsm_symbolic", "model.target=zoo:gsm_target", "scale=smoke", "--dry-run"]
    settings = ["data.instruction='One, two.'", "sampler.max_tokens=9"]
    by_word = llmx("run", "recipe=evaluate", *plain, *settings)
    assert by_word.exit_code == 0, by_word.output
    assert by_flag.stdout == by_word.stdout
