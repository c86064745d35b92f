"""Recipes of naps, and a Slurm in memory."""

from collections.abc import Callable
from pathlib import Path

import pytest
from fake_slurm import FakeSlurm

from llmx.core import plugins
from llmx.core.launch import LaunchSpec
from llmx.core.spec import ArmSpec, EngineSpec, RunSpec, StageSpec
from llmx.graph.plan import Plan, plan
from llmx.store.machine import measure_as

NAPS = Path(__file__).parent / "naps"


@pytest.fixture(autouse=True)
def naps(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Know the kinds of the plugin, and say what is made in a file."""
    monkeypatch.delenv("SLURM_CONF", raising=False)
    monkeypatch.setenv("LLMX_PLUGINS", "")
    monkeypatch.setenv("LLMX_CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("NAPS_MADE", str(tmp_path / "made"))
    plugins.use([NAPS])
    measure_as(None)


@pytest.fixture
def slurm(monkeypatch: pytest.MonkeyPatch) -> FakeSlurm:
    return FakeSlurm(monkeypatch)


@pytest.fixture
def made(tmp_path: Path) -> Callable[[], list[str]]:
    """Return every record that was made, by whom: ``ARM ID JOB.RESTART``."""
    path = tmp_path / "made"
    return lambda: path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def planned(tmp_path: Path) -> Callable[..., Plan]:
    """Plan a run of so many arms; an arm is changed by ``name={…}`` of options."""

    def make(arms: int = 3, gpu: int = 0, kind: str = "nap", **options: object) -> Plan:
        own = {f"a{at}": {"nap": {"word": f"w{at}", **options}} for at in range(arms)}
        device = {f"a{at}": "cuda" if at < gpu else "cpu" for at in range(arms)}
        stages = (
            StageSpec(name="nap", kind=kind, options={"rows": 3}),
            StageSpec(name="tally", kind="tally", over="recipe", needs=("nap",)),
        )
        made = {n: ArmSpec(stages=o, engine=EngineSpec(device=device[n])) for n, o in own.items()}
        spec = RunSpec(name="naps", group="x", source="-", stages=stages, arms=made)
        return plan(spec, runs=tmp_path / "runs")

    return make


@pytest.fixture
def launch() -> Callable[..., LaunchSpec]:
    return lambda **more: LaunchSpec(kind="slurm", gpu_partition="gpu", **more)
