"""No change of the code's layout renames a result: every plan's fingerprints and folder, as kept.

A difference is a result that people have and that would be computed again. Where a stage's meaning
did change, its version says so, and the file is written anew with LLMX_UPDATE_GOLDEN=1.
"""

import json
import os
from pathlib import Path

import pytest
from counts import some

from llmx.config import index
from llmx.config.compose import compose
from llmx.core.errors import EngineError
from llmx.core.spec import ArmSpec
from llmx.engines.kernel import KERNEL_ENGINES, NATIVE, TORCH, kernel_of
from llmx.graph import graph
from llmx.graph.folder import folder_for
from llmx.stages.budget import size_problems

KEPT = Path(__file__).parents[2] / "golden" / "plans.json"
SCALES = ("smoke", "laptop", "desk", "paper")
PLANS = [
    f"{entry.name} {scale} {kernel}"
    for entry in index.entries()
    for scale in SCALES
    for kernel in (TORCH, NATIVE)
]
UPDATE = bool(os.environ.get("LLMX_UPDATE_GOLDEN"))
HEX = 12  # of a fingerprint's digits, as many as in a page


@pytest.fixture(autouse=True)
def no_machine(monkeypatch):
    """Let measurements be of one machine, wherever the test runs."""
    monkeypatch.setattr(graph, "measured_machine", lambda: {"of": "the golden file"})


def on(arm: ArmSpec, kernel: str) -> ArmSpec:
    """Return the arm on a forward, wherever its engine has it: not settled by this machine."""
    engine = arm.engine.model_copy(update={"kernel": kernel})
    try:
        has = engine.kind in KERNEL_ENGINES and kernel_of(engine)
    except EngineError:
        has = False
    engine = engine if has else engine.model_copy(update={"kernel": TORCH})
    return arm.model_copy(update={"engine": engine})


def planned(plan: str) -> list[str]:
    """Return a plan's folder, then its stages' fingerprints."""
    recipe, scale, kernel = plan.split()
    spec = size_problems(compose(recipe, [f"scale={scale}"]), None)
    arms = {name: on(arm, kernel) for name, arm in spec.arms.items()}
    spec = spec.model_copy(update={"arms": arms})
    names = sorted(node.fingerprint[:HEX] for node in graph.build_graph(spec))
    return [folder_for(Path(), spec).name, *names]


@pytest.mark.skipif(UPDATE, reason="the file is being written")
@pytest.mark.parametrize("plan", some(PLANS, 24))
def test_a_plan_names_its_results_as_before(plan):
    assert planned(plan) == json.loads(KEPT.read_text())[plan]


def test_every_plan_is_kept():
    if UPDATE:
        lines = {plan: planned(plan) for plan in PLANS}
        rows = [f"{json.dumps(plan)}: {json.dumps(names)}" for plan, names in lines.items()]
        KEPT.write_text("{\n" + ",\n".join(rows) + "\n}\n")
    assert list(json.loads(KEPT.read_text())) == PLANS
