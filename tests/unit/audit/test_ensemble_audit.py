"""What an ensemble sent and received: no ids of prompts, no EOS, and drafts among what it read."""

from dataclasses import replace

import pytest
from healthy import EOS, SAMPLES, SPELLER, healthy
from test_planted_faults import failures, with_records

from llmx.audit.report import audit
from llmx.audit.sent import Sent

WITHOUT_IDS = {"prompt_template", "double_bos", "prompt_eos", "prompt_text", "finish_eos"}


def together(drafts: bool = True) -> Sent:
    """The healthy evidence as an ensemble leaves it; member `a` has written each solution."""
    sent = healthy()
    said = {one.id: {"a": one.solution} if drafts else {} for one in SAMPLES}
    changed = {}
    for place, (sample, record) in enumerate(zip(SAMPLES, sent.records, strict=True)):
        heard = f"system: Drafts:\n\n{sample.solution}\n" if drafts else ""
        update = {
            "prompt_ids": (),
            "prompt": f"{heard}user: {sample.question}",
            "completion_ids": record.completion_ids[:-1],
            "rounds": 2,
            "drafted": 0,
            "accepted": 0,
        }
        changed[place] = record.model_copy(update=update)
    return replace(with_records(sent, changed), drafts=said)


def spoilt(sent: Sent, **update) -> Sent:
    return with_records(sent, {5: sent.records[5].model_copy(update=update)})


def words(sent: Sent) -> dict[str, bool | None]:
    return {check.check: check.passed for check in audit(sent).checks}


def test_an_ensemble_passes_and_what_cannot_be_checked_is_said():
    found = words(together())
    assert {name for name, passed in found.items() if passed is None} == {
        *WITHOUT_IDS,
        "answer_leak",
    }
    assert all(passed for passed in found.values() if passed is not None)


def test_a_model_that_hears_nobody_must_not_read_the_solution():
    sent = together(drafts=False)
    assert words(sent)["answer_leak"] is True
    leaking = f"{sent.records[5].prompt} {SAMPLES[5].solution}"
    assert failures(spoilt(sent, prompt=leaking)) == {"answer_leak"}


def test_the_same_records_of_a_model_alone_fail():
    assert {"prompt_template", "finish_eos", "answer_leak"} <= failures(
        replace(together(), drafts=None)
    )


FAULTS = {
    "another question": ({"prompt": "user: Add 9 and 9"}, "question_sent"),
    "an EOS that was handed over": (
        {"completion_ids": (*SPELLER.encode(SAMPLES[5].solution), EOS)},
        "inner_eos",
    ),
    "another text than its ids": ({"text": "5"}, "completion_text"),
    "more chunks than tokens": ({"rounds": 99}, "counters"),
    "tokens of a draft model": ({"drafted": 3}, "counters"),
    "cut early": ({"finish": "length"}, "cut_early"),
}


@pytest.mark.parametrize(("update", "check"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_found_by_the_check_that_is_for_it(update, check):
    assert check in failures(spoilt(together(), **update))
