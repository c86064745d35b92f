"""The pages of a small invented run, byte by byte: its report, a comparison, invented trainings.

Of pages without their style, which has no numbers. After a change that is meant:
LLMX_UPDATE_GOLDEN=1 pytest tests/golden/report, then read the diff.
"""

import os
import re
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from trainings import run

from llmx.claims.compare.pair import GivenSide, compare
from llmx.claims.compare.terminal import render
from llmx.claims.compare.write import write as write_comparison
from llmx.core.progress import Silent
from llmx.core.spec import ArmSpec, StageSpec
from llmx.core.stage import StageContext, StageInput
from llmx.report.gather import gather
from llmx.report.timing import timing
from llmx.report.training.build import build, shown
from llmx.report.training.page import html, markdown
from llmx.stages.report import ReportStage
from llmx.store.files import read_json

HERE = Path(__file__).parent
RUN = HERE / "run"


def specs():
    return {k: ArmSpec.model_validate(v) for k, v in read_json(RUN / "arms.json").items()}


def inputs(arms):
    found = {f"{need}/{arm}": RUN / need / arm for need in ("generate", "score") for arm in arms}
    found |= {f"calibrate/{arm}": RUN / "calibrate" / arm for arm in ("fsd_60", "fsd_80")}
    return {**found, "speed": RUN / "speed"}


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    """Everything that is held here, in one folder."""
    folder = tmp_path_factory.mktemp("out")
    arms, options = specs(), {"title": "An invented run"}
    given = StageInput(
        StageSpec(name="report", kind="report", over="recipe", options=options), arms, "sd"
    )
    ReportStage().run(StageContext(given, {}, inputs(arms), folder, Silent()))
    write_compared(folder)
    write_trainings(folder)
    return folder


def write_compared(folder):
    """Two arms beside the reference, and one beside the arm of another run."""
    arms = specs()
    found = gather(inputs(arms), arms, ())

    def side(arm, run="one"):
        return GivenSide(run, arm, arms[arm], found.arms[arm], timing(found.blocks))

    pairs = [(side("sd"), side(arm)) for arm in ("fsd_60", "fsd_80")]
    made = compare([*pairs, (side("target"), side("fsd_80", "other"))])
    write_comparison(made, folder)
    console = Console(width=110, record=True, file=StringIO())
    console.print(render(made, 2))
    text = "\n".join(line.rstrip() for line in console.export_text().splitlines())
    (folder / "compare.txt").write_text(f"{text}\n", "utf-8")


def write_trainings(folder):
    """Five arms of two seeds and one of one, each with another reference or broken on purpose."""
    found = {
        f"k{k}": tuple(
            run(f"k{k}@seed={seed}", 0.2 + 0.1 * k, 10 * k + seed, steps=6, backtracks=k)
            for seed in range(2 if k else 1)
        )
        for k in range(6)
    }
    made = build(found, "Invented trainings", {"k3": "k1"}, "k2", 3, 0.5, ["k5"])
    (folder / "training.html").write_text(html(made, shown(found, ["k1"])), "utf-8")
    (folder / "training.md").write_text(markdown(made), "utf-8")


PAGES = ("report", "compare", "training")
FILES = (*(f"{page}.{kind}" for page in PAGES for kind in ("md", "html")), "plot.svg")


@pytest.mark.parametrize("name", [*FILES, "compare.svg", "compare.txt"])
def test_a_page_says_what_it_said(out, name):
    found = (out / name).read_text("utf-8")
    if name.endswith("html"):
        found = re.sub(r"<style>.*?</style>", "<style/>", found, flags=re.DOTALL)
    if os.environ.get("LLMX_UPDATE_GOLDEN"):
        (HERE / name).write_text(found, "utf-8")
    assert found == (HERE / name).read_text("utf-8")
