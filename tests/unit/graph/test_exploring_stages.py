"""The stages `divergence_log` and `explore` on the shipped pair, and what they refuse."""

import pytest

from llmx.core.errors import ConfigError, RunError
from llmx.core.progress import Silent
from llmx.core.spec import ArmSpec, DataSpec, EngineSpec, ModelSpec, SamplerSpec, StageSpec
from llmx.core.stage import StageContext, StageInput
from llmx.papers.fsd.explore import DivergenceLog
from llmx.papers.fsd.stages.divergence_log import DivergenceLogStage
from llmx.papers.fsd.stages.explore import ExploreStage
from llmx.stages.decode import DecodeStage
from llmx.store.files import read_json

PAIR = ModelSpec(target="zoo:gsm_target", draft="zoo:gsm_draft")
DATA = DataSpec(kind="gsm_symbolic", templates=(43, 10), test=6, calibration=3)


def arm(algorithm: str, **sampler) -> ArmSpec:
    settings = SamplerSpec(algorithm=algorithm, max_tokens=24, gamma=4, **sampler)
    return ArmSpec(model=PAIR, data=DATA, engine=EngineSpec(batch_size=4), sampler=settings)


ARMS = {"sd": arm("speculative"), "js": arm("fuzzy", draft="greedy", threshold=0.05)}


def given(stage, covered, **options) -> StageInput:
    references = dict.fromkeys(covered, "sd")
    spec = StageSpec(name="s", kind=stage.kind, options=options)
    return StageInput(spec, covered, "sd", references)


def run(stage, arms, out, inputs=None, **options) -> None:
    told = given(stage, arms, **options)
    out.mkdir(parents=True, exist_ok=True)
    stage.run(StageContext(told, stage.identity(told), inputs or {}, out, Silent()))


@pytest.fixture(scope="module")
def logs(tmp_path_factory):
    root = tmp_path_factory.mktemp("logs")
    for name, one in ARMS.items():
        run(DecodeStage(), {name: one}, root / "generate" / name)
        inputs = {"generate": root / "generate" / name}
        run(DivergenceLogStage(), {name: one}, root / "log" / name, inputs, problems=5, stride=4)
    return {f"log/{name}": root / "log" / name for name in ARMS}


def test_a_log_holds_every_measure_of_the_texts_that_were_decoded(logs):
    log = DivergenceLog.load(logs["log/js"] / "log.npz")
    assert len(log.ids) == 5
    assert len(log.measures) == 18
    assert log.token.shape[1] == 4
    rule = read_json(logs["log/js"] / "rule.json")
    assert (rule["measure"], rule["threshold"], rule["draft"]) == ("js", 0.05, "greedy")
    assert read_json(logs["log/sd"] / "rule.json")["measure"] is None


def test_the_rule_replayed_on_its_own_texts_accepts_nearly_what_it_did(logs):
    log = DivergenceLog.load(logs["log/js"] / "log.npz")
    real = log.accepted.sum() / log.emitted.sum()
    assert log.share("js", 0.05) == pytest.approx(real, abs=0.15)


def test_an_exploration_is_written_and_states_the_drift(logs, tmp_path):
    run(ExploreStage(), ARMS, tmp_path, logs, share=0.7)
    found = read_json(tmp_path / "explore.json")
    assert found["base"] == "sd"
    assert [row["arm"] for row in found["drift"]] == ["js"]
    assert len(found["transfer"]) == 30 + 12
    assert "## Trajectory drift" in (tmp_path / "explore.md").read_text()
    assert (tmp_path / "explore.svg").read_text().startswith("<svg")


APPLIES = [
    ("speculative", {}, True),
    ("fuzzy", {"threshold": 0.1}, True),
    ("fuzzy", {"threshold": 0.1, "floor": 0.1}, False),
    ("fuzzy", {"threshold": 0.1, "budget": 0.1}, False),
    ("fuzzy", {"threshold": 0.1, "strict": ("digits",)}, False),
    ("random", {"threshold": 0.5}, False),
    ("target", {}, False),
]


@pytest.mark.parametrize(("algorithm", "sampler", "applies"), APPLIES)
def test_arms_whose_rule_needs_a_memory_are_not_logged(algorithm, sampler, applies):
    stage = DivergenceLogStage()
    assert stage.applies(given(stage, {"a": arm(algorithm, **sampler)})) is applies


def test_arms_are_named_without_their_point_of_a_sweep():
    stage = DivergenceLogStage()
    assert stage.applies(given(stage, {"sd@seed=1": ARMS["sd"]}, arms=["sd"]))
    assert not stage.applies(given(stage, {"js@seed=1": ARMS["js"]}, arms=["sd"]))


WRONG = [
    ({"strid": 3}, "unknown option 'strid'"),
    ({"stride": 0}, "stride is 0"),
    ({"draft": "greedy_soft"}, "draft is 'greedy_soft'"),
    ({"divergences": "js"}, "divergences is 'js'"),
    ({"divergences": ["jss"]}, "divergences.0 is 'jss'"),
    ({"on": ["cold"]}, "on.0 is 'cold'"),
    ({"top_k": [-1]}, "top_k.0 is -1"),
    ({"problems": -2}, "problems is -2"),
]


@pytest.mark.parametrize(("options", "words"), WRONG)
def test_options_out_of_range_are_refused(options, words):
    stage = DivergenceLogStage()
    with pytest.raises(ConfigError, match=words):
        stage.identity(given(stage, {"sd": ARMS["sd"]}, **options))


@pytest.mark.parametrize("options", [{"share": 1}, {"share": "x"}, {"semantics": "reserch"}])
def test_an_exploration_refuses_them_too(options):
    stage = ExploreStage()
    with pytest.raises(ConfigError):
        stage.identity(given(stage, ARMS, **options))


def test_stages_without_their_inputs_say_what_to_write(tmp_path):
    with pytest.raises(RunError, match=r"samples\.jsonl"):
        run(DivergenceLogStage(), {"sd": ARMS["sd"]}, tmp_path)
    with pytest.raises(RunError, match="no log"):
        run(ExploreStage(), ARMS, tmp_path)
