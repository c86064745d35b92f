"""Arms, sweeps and the command line set what a stage does for an arm."""

from collections.abc import Callable
from pathlib import Path

import pytest

from llmx.config.compose import compose
from llmx.core.errors import ConfigError
from llmx.core.spec import RunSpec, StageSpec
from llmx.graph.graph import build_graph

RECIPE = """\
defaults:
  - override /model: zoo_gsm
  - override /data: gsm_symbolic
name: learn
model: {{target: "stage:grpo"}}
stages:
  corpus: {{kind: corpus, over: recipe}}
  sft:
    kind: sft
    needs: [corpus]
    base: "zoo:gsm_target"
    settings: {{max_steps: 4, learning_rate: 1e-3, max_length: 128}}
  grpo:
    kind: grpo
    needs: [corpus, sft]
    base: ["stage:sft"]
    rewards: [gsm]
    settings: {{max_steps: 2, learning_rate: 5e-5, max_completion_length: 8}}
  generate: {{kind: decode, needs: [grpo], split: test, problems: 4}}
  score: {{kind: score, needs: [generate], scorer: gsm}}
  report: {{kind: report, over: recipe, needs: [generate, score], title: Learn}}
arms:
  a: [sampler=greedy]
  b: [sampler=target{b}]
reference: a
scales:
  smoke: [{smoke}]
"""


@pytest.fixture
def learn(write: Callable[..., Path]) -> Callable[..., RunSpec]:
    def composed(*words: str, b: str = "", smoke: str = "") -> RunSpec:
        text = RECIPE.format(b=f", {b}" if b else "", smoke=smoke)
        return compose(str(write(text, "learn.yaml")), list(words))

    return composed


def stage(spec: RunSpec, name: str, arm: str) -> StageSpec:
    return next(s for s in spec.stages if s.name == name).of_arm(spec.arms[arm])


def settings(spec: RunSpec, name: str, arm: str) -> object:
    return stage(spec, name, arm).options["settings"]


def nodes(spec: RunSpec, kind: str) -> int:
    return sum(node.stage.kind == kind for node in build_graph(spec))


RATES = "stages.grpo.settings.learning_rate=1e-4,2e-4"


def test_a_sweep_over_a_stage_with_nothing_to_do_for_an_arm_leaves_it_one_arm(
    learn: Callable[..., RunSpec],
) -> None:
    """Its row in the report would else stand there twice, as two arms of one work."""
    spec = learn(RATES, "stages.grpo.arms=[b]")
    rates = ["b@learning_rate=0.0001", "b@learning_rate=0.0002"]
    assert list(spec.arms) == ["a", *rates] and "stages" not in spec.arms["a"].model_dump()
    assert [spec.references[name] for name in rates] == ["a", "a"] and spec.reference == "a"
    assert spec.arm_overrides["a"] == ("sampler=greedy",) and spec.points["a"] == {}
    note = "stages.grpo.settings.learning_rate is not swept for a: stage grpo has nothing to do"
    assert any(one.startswith(note) for one in spec.notes)
    assert len(learn(RATES).arms) == 4 and not learn(RATES).notes


def test_such_an_arm_keeps_what_else_is_swept(learn: Callable[..., RunSpec]) -> None:
    spec = learn(RATES, "stages.grpo.arms=[b]", "seed=0,1")
    assert [name for name in spec.arms if name.startswith("a")] == ["a@seed=0", "a@seed=1"]
    assert len(spec.arms) == 6
    assert spec.references["b@learning_rate=0.0002@seed=1"] == "a@seed=1"


def test_no_rows_of_a_report_are_of_one_work(learn: Callable[..., RunSpec]) -> None:
    graph = build_graph(learn(RATES, "stages.grpo.arms=[b]"))
    assert all(len(node.labels) == 1 for node in graph if node.stage.kind == "score")


def test_options_that_are_wrong_are_said_of_every_point(learn: Callable[..., RunSpec]) -> None:
    with pytest.raises(ConfigError, match="learning_rate"):
        learn("stages.grpo.settings.learning_rate=1e-4,fast", "stages.grpo.arms=[b]")


