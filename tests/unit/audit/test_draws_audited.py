"""Evidence of several draws a problem: what is one fault of one answer is none of another draw."""

from dataclasses import replace

import pytest
from healthy import SAMPLES, healthy

from llmx.audit.report import audit
from llmx.audit.sent import Sent

DRAWS = 3


def drawn() -> Sent:
    """Every problem answered three times, its draws together."""
    sent = healthy()
    rows = [
        [one.model_copy(update={"draw": draw}) for one in of for draw in range(DRAWS)]
        for of in (sent.records, sent.scores)
    ]
    return replace(sent, records=rows[0], scores=rows[1])


def failed(sent: Sent) -> dict[str, int]:
    return {check.check: check.found for check in audit(sent).checks if not check.passed}


def test_draws_are_no_duplicates():
    assert failed(drawn()) == {}


def test_a_draw_that_is_there_twice_is_one():
    sent = drawn()
    records = list(sent.records)
    records[4] = records[4].model_copy(update={"draw": 0})
    assert failed(replace(sent, records=records)) == {"duplicate_id": 2, "missing_sample": 1}


@pytest.mark.parametrize("place", [0, 4, 3 * len(SAMPLES) - 1])
def test_a_draw_that_is_missing_is_missed(place):
    sent = drawn()
    records = [one for at, one in enumerate(sent.records) if at != place]
    assert failed(replace(sent, records=records)) == {"missing_sample": 1}


def test_a_score_is_that_of_its_draw():
    sent = drawn()
    scores = list(sent.scores)
    scores[4] = scores[4].model_copy(update={"tokens": scores[4].tokens + 1})
    assert failed(replace(sent, scores=scores)) == {"score_counts": 1}


def test_another_problem_with_the_same_prompt_is_found_in_every_draw():
    sent = drawn()
    records = list(sent.records)
    for draw in range(DRAWS):
        twin = records[draw]
        changed = {"prompt_ids": twin.prompt_ids, "prompt": twin.prompt}
        records[3 + draw] = records[3 + draw].model_copy(update=changed)
    assert failed(replace(sent, records=records))["duplicate_prompt"] == 6
