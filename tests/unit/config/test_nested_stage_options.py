"""A setting inside an option of a stage can be overridden alone; a wrong stage or option cannot."""

import pytest

from llmx.config.compose import compose
from llmx.core import registry
from llmx.core.errors import ConfigError

RECIPE = """defaults:
  - override /model: zoo_gsm
  - override /data: gsm_symbolic
description: nested
stages:
  generate: {kind: deep, problems: 3, deep: {a: 1, b: {c: 2}}}
arms:
  one: [sampler=target]
scales:
  smoke: [stages.generate.deep.a=5, stages.generate.deep.b.c=6]
"""


@pytest.fixture
def options(tmp_path, monkeypatch):
    # A kind without a model of its options takes any.
    known = {**registry._known()["stage"], "deep": "types:SimpleNamespace"}
    known = {**registry._known(), "stage": known}
    monkeypatch.setattr(registry, "_known", lambda: known)
    (tmp_path / "group").mkdir()
    (tmp_path / "group/nested_options.yaml").write_text(RECIPE)

    def composed(*overrides):
        spec = compose("nested_options", list(overrides), extra_paths=[tmp_path])
        return spec.stages[0].options

    return composed


def test_one_value_moves_and_its_neighbours_stay(options):
    assert options("stages.generate.deep.a=9")["deep"] == {"a": 9, "b": {"c": 2}}
    assert options("stages.generate.deep.b.c=9")["deep"] == {"a": 1, "b": {"c": 9}}
    assert options()["deep"] == {"a": 1, "b": {"c": 2}}


def test_a_scale_does_it_and_the_command_line_stands_above(options):
    assert options("scale=smoke")["deep"] == {"a": 5, "b": {"c": 6}}
    found = options("scale=smoke", "stages.generate.deep.a=7")["deep"]
    assert found == {"a": 7, "b": {"c": 6}}


def test_a_name_inside_a_mapping_may_be_new(options):
    assert options("stages.generate.deep.new=1")["deep"]["new"] == 1
    assert options("stages.generate.deep.b.d.e=1")["deep"]["b"] == {"c": 2, "d": {"e": 1}}


@pytest.mark.parametrize(
    "key", ["stages.generate.dep.a", "stages.generat.deep.a", "stages.generate.problems.a"]
)
def test_what_is_no_mapping_has_nothing_inside(options, key):
    with pytest.raises(ConfigError, match=rf"no stage has {key}"):
        options(f"{key}=1")


def test_the_nearest_key_is_named(options):
    with pytest.raises(ConfigError, match=r"did you mean stages\.generate\.deep\.a"):
        options("stages.generate.dep.a=1")
