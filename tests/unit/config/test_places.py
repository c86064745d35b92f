"""Which file a name stands for."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from llmx.config import places
from llmx.config.compose import compose
from llmx.config.index import entries
from llmx.core.errors import ConfigError

Write = Callable[..., Path]


def test_short_names_group_names_and_paths_find_one_file(write: Write) -> None:
    path = write()
    roots = places.roots([path.parent.parent])
    for name in ("small", "decode/small", str(path)):
        assert places.find(name, roots) == ("decode", path)


def test_folders_come_from_the_option_the_variable_and_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
    Path("recipes").mkdir()
    monkeypatch.setenv("LLMX_RECIPES", os.pathsep.join([str(tmp_path / "b"), str(tmp_path / "c")]))
    found = places.roots([tmp_path / "a"])
    assert [path.name for path in found[:4]] == ["a", "b", "c", "recipes"]
    assert found[-1] == places.builtin()


def test_two_recipes_of_one_name_name_both_files(write: Write) -> None:
    path = write()
    other = path.parent.parent / "align" / "small.yaml"
    other.parent.mkdir()
    other.write_text(path.read_text())
    with pytest.raises(ConfigError) as caught:
        compose("small", extra_paths=[path.parent.parent])
    assert str(path) in caught.value.message and str(other) in caught.value.message


def test_two_choices_of_one_name_name_both_files(write: Write) -> None:
    path = write()
    group = path.parent.parent / "_groups" / "engine" / "hf.yaml"
    group.parent.mkdir(parents=True)
    group.write_text("kind: hf\n")
    with pytest.raises(ConfigError, match="two files give engine/hf"):
        compose("small", extra_paths=[path.parent.parent])


def test_groups_of_ones_own_are_found_beside_a_recipe_given_by_path(write: Write) -> None:
    path = write("stages: {g: {kind: train}}\ndefaults: [override /trainer: mine]\n")
    group = path.parent.parent / "_groups" / "trainer" / "mine.yaml"
    group.parent.mkdir(parents=True)
    group.write_text("steps: 3\n")
    trainer = compose(str(path)).arms["main"].trainer
    assert trainer is not None and trainer.steps == 3


@pytest.mark.parametrize("folder", ["missing", "a-file"])
def test_a_folder_that_is_none_is_named(folder: str) -> None:
    Path("a-file").touch()
    with pytest.raises(ConfigError, match=f"--recipes names {folder}"):
        places.roots([folder])


def test_the_checkout_wins_over_the_copy_in_a_wheel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "site-packages" / "llmx"
    (package / "_recipes" / "_groups").mkdir(parents=True)
    monkeypatch.setattr(places, "_PACKAGE", package)
    assert places.builtin() == package / "_recipes"
    checkout = tmp_path / "checkout"
    (checkout / "recipes" / "_groups").mkdir(parents=True)
    (checkout / "pyproject.toml").write_text('[project]\nname = "llmx-lab"\n')
    monkeypatch.chdir(checkout)
    assert places.builtin() == checkout / "recipes"


def test_folders_with_an_underscore_hold_no_recipes(write: Write) -> None:
    path = write()
    hidden = path.parent.parent / "_drafts" / "x.yaml"
    hidden.parent.mkdir()
    hidden.write_text("{}")
    assert "x" not in {entry.name for entry in entries([path.parent.parent])}


def test_an_edited_file_is_read_again(write: Write) -> None:
    path = write()
    assert compose(str(path)).arms["sd"].seed == 0
    path.write_text(path.read_text() + "seed: 5\n")
    assert compose(str(path)).arms["sd"].seed == 5
