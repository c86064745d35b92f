"""Every recipe that llmx brings composes, at every scale; so does the page's own example."""

import time
from pathlib import Path

import pytest

from llmx.claims.paper import load_paper
from llmx.config.check import validate
from llmx.config.compose import compose
from llmx.config.index import entries
from llmx.config.places import builtin, claim_files
from llmx.config.yaml_file import read
from llmx.core.spec import RunSpec
from llmx.graph.plan import alike_notes

RIVALS = ("fly", "typical", "cascade")
NAMES = sorted(path.stem for path in builtin().glob("[!_]*/*.yaml"))

EXAMPLE = """\
defaults:
  - override /model: zoo_gsm
  - override /data: gsm_symbolic
name: {name}
paper: fsd
stages:
  calibrate: {{kind: divergence_quantiles, over: arm, split: calibration}}
  generate:  {{kind: decode, over: arm, needs: [calibrate]}}
  score:     {{kind: score, over: arm, needs: [generate], scorer: gsm}}
  speed:     {{kind: decode_speed, over: recipe, needs: [calibrate], problems: 16}}
arms:
  target: [sampler=greedy]
  sd:     [sampler=speculative]
  fsd_65: [sampler=fuzzy, sampler.divergence=js, sampler.draft_share=0.65]
reference: sd
claims: fsd
scales:
  paper: [model=llama31_8b_70b, data=gsm8k, engine=vllm]
evidence:        # where each setting comes from: paper, code, secondary, assumed
  sampler.gamma: {{grade: code, where: research code default}}
deviations: []   # what differs from the paper on purpose; decides "not comparable"
"""


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LLMX_RECIPES", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_the_documented_example_composes_literally(tmp_path: Path) -> None:
    # The documented name is that of a recipe which llmx brings; only a path tells them apart.
    path = tmp_path / "fsd_gsm8k.yaml"
    path.write_text(EXAMPLE.format(name="fsd_gsm8k"))
    spec = compose(str(path))
    assert list(spec.arms) == ["target", "sd", "fsd_65"]
    assert spec.reference == "sd" and spec.claims == "fsd" and spec.paper == "fsd"
    assert [stage.name for stage in spec.stages] == ["calibrate", "generate", "score", "speed"]
    assert {s.name: s.options for s in spec.stages}["speed"] == {"problems": 16}
    fuzzy = spec.arms["fsd_65"].sampler
    assert fuzzy is not None and (fuzzy.divergence, fuzzy.draft_share) == ("js", 0.65)
    greedy = spec.arms["target"].sampler
    assert greedy is not None and greedy.temperature == 0
    paper = compose(str(path), scale="paper").arms["sd"]
    assert paper.engine.kind == "vllm" and paper.data is not None and paper.data.kind == "gsm8k"


@pytest.mark.parametrize("name", NAMES)
def test_recipe_composes_at_every_scale(name: str) -> None:
    assert {"smoke", "laptop", "desk", "paper"} <= set(validate(name))


@pytest.mark.parametrize("name", NAMES)
def test_recipe_teaches(name: str) -> None:
    entry = {entry.name: entry for entry in entries()}[name]
    assert entry.description and not entry.error
    assert f"llmx run recipe={name}" in read(Path(entry.path)).header


def test_the_demo_is_small_and_compares_like_with_like() -> None:
    spec = compose("fsd_gsm8k")
    assert len(spec.arms) <= 8 and alike_notes(spec) == ()
    kinds = [arm.sampler.algorithm for arm in spec.arms.values() if arm.sampler]
    assert {"target", "speculative", "block", "fuzzy", "random"} == set(kinds)
    assert {spec.references[name] for name in spec.arms} == {"sd", "sd_t0"}


@pytest.mark.parametrize("name", ["fsd_gsm8k", "fsd_curve", "fsd_guards", "fsd_divergences"])
def test_fuzzy_rules_and_rivals_stand_beside_lossless_ones_at_both_temperatures(name: str) -> None:
    spec = compose(name, scale="desk")
    samplers = {arm: of.sampler for arm, of in spec.arms.items() if of.sampler}
    for temperature, lossless in ((0.6, {"speculative", "block"}), (0.0, {"speculative"})):
        found = {s.algorithm for s in samplers.values() if s.temperature == temperature}
        assert found >= {"fuzzy", *lossless}
    assert {s.algorithm for s in samplers.values()} >= {"fly", "typical", "cascade"}
    for arm, reference in spec.references.items():
        assert samplers[arm].temperature == samplers[reference].temperature
    # One arm is there for its way to draft, and says so in the plan.
    odd = [note for note in alike_notes(spec) if not note.startswith("sd_soft ")]
    assert odd == []


