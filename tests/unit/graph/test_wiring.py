"""A plan refuses a stage that could not do its work, before anything runs."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from llmx.config.compose import compose
from llmx.core.errors import ConfigError
from llmx.core.spec import RunSpec, StageSpec
from llmx.graph.graph import build_graph
from llmx.graph.plan import Plan, plan

CORPUS = {"kind": "corpus", "over": "recipe"}
SHAPE = {"shape": {"layers": 1, "hidden": 32, "intermediate": 32}, "trainer": {"steps": 1}}
TRAIN = {"kind": "train", "over": "recipe", **SHAPE}
BACK = {"kind": "decode", "split": "calibration"}
SFT = {"settings": {"max_steps": 1}, "base": "zoo:gsm_draft"}

Planned = Callable[..., Plan]


@pytest.fixture(scope="module")
def composed(tmp_path_factory) -> RunSpec:
    about = {
        "defaults": [{"override /data": "gsm_symbolic"}],
        "name": "wired",
        "description": "Stages and what they read",
        "model": {"target": "zoo:gsm_draft", "draft": "zoo:gsm_draft"},
        "data": {"train": 40, "test": 8, "heldout": 0},
        "stages": {"g": {"kind": "decode"}},
        "engine": {"kernel": "torch"},
        **SHAPE,
        "arms": {
            "a": ["sampler=greedy"],
            "a_greedy": ["sampler=greedy", "seed=1"],
            "b": ["sampler=speculative"],
        },
    }
    path = tmp_path_factory.mktemp("recipe") / "wired.yaml"
    path.write_text(yaml.safe_dump(about, sort_keys=False))
    return compose(str(path))


@pytest.fixture
def planned(composed: RunSpec, tmp_path: Path) -> Planned:
    def made(stages: dict[str, Any], arms: Sequence[str] = ("a", "b")) -> Plan:
        named = tuple(stage(name, **about) for name, about in stages.items())
        kept = {name: composed.arms[name] for name in arms}
        spec = composed.model_copy(update={"stages": named, "arms": kept, "reference": None})
        return plan(spec, runs=tmp_path / "runs")

    return made


def stage(name: str, kind: str, over: str = "arm", needs: Any = (), **options: Any) -> StageSpec:
    return StageSpec(name=name, kind=kind, over=over, needs=tuple(needs), options=options)


def reader(kind: str, *needs: str, **options: Any) -> dict[str, Any]:
    return {"kind": kind, "needs": list(needs), **options}


LACKS = r"^stage 'it' reads what a stage of kind "
BAD = {
    "score, no decode": (
        {"c": CORPUS, "it": reader("score", "c")},
        r"^stage 'it' reads what exactly one stage of kind decode, ensemble_decode, pool or agent "
        r"writes, and arm 'a' has none .stages\.it\.needs=\[NAME\]",
    ),
    "score, two decodes": (
        {"g": {"kind": "decode"}, "h": BACK, "it": reader("score", "g", "h")},
        "exactly one .* and arm 'a' needs g, h",
    ),
    "score, another split": (
        {"g": BACK, "it": reader("score", "g")},
        "^stage 'it' reads split 'test', and stage 'g' answers 'calibration' "
        r".stages.it.split=calibration, or stages.g.split=test",
    ),
    "classes, nothing drawn": (
        {"c": CORPUS, "it": reader("classes", "c")},
        "^stage 'it' reads what exactly one stage of kind decode, ensemble_decode, pool or agent",
    ),
    "classes, two pools": (
        {"g": {"kind": "decode"}, "h": BACK, "it": reader("classes", "g", "h")},
        "exactly one .* and arm 'a' needs g, h",
    ),
    "classes, another split": (
        {"g": BACK, "it": reader("classes", "g")},
        "^stage 'it' reads split 'test', and stage 'g' answers 'calibration' ",
    ),
    "audit, another split": ({"g": BACK, "it": reader("audit", "g")}, "reads split 'test'"),
    "audit": ({"it": reader("audit")}, LACKS + "decode, ensemble_decode, pool or agent"),
    "log": ({"it": reader("divergence_log")}, LACKS + "decode"),
    "log, another split": ({"g": BACK, "it": reader("divergence_log", "g")}, "reads split 'test'"),
    "explore": ({"it": reader("explore", over="recipe")}, LACKS + ".*divergence_log writes, and h"),
    "explore, none logged": (
        {
            "g": {"kind": "decode"},
            "l": reader("divergence_log", "g", arms=["nobody"]),
            "it": reader("explore", "l", over="recipe"),
        },
        LACKS + "divergence_log",
    ),
    "tokenizer": ({"it": reader("tokenizer", over="recipe")}, LACKS + "corpus, traces"),
    "train, no rows": ({"it": TRAIN}, LACKS + "corpus, traces"),
    "train, no tokenizer": ({"c": CORPUS, "it": {**TRAIN, "needs": ["c"]}}, LACKS + "tokenizer"),
    "sft": ({"it": reader("sft", **SFT)}, LACKS + "corpus"),
    "aggregation": (
        {"c": CORPUS, "it": reader("aggregation_corpus", "c", over="recipe",
                                   tokenizer="zoo:arithmetic_all")},
        LACKS + "decode",
    ),
    "decode, no problems": (
        {"it": {"kind": "decode", "split": "heldout"}},
        r"^stage 'it' answers split 'heldout', which has no problems .set data\.heldout=NUMBER",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("stages", "message"), BAD.values(), ids=BAD)
def test_a_stage_that_lacks_what_it_reads_is_refused(planned, stages, message):
    with pytest.raises(ConfigError, match=message):
        planned(stages)


def test_what_is_there_is_planned(planned):
    stages = {
        "c": CORPUS,
        "words": reader("tokenizer", "c", over="recipe", vocabulary=384),
        "train": {**TRAIN, "needs": ["c", "words"]},
        "on": {**TRAIN, "needs": ["c"], "base": "zoo:gsm_draft"},
        "taken": {**TRAIN, "needs": ["c"], "seed": 2, "tokenizer": "zoo:gsm_draft"},
        "sft": reader("sft", "c", **SFT),
        "g": BACK,
        "s": reader("score", "g", split="calibration"),
        "h": {"kind": "decode"},
        "a": reader("audit", "h", "s"),
    }
    assert len(planned(stages).graph.nodes) == 5 + 1 + 4 * 2


def test_what_a_stage_of_another_package_writes_is_not_known(planned, monkeypatch):
    from llmx.core import registry
    from llmx.data.corpus import CorpusStage

    class Other(CorpusStage):
        kind = "other"

    monkeypatch.setitem(registry._known()["stage"], "other", f"{__name__}:Other")
    monkeypatch.setitem(globals(), "Other", Other)
    stages = {"c": {**CORPUS, "kind": "other"}, "it": reader("score", "c")}
    assert planned(stages).graph.nodes


CARD = {
    "kind": "zoo_card", "over": "recipe", "needs": ["c", "train", "s"], "models": {"a": "small"},
    "measured": {"sampled": ["", "s"], "greedy": ["_greedy", "s"]},
}  # fmt: skip
MADE = {
    "c": CORPUS,
    "train": reader("train", "c", over="arm", base="zoo:gsm_draft"),
    "g": {"kind": "decode"},
    "s": reader("score", "g"),
}


def test_a_card_has_all_that_it_names(planned):
    assert planned({**MADE, "it": CARD}, ["a", "a_greedy"]).graph.find("it")


@pytest.mark.parametrize(
    ("card", "arms", "message"),
    [
        (
            {},
            ["a"],
            r"^stage 'it': the card of arm 'a' needs arm 'a_greedy' .arms=.a,a_greedy., or",
        ),
        ({}, ["a_greedy"], r"models: none of a is an arm of this run .*stages\.it=null"),
        ({"measured": {"x": ["", "nowhere"]}}, ["a"], "reads stage 'nowhere' .add nowhere to its"),
        ({"needs": ["c", "s"]}, ["a"], "reads stage 'train'"),
        ({"models": {}}, ["a"], r"stages\.it\.models is \{\} .write .ARM: FOLDER"),
    ],
)
def test_a_card_that_would_lack_something_is_refused(planned, card, arms, message):
    with pytest.raises(ConfigError, match=message):
        planned({**MADE, "it": {**CARD, **card}}, arms)


@pytest.mark.parametrize("arms", [["draft"], ["target", "draft", "draft_greedy"]])
def test_the_card_of_the_zoo_needs_the_greedy_arms_too(arms):
    with pytest.raises(ConfigError, match=r"needs arm '(draft|target)_greedy'"):
        build_graph(compose("zoo_gsm", arms=arms))
