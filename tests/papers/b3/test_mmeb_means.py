"""Means over the tasks of MMEB: the formula of the average, on any scores and on printed rows."""

import pytest
from counts import count
from hypothesis import given, settings
from hypothesis import strategies as st

from llmx.claims import known
from llmx.claims.quantity import quantity
from llmx.core.errors import DataError
from llmx.data.pairs.mmeb_tasks import COUNTS, TASKS
from llmx.papers.b3.mmeb_means import (
    AVERAGE,
    GROUPS,
    IN_DOMAIN,
    OUT_OF_DOMAIN,
    TaskScore,
    average_of,
    mean_of,
    members,
    scores_of,
    task_of,
)
from llmx.papers.b3.settings import MiningSettings
from llmx.papers.b3.stages.mmeb_report import figures_of, markdown

PAPER = known.find("b3", ())
CATEGORIES = {name: f"{name} ({tasks})" for name, tasks in COUNTS.items()}
shares = st.fixed_dictionaries({name: st.floats(0, 1) for name in TASKS})


def printed():
    """(table, setting) to metric to claim, of rows with four categories."""
    found = {}
    for one in PAPER.claims:
        if one.table.startswith(("Table 1:", "Table 2", "Table 4", "Table 5")):
            found.setdefault((one.table, one.setting), {})[one.metric] = one
    return found


def test_the_average_of_a_printed_row_is_that_of_its_categories_or_the_row_is_flagged():
    flagged = agreed = 0
    for (table, setting), row in printed().items():
        means = {name: row[metric].value for name, metric in CATEGORIES.items()}
        slack = 0.1 if table.startswith("Table 1:") else 0.01
        agrees = average_of(means) == pytest.approx(row["average (36)"].value, abs=slack)
        noted = any(one.note for one in row.values() if one.note != "placeholder")
        assert agrees is not noted, setting
        flagged, agreed = flagged + noted, agreed + agrees
    assert (flagged, agreed) == (10, 24)


@given(shares)
@settings(max_examples=count(30, 500))
def test_the_mean_over_tasks_is_that_of_categories_and_of_domains(found):
    scores = {name: TaskScore(value, 1000) for name, value in found.items()}
    means = {name: mean_of(scores, name)[0].estimate for name in COUNTS}
    (whole, tasks) = mean_of(scores, AVERAGE)
    assert tasks == 36 and average_of(means) == pytest.approx(whole.estimate)
    domains = [
        (mean_of(scores, one)[0].estimate, n) for one, n in ((IN_DOMAIN, 20), (OUT_OF_DOMAIN, 16))
    ]
    assert sum(value * n for value, n in domains) / 36 == pytest.approx(whole.estimate)
    assert whole.low <= whole.estimate + 1e-12 and whole.estimate <= whole.high + 1e-12


def test_groups_hold_each_task_as_often_as_they_should():
    assert [len(members(group)) for group in GROUPS] == [12, 10, 10, 4, 20, 16, 36]
    by_category = [name for group in COUNTS for name in members(group)]
    assert sorted(by_category) == sorted(members(AVERAGE)) == sorted(TASKS)
    assert not set(members(IN_DOMAIN)) & set(members(OUT_OF_DOMAIN))


def test_a_score_is_of_the_queries_of_its_task_over_all_trainings():
    one = {"Wiki-SS-NQ-test-0": True, "Wiki-SS-NQ-test-1": False, "RefCOCO-Matching-test-7": True}
    other = {**one, "Wiki-SS-NQ-test-1": True}
    assert task_of("Visual7W-Pointing-test-12") == "Visual7W-Pointing"
    found = scores_of([one, other])
    assert found == {
        "Wiki-SS-NQ": TaskScore(0.75, 2, 2), "RefCOCO-Matching": TaskScore(1.0, 1, 2)
    }  # fmt: skip


def test_figures_are_those_that_claims_ask_for():
    whole = {name: TaskScore(0.5, 1000) for name in TASKS}
    made = {figure.quantity for figure in figures_of("b3", whole)}
    for family in ("VQA", "retrieval"):
        part = {n: s for n, s in whole.items() if TASKS[n].category == family}
        made |= {figure.quantity for figure in figures_of("b3", part)}
    asked = {one.ours.quantity for one in PAPER.claims if one.ours is not None}
    assert len(asked) == 13 and {quantity(name).figure for name in asked} <= made


def test_a_page_over_some_tasks_says_so():
    few = {"b3": {"MSCOCO": TaskScore(0.5, 4), "VOC2007": TaskScore(0.25, 4)}}
    page = markdown("T", few)
    assert "2 of the 36 tasks" in page and "average (2)" in page and "| 37.50 |" in page
    assert "of the 36" not in markdown("T", {"b3": dict.fromkeys(TASKS, TaskScore(0.5, 1000))})


def test_a_width_may_be_that_of_a_family():
    how = MiningSettings(size=4, cluster=2, width=100, widths={"retrieval": 30})
    assert (how.width_of("retrieval"), how.width_of("short_answer")) == (30, 100)


def test_two_classes_are_refused_or_shared_out_at_random(two_classes):
    from llmx.papers.b3.mined import mined

    parts, how = two_classes
    with pytest.raises(DataError, match="has two labels"):
        mined(parts, how("refuse"))
    plan = mined(parts, how("random")).plan
    assert sorted(plan.epoch(0).batches.ravel().tolist()) == list(range(16))


@pytest.fixture
def two_classes():
    import numpy as np

    from llmx.papers.b3.dataset_rows import KnownRows, datasets

    target = np.arange(16) % 2
    ranks = np.array([[(row + step) % 16 for step in range(16)] for row in range(16)], np.int32)
    sides = (np.eye(16, dtype=np.float16), np.eye(16, dtype=np.float16))
    known_rows = KnownRows(ranks, target, None, sides)
    parts = datasets(known_rows, np.zeros(16, np.int32), {"memes": "classification"})
    return parts, lambda two: MiningSettings(size=4, cluster=2, two_labels=two)
