"""A whole recipe without models: scripted answers to one template, scored and reported."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from llmx.core.progress import Progress
from llmx.core.spec import ArmSpec, DataSpec, EngineSpec, RunSpec, SamplerSpec, ScaleSpec, StageSpec
from llmx.graph.observer import SilentObserver

STAGES = (
    StageSpec(name="generate", kind="decode"),
    StageSpec(name="score", kind="score", needs=("generate",)),
    StageSpec(name="report", kind="report", over="recipe", needs=("generate", "score")),
)


class Log(SilentObserver):
    """Remembers what happened to each stage."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.kept: list[str] = []

    def started(self, title: str) -> Progress:
        self.done.append(title)
        return super().started(title)

    def reused(self, title: str) -> None:
        self.kept.append(title)


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    return tmp_path / "runs"


@pytest.fixture
def arm(tmp_path: Path) -> Callable[..., ArmSpec]:
    """Make an arm that plays back one answer to six problems; keywords go to its sampler."""

    def make(answer: str = "So it is 12.\n#### 12", test: int = 6, **sampler: object) -> ArmSpec:
        script = tmp_path / f"answers-{abs(hash(answer))}.json"
        script.write_text(json.dumps({"*": answer} if answer else {"nobody": "asks"}))
        return ArmSpec(
            data=DataSpec(kind="gsm_symbolic", templates=(43, 10), test=test, calibration=2),
            engine=EngineSpec(kind="scripted", script=str(script)),
            sampler=SamplerSpec(algorithm="target", **sampler),
            scale=ScaleSpec(problems=6),
        )

    return make


@pytest.fixture
def recipe(arm: Callable[..., ArmSpec]) -> Callable[..., RunSpec]:
    """Make a recipe of arms; keywords replace fields of the specification."""

    def make(arms: dict[str, ArmSpec] | None = None, **fields: object) -> RunSpec:
        arms = arms or {"a": arm(), "b": arm("It is 7.\n#### 7")}
        named = {"name": "tiny", "group": "decode", "source": "-", "stages": STAGES, **fields}
        return RunSpec(**{"arms": arms, "reference": next(iter(arms)), **named})

    return make
