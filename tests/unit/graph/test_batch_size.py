"""On the compiled forward `engine.batch_size` is an accident: other rows, the same files."""

from pathlib import Path

import pytest
from counts import some
from native_folders import needs_compiler

from llmx.config.compose import compose
from llmx.core.spec import ArmSpec, DataSpec, EngineSpec, ModelSpec, RunSpec, SamplerSpec, StageSpec
from llmx.engines.kernel import with_kernels
from llmx.graph.execute import execute
from llmx.graph.graph import build_graph
from llmx.graph.observer import SilentObserver
from llmx.runs.run import run
from llmx.store.files import read_json

pytestmark = needs_compiler

PAIR = ModelSpec(target="zoo:gsm_target", draft="zoo:gsm_draft")
DATA = DataSpec(kind="gsm_symbolic", templates=(43, 10), test=17, calibration=5)
STAGES = (
    StageSpec(name="calibrate", kind="divergence_quantiles"),
    StageSpec(name="generate", kind="decode", needs=("calibrate",)),
    StageSpec(name="log", kind="divergence_log", needs=("generate", "calibrate")),
)
SHARE = {"draft_share": 0.6, "max_tokens": 8, "gamma": 4}
SAMPLERS = {
    "sd": {"algorithm": "speculative", "max_tokens": 8},
    "fsd": {"algorithm": "fuzzy", **SHARE},
    "held": {"algorithm": "fuzzy", "hold": True, "first_block": "target", **SHARE},
    "control": {"algorithm": "random", "stop_below": 0.5, **SHARE},
}
SIZES = some((1, 3, 8, 64), 2)


def decoding(batch_size: int, **engine: object) -> RunSpec:
    arms = {
        name: ArmSpec(
            model=PAIR,
            data=DATA,
            engine=EngineSpec(batch_size=batch_size, **engine),
            sampler=SamplerSpec(**sampler),
        )
        for name, sampler in SAMPLERS.items()
    }
    spec = RunSpec(name="tiny", group="decode", source="-", stages=STAGES, arms=arms)
    return with_kernels(spec)


def ensembles(batch_size: int, **engine: object) -> RunSpec:
    words = ["scale=smoke", "scale.problems=5", "arms=[moa,staircase]", "sampler.max_tokens=24"]
    words += [f"engine.batch_size={batch_size}", *(f"engine.{k}={v}" for k, v in engine.items())]
    spec = compose("staircase_moa", words)
    stages = tuple(stage for stage in spec.stages if stage.name == "generate")
    return with_kernels(spec.model_copy(update={"stages": stages, "reference": None}))


SPECS = {"decoding": decoding, "ensembles": ensembles}


def outputs(cache: Path) -> dict[str, bytes]:
    """Every file of every stage, but those that hold times."""
    found = (path for path in cache.rglob("*") if path.is_file())
    return {
        str(path.relative_to(cache)): path.read_bytes()
        for path in found
        if path.name != "stage.json" and path.suffix not in (".lock", ".closing")
    }


@pytest.mark.parametrize("kind", SPECS)
def test_every_file_of_every_stage_is_the_same(tmp_path, kind):
    found = {}
    for size in SIZES:
        execute(build_graph(SPECS[kind](size)), tmp_path / f"{size}", SilentObserver())
        found[size] = outputs(tmp_path / f"{size}")
    first = found[SIZES[0]]
    assert all(one == first for one in found.values())
    names = {Path(path).name for path in first}
    wanted = {"decoding": {"calibration.json", "log.npz"}, "ensembles": {"ensemble.jsonl"}}
    assert wanted[kind] | {"samples.jsonl"} <= names


@pytest.mark.slow
def test_two_workers_and_other_rows_leave_the_same_files(tmp_path):
    for name, size, workers in (("one", 64, 1), ("two", 3, 2)):
        spec = decoding(size)
        few = spec.model_copy(update={"arms": {arm: spec.arms[arm] for arm in ("sd", "fsd")}})
        run(few, runs=tmp_path / name, workers=workers)
    caches = [tmp_path / name / "cache" for name in ("one", "two")]
    assert outputs(caches[0]) == outputs(caches[1])
    first, second = (sorted(cache.glob("*/*/stage.json")) for cache in caches)
    assert [read_json(one)["files"] for one in first] == [read_json(one)["files"] for one in second]


@pytest.mark.parametrize("kind", SPECS)
def test_through_torch_it_is_meaning(kind):
    for kernel, apart in (("torch", True), ("native", False)):
        one, other = (build_graph(SPECS[kind](size, kernel=kernel)) for size in (3, 8))
        pairs = zip(one, other, strict=True)
        assert {a.fingerprint != b.fingerprint for a, b in pairs} == {apart}
