"""The report of a small invented run, byte by byte.

After a change that is meant: LLMX_UPDATE_GOLDEN=1 pytest tests/golden/report, then read the diff.
"""

import os
from pathlib import Path

import pytest

from llmx.core.progress import Silent
from llmx.core.spec import ArmSpec, StageSpec
from llmx.core.stage import StageContext, StageInput
from llmx.stages.report import ReportStage
from llmx.store.files import read_json

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    run = HERE / "run"
    specs = read_json(run / "arms.json")
    arms = {name: ArmSpec.model_validate(spec) for name, spec in specs.items()}
    options = {"title": "An invented run"}
    given = StageInput(
        StageSpec(name="report", kind="report", over="recipe", options=options), arms, "sd"
    )
    inputs = {f"{need}/{arm}": run / need / arm for need in ("generate", "score") for arm in arms}
    inputs |= {f"calibrate/{arm}": run / "calibrate" / arm for arm in ("fsd_60", "fsd_80")}
    inputs["speed"] = run / "speed"
    folder = tmp_path_factory.mktemp("out")
    ReportStage().run(StageContext(given, {}, inputs, folder, Silent()))
    return folder


@pytest.mark.parametrize("name", ["report.md", "plot.svg"])
def test_report(out, name):
    found = (out / name).read_text("utf-8")
    if os.environ.get("LLMX_UPDATE_GOLDEN"):
        (HERE / name).write_text(found, "utf-8")
    assert found == (HERE / name).read_text("utf-8")
