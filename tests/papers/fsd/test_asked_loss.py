"""The report says what a calibrated threshold may lose, beside the share that another has."""

from dataclasses import replace

import pytest
from result_rows import results, row

from llmx.core.spec import ArmSpec
from llmx.report.figures.names import LOSS
from llmx.report.gather import ArmFiles
from llmx.report.measure import arm_figures
from llmx.report.results import StoredCalibration
from llmx.report.tables import tables


def cells(*rows: dict) -> dict[str, list[str]]:
    """Return column → cells of the table about decoding."""
    found = {
        column.title: [column.cell(arm) for arm in table.arms]
        for table in tables(results(*rows))
        for column in table.columns
    }
    return found


FOUND = {"asked_loss": 0.01, "loss": 0.006, "standard_error": 0.0094}


@pytest.mark.parametrize(
    ("calibration", "text"),
    [
        (FOUND, "1.0 (+0.6 ± 0.9)"),
        ({**FOUND, "loss": -0.02}, "1.0 (−2.0 ± 0.9)"),
        ({"asked_loss": 0.01}, "1.0"),
    ],
    ids=["lost", "gained", "asked alone"],
)
def test_what_was_asked_stands_beside_what_was_lost(calibration, text):
    rows = (
        row(arm="acc", draft_share=0.93, calibration=StoredCalibration(**calibration)),
        row(arm="share", draft_share=0.93, asked_share=0.92, calibration=StoredCalibration()),
    )
    found = cells(*rows)
    assert found["Asked loss"] == [text, "–"] and found["Asked share"] == ["–", "92.0"]


def test_where_no_accuracy_was_asked_there_is_no_column():
    assert "Asked loss" not in cells(row(arm="share", draft_share=0.93, asked_share=0.92))


def test_the_loss_of_several_seeds_is_their_mean():
    """And so is the standard error: all seeds have the same problems."""
    known = [StoredCalibration(**{**FOUND, "loss": loss}) for loss in (0.006, 0.012, -0.036)]
    known[2] = known[2].model_copy(update={"standard_error": 0.0214})
    one = row(arm="acc", draft_share=0.9, calibration=known[0], calibration_seeds=tuple(known))
    assert cells(one)["Asked loss"] == ["1.0 (−0.6 ± 1.3)"]


def test_the_report_of_several_seeds_has_the_loss_of_each():
    runs = tuple(ArmFiles(calibration=StoredCalibration(loss=loss)) for loss in (0.1, 0.2))
    several = arm_figures("a", ArmSpec(), replace(runs[0], seeds=runs))
    for figures, mean, seeds in (
        (several, 0.15, 2),
        (arm_figures("a", ArmSpec(), runs[0]), 0.1, 1),
    ):
        (loss,) = (one for one in figures if one.quantity == LOSS)
        assert loss.span.estimate == pytest.approx(mean) and loss.seeds == seeds
