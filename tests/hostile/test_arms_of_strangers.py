"""A file may set by an arm, a scale or a pattern what it may set at the stage, and no more."""

from pathlib import Path

import pytest
from recipes_of_strangers import ARMS, stranger
from typer.testing import CliRunner

from llmx.cli.app import app
from llmx.config.compose import compose
from llmx.core.errors import ConfigError

TRAINING = """\
stages:
  corpus: {kind: corpus, over: recipe}
  sft:
    kind: sft
    needs: [corpus]
    accelerate: null
    trackers: null
    lora: null
    settings: {max_steps: 1, optim: adamw_torch}
  generate: {kind: decode}
"""
ARM = "arms:\n  greedy: [sampler=greedy, {line}]\n"
HARMFUL = {
    "stages.sft.accelerate=./evil.yaml": "accelerate's own file says what it starts",
    "stages.sft.settings.optim=evil.module": "not among the settings",
    "stages.sft.settings.hub_model_id=evil/upload": "not among the settings",
    "'stages.sft.settings={deepspeed: evil.json}'": "not among the settings",
    "'stages.sft.lora={megatron_core: evil.core}'": "not among the settings",
}


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "away").mkdir()
    monkeypatch.chdir(tmp_path / "away")
    monkeypatch.setenv("LLMX_CONFIG", str(tmp_path / "away" / "config"))
    monkeypatch.setenv("COLUMNS", "300")


def sent(folder: Path, line: str = "") -> Path:
    arms = ARM.format(line=line) if line else ARMS
    return stranger(folder, engine="hf", stages=TRAINING, arms=arms)


@pytest.mark.parametrize("line", HARMFUL)
def test_an_arm_of_a_file_sets_nothing_that_a_stage_may_not(tmp_path: Path, line: str) -> None:
    with pytest.raises(ConfigError, match=HARMFUL[line]) as caught:
        compose(str(sent(tmp_path, line)))
    assert "arm greedy (" in str(caught.value) and "stranger.yaml:" in str(caught.value)


@pytest.mark.parametrize("line", [line for line in HARMFUL if "{" not in line])
def test_listing_says_what_an_arm_asks_for(tmp_path: Path, line: str) -> None:
    path = sent(tmp_path, line)
    for words in (["list", "--recipes", str(path.parent)], ["describe", str(path)]):
        done = CliRunner().invoke(app, words)
        said = " ".join(done.output.split())  # a table breaks its lines
        assert done.exit_code == 0 and f"{line.partition('=')[0]}: refused: " in said


def test_harmless_settings_of_an_arm_are_listed_as_nothing(tmp_path: Path) -> None:
    path = sent(tmp_path, "stages.sft.settings.learning_rate=1e-4, stages.sft.settings.bf16=true")
    done = CliRunner().invoke(app, ["describe", str(path)])
    assert "outside of llmx" not in done.output
    assert compose(str(path)).arms["greedy"].stages["sft"] == {
        "settings.learning_rate": 1e-4, "settings.bf16": True
    }  # fmt: skip


# What nobody may set, whoever types it: a model is published by hand, and accelerate has a file.
NOBODYS = ("hub_model_id", "deepspeed")


@pytest.mark.parametrize("arm", ["greedy", "*", "gr*"])
@pytest.mark.parametrize("line", [one for one in HARMFUL if not any(n in one for n in NOBODYS)])
def test_what_the_user_types_is_his(tmp_path: Path, line: str, arm: str) -> None:
    (found,) = compose(str(sent(tmp_path)), [f"arms.{arm}.{line.strip(chr(39))}"]).arms.values()
    assert len(found.stages["sft"]) == 1


def test_what_the_user_types_for_all_arms_stays_his_in_each(tmp_path: Path) -> None:
    path = sent(tmp_path, "stages.sft.settings.learning_rate=1e-4")
    spec = compose(str(path), ["stages.sft.settings.optim=evil.module"])
    assert spec.stages[1].of_arm(spec.arms["greedy"]).options["settings"]["optim"] == "evil.module"


def test_a_typed_option_covers_no_other_that_a_file_sets(tmp_path: Path) -> None:
    path = sent(tmp_path, "stages.sft.settings.optim=evil.module")
    with pytest.raises(ConfigError, match=r"settings\.optim: not among"):
        compose(str(path), ["arms.greedy.stages.sft.settings.max_steps=2"])


@pytest.mark.parametrize("by", ["file", "user"])
def test_a_tracker_of_an_arm_is_a_destination(tmp_path: Path, by: str) -> None:
    path, words = sent(tmp_path), ["arms.greedy.stages.sft.trackers=[wandb]"]
    if by == "file":
        path, words = sent(tmp_path, "'stages.sft.trackers=[wandb]'"), []
    (found,) = compose(str(path), words).destinations
    assert (found.what, found.url, found.address_by) == ("tracker", "wandb", by)


SECRETS = ["stages.sft.settings.hub_token=abc", "'stages.sft.settings={hub_token: abc}'"]


@pytest.mark.parametrize("line", SECRETS)
def test_an_arm_holds_no_key(tmp_path: Path, line: str) -> None:
    with pytest.raises(ConfigError, match="looks like a secret") as caught:
        compose(str(sent(tmp_path, line)))
    assert "abc" not in str(caught.value)
    with pytest.raises(ConfigError, match="looks like a secret") as caught:
        compose(str(sent(tmp_path)), [f"arms.gr*.{line.strip(chr(39))}"])
    assert "abc" not in str(caught.value)
