"""The report says what a calibrated threshold may lose, beside the share that another has."""

import pytest

from llmx.report.results import Calibration, Results, Row
from llmx.report.tables import tables


def cells(*rows: Row) -> dict[str, list[str]]:
    """Return column → cells of the table about decoding."""
    found = {
        column.title: [column.cell(row) for row in table.rows]
        for table in tables(Results(title="t", rows=rows))
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
        Row(arm="acc", draft_share=0.93, calibration=Calibration(**calibration)),
        Row(arm="share", draft_share=0.93, asked_share=0.92, calibration=Calibration()),
    )
    found = cells(*rows)
    assert found["Asked loss"] == [text, "–"] and found["Asked share"] == ["–", "92.0"]


def test_where_no_accuracy_was_asked_there_is_no_column():
    assert "Asked loss" not in cells(Row(arm="share", draft_share=0.93, asked_share=0.92))