FUZZY = [name for name in NAMES if name.startswith("fsd_")]


@pytest.mark.parametrize("name", FUZZY)
def test_what_is_faster_than_block_verification_is_asked_beside_sd_too(name: str) -> None:
    spec = compose(name, scale="desk")
    findings = [one for stage in spec.stages for one in stage.options.get("findings", ())]
    faster = [one for one in findings if one["test"] == "non_inferior_and_faster"]
    beside = {
        lossless: {tuple(one["arms"]) for one in faster if one["reference"] == lossless}
        for lossless in ("block", "sd")
    }
    assert (spec.reference or "").partition("@")[0] == "sd" and beside["block"] <= beside["sd"]


@pytest.mark.parametrize("name", ["fsd_gsm8k", "fsd_curve", "fsd_guards"])
def test_rivals_are_looser_than_sd_alone(name: str) -> None:
    """SD of this pair has a draft share of 0.927 at temperature 0.6."""
    arms = compose(name, scale="desk").arms.values()
    rivals = [arm.sampler for arm in arms if arm.sampler and arm.sampler.algorithm in RIVALS]
    asked = [sampler.draft_share for sampler in rivals if sampler.draft_share is not None]
    assert len(asked) >= 5 and min(asked) > 0.927


def rests_on(spec: RunSpec, name: str) -> set[str]:
    """Return a stage and all that it needs, directly or not."""
    by_name = {stage.name: stage for stage in spec.stages}
    return {name}.union(*(rests_on(spec, need) for need in by_name[name].needs))


ANSWERED = ("decode", "ensemble_decode", "pool", "agent")


@pytest.mark.parametrize("scale", ["laptop", "paper"])
@pytest.mark.parametrize("name", NAMES)
def test_what_a_verdict_rests_on_is_audited(name: str, scale: str) -> None:
    """Every stage that answers the test split, of all that verdicts read, has an audit there."""
    spec = compose(name, scale=scale)
    kinds = {stage.name: stage.kind for stage in spec.stages}
    by_name = {stage.name: stage for stage in spec.stages}
    for judge in (stage for stage in spec.stages if stage.kind == "verdicts"):
        read = {
            need
            for one in rests_on(spec, judge.name)
            if kinds[one] == "score"
            for need in by_name[one].needs
            if kinds[need] in ANSWERED
        }
        audits = [by_name[need] for need in judge.needs if kinds[need] == "audit"]
        audited = {need for one in audits for need in one.needs if kinds[need] in ANSWERED}
        assert audited == read
        for one in audits:  # whatever trained the model is at hand, as it was for the answers
            (answers,) = [by_name[need] for need in one.needs if kinds[need] in ANSWERED]
            trained = {need for need in answers.needs if kinds[need] in ("train", "sft", "grpo")}
            assert trained <= {*one.needs}
            assert one.options.get("model") == answers.options.get("model")


def test_the_drafts_of_the_research_code_are_one_override() -> None:
    arms = compose("fsd_gsm8k", ["sampler.draft=greedy"], scale="desk").arms.values()
    drafting = [arm.sampler for arm in arms if arm.sampler and arm.sampler.algorithm != "target"]
    assert {sampler.draft for sampler in drafting if sampler.algorithm != "draft"} == {"greedy"}


def test_the_paper_scale_states_the_published_protocol() -> None:
    arm = compose("fsd_gsm8k", scale="paper").arms["sd"]
    assert arm.sampler is not None and arm.data is not None
    assert (arm.sampler.max_tokens, arm.sampler.top_k, arm.sampler.draft) == (512, 50, "greedy")
    assert (arm.engine.dtype, arm.data.kind, arm.scale.problems) == ("bfloat16", "gsm8k", None)


@pytest.mark.parametrize("name", sorted(claim_files([builtin()])))
def test_claims_are_complete_and_of_known_origin(name: str) -> None:
    paper = load_paper(read(claim_files([builtin()])[name]).data, name)
    assert paper.paper == name and paper.claims and paper.findings
    for claim in paper.claims:
        assert (claim.source == "secondary") == (claim.evidence == "secondary")
        assert claim.value is None or claim.unit is not None


def test_a_point_resolves_in_about_a_tenth_of_a_second() -> None:
    compose("fsd_gsm8k")
    words = ["sampler.gamma=2,3,4,5,6,7,8", "seed=0,1,2,3,4"]
    started = time.perf_counter()
    points = len(compose("fsd_gsm8k", words).arms)
    assert points == 5 + 7 * 35
    assert (time.perf_counter() - started) / points < 0.1