def test_a_line_of_an_arm_sets_an_option_of_that_arm_alone(learn: Callable[..., RunSpec]) -> None:
    spec = learn(b="stages.sft.settings.learning_rate=1e-4")
    assert spec.arms["b"].stages == {"sft": {"settings.learning_rate": 1e-4}}
    assert settings(spec, "sft", "b") == {
        "max_steps": 4, "learning_rate": 1e-4, "max_length": 128
    }  # fmt: skip
    assert settings(spec, "sft", "a") == {
        "max_steps": 4, "learning_rate": 1e-3, "max_length": 128
    }  # fmt: skip
    assert "stages" not in spec.arms["a"].model_dump()
    assert "stages.sft.settings.learning_rate=1e-4" in spec.arm_overrides["b"]


def test_a_sweep_over_grpo_shares_the_data_and_sft(learn: Callable[..., RunSpec]) -> None:
    one = learn("arms=[a]")
    swept = learn("arms=[a]", "stages.grpo.settings.learning_rate=1e-4,2e-4")
    assert list(swept.arms) == ["a@learning_rate=0.0001", "a@learning_rate=0.0002"]
    assert {kind: nodes(swept, kind) for kind in ("corpus", "sft", "grpo", "decode", "score")} == {
        "corpus": 1, "sft": 1, "grpo": 2, "decode": 2, "score": 2
    }  # fmt: skip
    known = {node.fingerprint for node in build_graph(one) if node.stage.kind in ("corpus", "sft")}
    assert known <= {node.fingerprint for node in build_graph(swept)}
    assert swept.points["a@learning_rate=0.0002"] == {"stages.grpo.settings.learning_rate": 2e-4}


def test_a_point_of_the_recipes_own_value_is_the_recipe(learn: Callable[..., RunSpec]) -> None:
    plain = {node.fingerprint for node in build_graph(learn("arms=[a]")) if node.labels[0][1]}
    swept = learn("arms=[a]", "stages.grpo.settings.learning_rate=5e-5,1e-4")
    assert swept.arms["a@learning_rate=5e-05"].stages == {}
    assert plain <= {node.fingerprint for node in build_graph(swept)}


# Each row sets the same key in one more layer; the last layer that sets it must win.
LAYERS = [
    ({}, (), 4),
    ({"smoke": "stages.sft.settings.max_steps=5"}, (), 5),
    ({"smoke": "stages.sft.settings.max_steps=5"}, ("stages.sft.settings.max_steps=6",), 6),
    (
        {"smoke": "stages.sft.settings.max_steps=5", "b": "stages.sft.settings.max_steps=7"},
        (),
        7,
    ),
    (
        {"smoke": "stages.sft.settings.max_steps=5", "b": "stages.sft.settings.max_steps=7"},
        ("arms.b.stages.sft.settings.max_steps=8",),
        8,
    ),
]


@pytest.mark.parametrize(("files", "words", "wins"), LAYERS)
def test_each_layer_stands_above_the_one_before(
    learn: Callable[..., RunSpec], files: dict[str, str], words: tuple[str, ...], wins: int
) -> None:
    spec = learn("scale=smoke", *words, **files)
    assert stage(spec, "sft", "b").options["settings"]["max_steps"] == wins


def test_a_mapping_as_a_whole_replaces_what_was_set_inside_it(
    learn: Callable[..., RunSpec],
) -> None:
    inner, whole = "stages.sft.settings.max_steps=9", "'stages.sft.settings={max_steps: 2}'"
    assert settings(learn(b=f"{inner}, {whole}"), "sft", "b") == {"max_steps": 2}
    assert settings(learn(b=f"{whole}, {inner}"), "sft", "b") == {"max_steps": 9}


