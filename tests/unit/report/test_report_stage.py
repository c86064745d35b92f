"""Stage `report`: from folders to files, with whatever is there."""

import pytest
from invented import arm_specs, write_run

from llmx.core.errors import ConfigError
from llmx.core.progress import Silent
from llmx.core.registry import lookup
from llmx.core.spec import StageSpec
from llmx.core.stage import StageContext, StageInput
from llmx.report.figures.decoded import of_results
from llmx.report.figures.names import PROBLEM_RATE, TOKEN_RATE
from llmx.report.figures.read import results_in
from llmx.report.results import load_results
from llmx.stages.report import ReportStage
from llmx.store.files import read_json

NAMES = ["target", "sd", "fsd_60"]
FILES = {"results.json", "figures.json", "report.md", "report.html", "plot.svg"}


def given(options=None, reference="sd", names=NAMES):
    stage = StageSpec(name="report", kind="report", over="recipe", options=options or {})
    return StageInput(stage, arm_specs(names), reference)


def run(tmp_path, inputs, asked=None):
    out = tmp_path / "out"
    out.mkdir(exist_ok=True)
    ReportStage().run(StageContext(asked or given(), {}, inputs, out, Silent()))
    return out


def test_all_files_are_written_twice_alike(tmp_path):
    inputs = write_run(tmp_path / "in", NAMES, problems=6)
    written = []
    for _ in range(2):
        out = run(tmp_path, inputs)
        written.append({path.name: path.read_bytes() for path in out.iterdir()})
    assert written[0].keys() == FILES
    assert written[0] == written[1]


def test_results_read_back(tmp_path):
    out = run(tmp_path, write_run(tmp_path / "in", NAMES, problems=6), given({"title": "A title"}))
    results = load_results(read_json(out / "results.json"))
    assert (results.title, results.reference, results.baseline) == ("A title", "sd", "target")
    assert [row["arm"] for row in results.rows] == NAMES
    assert (results.batch_size, results.speed_rounds) == (1, 4)


def bare(found):
    """What a row says of a figure: how often it was timed is said of none."""
    return {
        (one.quantity, one.arm, one.against, one.span, one.unit, one.n, one.seeds, one.expected)
        for one in found
        if one.quantity not in (TOKEN_RATE, PROBLEM_RATE)
    }


def test_the_rows_of_results_say_what_the_figures_say(tmp_path):
    """So do files of older versions, which have rows alone: one table of places serves both."""
    names = [*NAMES, "fsd_80", "random_70"]
    inputs = write_run(tmp_path / "in", names, problems=25)
    found = results_in(run(tmp_path, inputs, given(names=names)))
    again = of_results(found)
    thresholds = {row["arm"]: (row["calibration"] or {}).get("threshold") for row in found.rows}
    assert thresholds["fsd_60"] == 0.12 and thresholds["sd"] is None
    assert bare(again.figures) == bare(found.figures.figures) and again.marks == found.figures.marks
    rates = {(one.arm, one.against): one.span for one in again.of(TOKEN_RATE)}
    assert rates == {(one.arm, one.against): one.span for one in found.figures.of(TOKEN_RATE)}
    assert set(rates) >= {("sd", None), ("fsd_60", "sd"), ("fsd_60", "target"), ("sd", "target")}


PARTS = {
    "nothing": (),
    "answers only": ("generate",),
    "scores only": ("score",),
    "speed only": ("speed",),
    "no speed": ("generate", "score", "calibrate"),
    "no calibration": ("generate", "score", "speed"),
}


@pytest.mark.parametrize("stages", PARTS.values(), ids=PARTS)
def test_it_reports_whatever_there_is(tmp_path, stages):
    inputs = write_run(tmp_path / "in", NAMES, problems=6)
    kept = {key: path for key, path in inputs.items() if key.partition("/")[0] in stages}
    out = run(tmp_path, kept)
    results = load_results(read_json(out / "results.json"))
    assert all((row["accuracy"] is not None) == ("score" in stages) for row in results.rows)
    assert all(
        (row["tokens_per_second"] is not None) == ("speed" in stages) for row in results.rows
    )
    assert ("<article" in (out / "report.html").read_text()) == ("generate" in stages)


def test_without_the_reference_there_is_no_comparison(tmp_path):
    names = ["target", "fsd_60"]
    out = run(tmp_path, write_run(tmp_path / "in", names, problems=6), given(names=names))
    results = load_results(read_json(out / "results.json"))
    assert results.reference is None
    assert all(row["difference"] is None for row in results.rows)


def test_identity_holds_order_reference_title_and_arms():
    stage, plain = ReportStage(), ReportStage().identity(given())
    others = [
        given(names=NAMES[::-1]),
        given(reference="target"),
        given({"title": "x"}),
        given(names=NAMES[:2]),
    ]
    assert stage.identity(given()) == plain
    assert all(stage.identity(other) != plain for other in others)


def test_a_wrong_option_is_refused_with_the_nearest():
    with pytest.raises(ConfigError, match="did you mean title"):
        ReportStage().identity(given({"titel": "x"}))


def test_the_registry_knows_it():
    stage = lookup("stage", "report")()
    assert (stage.kind, stage.timing, stage.applies(given())) == ("report", False, True)
