"""What may be set of an arm's data, and what of its options is refused with the recipe."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from llmx.config.compose import compose
from llmx.config.places import builtin
from llmx.config.schema import EVERYWHERE
from llmx.core.errors import ConfigError

Write = Callable[..., Path]
CHOICES = sorted(path.stem for path in (builtin() / "_groups" / "data").glob("*.yaml"))
OWN = {
    **dict.fromkeys(("jsonl", "csv", "parquet", "pairs_local"), "path=mine"),
    "hub": "repository=a/b",
}
RECIPE = "stages: {generate: {kind: decode}}\ndefaults: [override /data: gsm8k]\n"


@pytest.mark.parametrize("choice", CHOICES)
def test_the_words_around_a_question_can_be_set_of_every_kind_of_data(write, choice):
    """Whether the file of the choice writes them out or not."""
    assert {"data.system", "data.preamble", "data.instruction"} == EVERYWHERE
    named = [f"data.options.{OWN[choice]}"] if choice in OWN else []
    words = [f"{key}=some_words" for key in sorted(EVERYWHERE)]
    spec = compose(str(write(RECIPE)), [f"data={choice}", *named, *words])
    (arm,) = spec.arms.values()
    assert arm.data is not None and not spec.notes
    assert {arm.data.system, arm.data.preamble, arm.data.instruction} == {"some_words"}


def test_a_recipe_and_an_arm_may_set_them_too(write):
    text = "stages: {generate: {kind: decode}}\ndefaults: [override /data: gsm8k]\n"
    text += "data: {instruction: shared}\narms: {a: [data.preamble=one], b: []}\n"
    arms = compose(str(write(text))).arms
    assert arms["a"].data.instruction == arms["b"].data.instruction == "shared"
    assert (arms["a"].data.preamble, arms["b"].data.preamble) == ("one", "")


def test_a_key_that_belongs_to_other_kinds_names_them_and_one_of_none_the_nearest(write):
    with pytest.raises(ConfigError, match=r"no arm here has data.wording.*data=gsm_symbolic"):
        compose(str(write(RECIPE)), ["data.wording=fixed"])
    with pytest.raises(ConfigError, match=r"unknown key 'data.instrction'.*data.instruction"):
        compose(str(write(RECIPE)), ["data.instrction=a"])


BAD = {
    "no file": ([], "data.options.path: no file is named", "data.options.path=FILE"),
    "no such option": (["path=a", "qestion=b"], "unknown option 'qestion' of data.options",
                       "did you mean question?"),
    "a number for a column": (["path=a", "question=3"], "data.options.question is 3", "a text"),
    "shots below none": (["path=a", "shots=-1"], "data.options.shots is -1", "0 or more"),
    "a split of nobody": (["path=a", "splits={tests:1.0}"], "data.options.splits", "test"),
    "shares above one": (["path=a", "splits={test:0.9,train:0.2}"],
                         "data.options.splits: shares add up to 1.1", "1 together"),
    "a share of nothing": (["path=a", "splits={test:0.0}"], "data.options.splits.test is 0",
                           "above 0"),
    "a number of nothing": (["path=a", "splits={test:0}"], "data.options.splits.test is 0",
                            "1 or more"),
    "shares and numbers": (["path=a", "splits={test:0.5,train:3}"],
                           "data.options.splits: mixes names, numbers and shares", "test: 0.8"),
    "a form of nobody": (["path=a", "answer_is=numbr"], "data.options.answer_is", "number"),
    "an example without a template": (["path=a", "shot=question"],
                                      "data.options.shot: is no template", "{{ question }}"),
}  # fmt: skip


@pytest.mark.parametrize(("options", "says", "hint"), BAD.values(), ids=BAD)
def test_options_are_checked_with_the_recipe(write, options, says, hint):
    words = ["data=jsonl", *(f"data.options.{option}" for option in options)]
    with pytest.raises(ConfigError, match=re.escape(says)) as error:
        compose(str(write(RECIPE)), words)
    assert len(str(error.value).splitlines()) == 1 and hint in error.value.hint


def test_all_wrong_options_are_said_at_once_with_their_places(write):
    text = RECIPE.replace("gsm8k", "csv") + "data: {options: {path: a, shots: -1}}\n"
    with pytest.raises(ConfigError) as error:
        compose(str(write(text)), ["data.options.questoin=q"])
    assert "small.yaml:3: data.options.shots is -1" in str(error.value)
    assert "command line: unknown option 'questoin'" in str(error.value)


@pytest.mark.parametrize("name", ["owner/set/more", "../set", "a b", "", "https://host/set", ".."])
def test_a_dataset_is_named_by_owner_and_name(write, name):
    words = ["data=hub", f'data.options.repository="{name}"']
    with pytest.raises(ConfigError, match=r"data\.options\.repository"):
        compose(str(write(RECIPE)), words)


def test_a_file_of_elsewhere_is_not_sent_to_a_model_unless_it_is_typed(write, tmp_path):
    private = tmp_path / "private.csv"
    private.write_text("question,answer\na,b\n")
    climbing = "../../private.csv"
    link = tmp_path / "mine" / "decode" / "link.csv"
    for named in (private, climbing, link):
        path = write(RECIPE.replace("gsm8k", "csv") + f"data: {{options: {{path: '{named}'}}}}\n")
        if not link.exists():
            link.symlink_to(private)
        if named == climbing:
            text = path.read_text().replace(climbing, str(path.parent / climbing))
            path.write_text(text)
        with pytest.raises(ConfigError, match=r"small.yaml:3: .*would be sent to the model"):
            compose(str(path))
        (arm,) = compose(str(path), [f"data.options.path={private}"]).arms.values()
        assert arm.data.options["path"] == str(private)
    beside = tmp_path / "mine" / "decode" / "mine.csv"
    path = write(RECIPE.replace("gsm8k", "csv") + f"data: {{options: {{path: {beside}}}}}\n")
    (arm,) = compose(str(path)).arms.values()
    assert arm.data.options["path"] == str(beside)