def test_a_mapping_as_a_whole_outvotes_in_its_own_place(learn: Callable[..., RunSpec]) -> None:
    inner, whole = "stages.sft.settings.max_steps=9", "'stages.sft.settings={max_steps: 2}'"
    again = "stages.sft.settings.max_steps=8"
    spec = learn(b=f"{inner}, {whole}, {again}")
    assert settings(spec, "sft", "b") == {"max_steps": 8}
    assert list(spec.arms["b"].stages["sft"]) == ["settings", "settings.max_steps"]
    spec = learn(b=f"{inner}, {whole}")
    assert list(spec.arms["b"].stages["sft"]) == ["settings"]


def test_what_an_arm_sets_is_not_overruled_in_silence(learn: Callable[..., RunSpec]) -> None:
    whole = "'stages.sft.settings={max_steps: 2}'"
    for b in (whole, "stages.sft.settings.max_steps=7"):
        with pytest.raises(ConfigError, match="is set by arm b") as caught:
            learn("stages.sft.settings.max_steps=3", b=b)
        assert caught.value.hint == "write arms.b.stages.sft.settings.max_steps=3"
    spec = learn(caught.value.hint.removeprefix("write "), b=whole)
    assert settings(spec, "sft", "b") == {"max_steps": 3}


def test_keys_may_be_referred_to(learn: Callable[..., RunSpec]) -> None:
    spec = learn("seed=7", b="'stages.generate.problems=${seed}'")
    assert stage(spec, "generate", "b").options["problems"] == 7


def test_arms_that_set_an_option_alike_are_equal(learn: Callable[..., RunSpec]) -> None:
    with pytest.raises(ConfigError, match="arms a and b resolve to the same settings"):
        learn("arms.b.sampler=greedy", b="stages.sft.settings.max_steps=4")
    assert len(learn("arms.b.sampler=greedy", b="stages.sft.settings.max_steps=5").arms) == 2


REFUSED = [
    ("stages.report.title=A,B", "stages.report.title cannot be swept: report is over: recipe"),
    ("arms.b.stages.report.title=A", "title cannot be set by an arm: report is over: recipe"),
    ("arms.b.stages.sft.kind=dpo", "stages.sft.kind cannot be set by an arm: it is the same"),
    ("arms.b.stages.sft.needs=[]", "stages.sft.needs cannot be set by an arm: it is the same"),
    ("arms.b.stages.sft=null", "stages.sft cannot be set by an arm: it is the same"),
    ("arms.b.stages.sft.setings.max_steps=3", "did you mean stages.sft.settings.max_steps"),
    ("arms.b.stages.stf.settings.max_steps=3", "no stage has stages.stf.settings.max_steps"),
    ("arms.b.stages.generate.problems.x=3", "no stage has stages.generate.problems.x"),
    ("stages.sft.setings.max_steps=3,4", "did you mean stages.sft.settings.max_steps"),
    ("stages.sft=1,2", "a stage has no value"),
]


@pytest.mark.parametrize(("word", "said"), REFUSED)
def test_what_no_arm_can_set_is_refused_in_one_line(
    learn: Callable[..., RunSpec], word: str, said: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        learn(word)
    text = str(caught.value)
    assert said in text and "\n" not in text
    key = word.partition("=")[0]
    assert not any(f"did you mean {one}" in text for one in (f"{key} ", f"{key}?"))


def test_a_stage_that_a_scale_leaves_out_takes_an_arms_option_with_it(
    learn: Callable[..., RunSpec],
) -> None:
    out = {"smoke": "stages.sft=null, 'stages.grpo.base=zoo:gsm_target'"}
    spec = learn("scale=smoke", b="stages.sft.settings.max_steps=7", **out)
    assert spec.arms["b"].stages == {}
    with pytest.raises(ConfigError, match="stage sft is left out"):
        learn("scale=smoke", "arms.b.stages.sft.settings.max_steps=7", **out)


def test_a_file_says_where_an_arms_line_stands(learn: Callable[..., RunSpec]) -> None:
    with pytest.raises(ConfigError, match=r"arm b \(.*learn\.yaml:\d+\): stages\.report\.title"):
        learn(b="stages.report.title=B")
