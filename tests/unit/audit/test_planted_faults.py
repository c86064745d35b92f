"""Faults planted in healthy evidence, one at a time: each is found by the check that is for it."""

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from healthy import BOS, COUNT, EOS, MOST, SAMPLES, SPELLER, TURN, healthy, score

from llmx.audit.report import audit, lines
from llmx.audit.sent import Sent
from llmx.core.record import Record

Plant = Callable[[Sent], Sent]


def spoil(place: int = 5, **update: Any) -> Plant:
    """Change one record, and its score with it."""

    def plant(sent: Sent) -> Sent:
        return with_records(sent, {place: sent.records[place].model_copy(update=update)})

    return plant


def with_records(sent: Sent, changed: dict[int, Record]) -> Sent:
    records = [changed.get(place, one) for place, one in enumerate(sent.records)]
    scores = [
        old.model_copy(
            update=score(sample, one).model_dump(
                include={"tokens", "finish", "rounds", "drafted", "accepted"}
            )
        )
        for old, sample, one in zip(sent.scores or [], SAMPLES, records, strict=True)
    ]
    return replace(sent, records=records, scores=scores)


def sent_ids(change: Callable[[tuple[int, ...]], tuple[int, ...]]) -> Plant:
    """Send other prompt ids, truly: the stored text follows them."""

    def plant(sent: Sent) -> Sent:
        ids = change(sent.records[5].prompt_ids)
        return spoil(prompt_ids=ids, prompt=SPELLER.spell(ids))(sent)

    return plant


def answered(change: Callable[[tuple[int, ...]], tuple[int, ...]], **update: Any) -> Plant:
    """Receive other completion ids, truly."""

    def plant(sent: Sent) -> Sent:
        ids = change(sent.records[5].completion_ids)
        return spoil(completion_ids=ids, text=SPELLER.answer(ids), **update)(sent)

    return plant


def many(count: int, plant: Callable[[int], Plant]) -> Plant:
    def planted(sent: Sent) -> Sent:
        for place in range(count):
            sent = plant(place)(sent)
        return sent

    return planted


def without(place: int) -> Plant:
    def plant(sent: Sent) -> Sent:
        def rest(rows: Any) -> list[Any]:
            return [row for at, row in enumerate(rows) if at != place]

        return replace(sent, records=rest(sent.records), scores=rest(sent.scores))

    return plant


def twice(sent: Sent) -> Sent:
    return replace(
        sent, records=[*sent.records, sent.records[2]], scores=[*sent.scores, sent.scores[2]]
    )


def swapped(sent: Sent) -> Sent:
    rows = list(sent.records)
    rows[2], rows[9] = rows[9], rows[2]
    return replace(sent, records=rows)


def other_dataset(sent: Sent) -> Sent:
    stranger = sent.records[4].model_copy(update={"id": "train-4"})
    return replace(sent, records=[*sent.records[:4], stranger, *sent.records[5:]])


def same_prompt(sent: Sent) -> Sent:
    first = sent.records[1]
    return spoil(2, prompt_ids=first.prompt_ids, prompt=first.prompt)(sent)


def rescored(**update: Any) -> Plant:
    def plant(sent: Sent) -> Sent:
        rows = list(sent.scores or [])
        rows[5] = rows[5].model_copy(update=update)
        return replace(sent, scores=rows)

    return plant


def unread(sent: Sent) -> Sent:
    rows = [row.model_copy(update={"unparsed": True}) for row in sent.scores or []]
    return replace(sent, scores=rows[: COUNT // 2] + list(sent.scores or [])[COUNT // 2 :])


def overlapping(split: str, question: str) -> Plant:
    def plant(sent: Sent) -> Sent:
        return replace(sent, others={**sent.others, split: ["Subtract 1 from 2", question]})

    return plant


def all_alike(sent: Sent) -> Sent:
    first = sent.records[0]
    same = {"completion_ids": first.completion_ids, "text": first.text}
    return many(COUNT, lambda place: spoil(place, **same))(sent)


def leaking(ids: tuple[int, ...]) -> tuple[int, ...]:
    return (*ids, *SPELLER.encode(SAMPLES[5].solution))


PLEASE = SPELLER.encode("please")

# name: (the fault, the check that is for it, others that must also see it)
PLANTED: dict[str, tuple[Plant, str, set[str]]] = {
    "a second BOS": (sent_ids(lambda ids: (BOS, *ids)), "double_bos", {"prompt_template"}),
    "no BOS where the template has one": (sent_ids(lambda ids: ids[1:]), "prompt_template", set()),
    "the template left out": (
        sent_ids(lambda ids: ids[2:-1]),
        "prompt_template",
        set(),
    ),
    "no generation prompt": (sent_ids(lambda ids: ids[:-1]), "prompt_template", set()),
    "an extra word in the prompt": (
        sent_ids(lambda ids: (*ids[:-1], *PLEASE, ids[-1])),
        "prompt_template",
        set(),
    ),
    "EOS after the prompt": (
        sent_ids(lambda ids: (*ids, EOS)),
        "prompt_eos",
        {"prompt_template"},
    ),
    "a prompt cut at its end": (
        sent_ids(lambda ids: ids[:-3]),
        "question_sent",
        {"prompt_template"},
    ),
    "a prompt cut at its beginning": (
        sent_ids(lambda ids: ids[4:]),
        "question_sent",
        {"prompt_template"},
    ),
    "the stored prompt is prettier than what was sent": (
        spoil(prompt="<s> <turn> Add 5 and 6 <turn> ."),
        "prompt_text",
        set(),
    ),
    "the solution in the prompt": (sent_ids(leaking), "answer_leak", {"prompt_template"}),
    "one id twice": (twice, "duplicate_id", set()),
    "one prompt under two ids": (
        same_prompt,
        "duplicate_prompt",
        {"prompt_template", "question_sent"},
    ),
    "a problem without an answer": (without(5), "missing_sample", set()),
    "a record of another split": (
        other_dataset,
        "unknown_sample",
        {"missing_sample", "score_counts"},
    ),
    "records in another order": (swapped, "sample_order", set()),
    "EOS missing though it says eos": (
        answered(lambda ids: ids[:-1], accepted=5),
        "finish_eos",
        set(),
    ),
    "EOS there though it says length": (spoil(finish="length"), "finish_eos", {"cut_early"}),
    "text that goes on after EOS": (
        answered(lambda ids: (ids[0], EOS, *ids[2:])),
        "inner_eos",
        set(),
    ),
    "an empty answer": (
        answered(lambda ids: (), finish="stop", accepted=0, rounds=0),
        "empty",
        set(),
    ),
    "longer than the cap": (
        answered(lambda ids: (*ids[:-1], *ids[:-1], EOS), rounds=12),
        "too_long",
        set(),
    ),
    "cut before the cap": (
        answered(lambda ids: ids[:-1], finish="length", accepted=5),
        "cut_early",
        set(),
    ),
    "most answers cut": (
        many(
            COUNT // 2,
            lambda place: answered_at(
                place, lambda ids: (ids[:-1] * 2)[:MOST], finish="length", rounds=12
            ),
        ),
        "cut_share",
        set(),
    ),
    "a token that the vocabulary has not": (
        spoil(completion_ids=(3, 99_999, EOS), accepted=1, rounds=2),
        "vocabulary",
        set(),
    ),
    "the stored answer is not what was received": (
        spoil(text="5 #### 11"),
        "completion_text",
        set(),
    ),
    "every answer the same": (all_alike, "identical", set()),
    "more accepted than drafted": (spoil(drafted=2), "counters", set()),
    "more tokens than its rounds can give": (spoil(rounds=1, accepted=2), "counters", set()),
    "a score of another record": (rescored(tokens=3), "score_counts", set()),
    "scored against another answer": (rescored(expected="12"), "expected_answer", set()),
    "scored against a part of the answer": (rescored(expected="1"), "expected_answer", set()),
    "half of the answers unread": (unread, "unparsed_share", set()),
    "a test question in the training split": (
        overlapping("train", "  add 5 AND 6. "),
        "overlap_train",
        set(),
    ),
    "a test question in the calibration split": (
        overlapping("calibration", "Add 7 and 8?"),
        "overlap_calibration",
        set(),
    ),
}


def answered_at(place: int, change: Callable[..., tuple[int, ...]], **update: Any) -> Plant:
    def plant(sent: Sent) -> Sent:
        ids = change(sent.records[place].completion_ids)
        return spoil(place, completion_ids=ids, text=SPELLER.answer(ids), **update)(sent)

    return plant


def failures(sent: Sent) -> set[str]:
    return {check.check for check in audit(sent).failures()}


def test_healthy_evidence_passes_every_check() -> None:
    found = audit(healthy())
    assert found.passed
    assert [check.check for check in found.checks if check.passed is not True] == []


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_is_found_by_its_check_and_by_no_innocent_one(name: str) -> None:
    plant, wanted, also = PLANTED[name]
    found = audit(plant(healthy()))
    assert not found.passed
    assert {check.check for check in found.failures()} == {wanted, *also}
    (check,) = [check for check in found.checks if check.check == wanted]
    assert check.detail and check.found >= 1


def test_every_check_has_a_fault_that_only_it_is_for() -> None:
    assert {wanted for _, wanted, _ in PLANTED.values()} == {
        check.check for check in audit(healthy()).checks
    }


@pytest.mark.parametrize("name", [n for n in PLANTED if n != "records in another order"])
def test_but_for_their_order_the_order_of_records_changes_nothing(name: str) -> None:
    planted = PLANTED[name][0](healthy())
    mixed = list(planted.records)
    random.Random(3).shuffle(mixed)
    assert failures(replace(planted, records=mixed)) - {"sample_order"} == failures(planted)


def read_as(answer: str, expected: str, scored: str) -> set[str]:
    """Return the checks that fail where one reference is `answer`, and another was scored."""
    sent = rescored(expected=expected, strict=expected, flexible=expected)(healthy())
    samples = list(sent.samples)
    name = samples[5].id
    samples[5] = samples[5].model_copy(update={"answer": answer})
    return {
        one.check for one in audit(replace(sent, samples=samples, scored={name: scored})).failures()
    }


def test_a_reference_may_be_written_otherwise_than_its_score_reads_it() -> None:
    assert "expected_answer" not in read_as("1/2", "0.5", scored="1/2")
    assert "expected_answer" not in read_as("5 million", "5000000", scored="5 million")
    assert "expected_answer" in read_as("1/2", "0.5", scored="1/3")
    assert "expected_answer" in read_as("5", "0.5", scored="5")


SHARES = [(0, True, "warn"), (1, False, "warn"), (3, False, "warn"), (4, False, "fail")]


@pytest.mark.parametrize(("cut", "passed", "level"), SHARES)
def test_a_few_cut_answers_warn_and_a_quarter_fails(cut: int, passed: bool, level: str) -> None:
    whole = many(
        cut,
        lambda place: answered_at(
            place, lambda ids: (ids[:-1] * 2)[:MOST], finish="length", rounds=12
        ),
    )(healthy())
    (check,) = [check for check in audit(whole).checks if check.check == "cut_share"]
    assert (check.passed, check.level) == (passed, level)
    assert audit(whole).passed is (level == "warn")


TAKEN = {"finish": "filtered", "text": "", "completion_ids": (), "rounds": 0, "accepted": 0}
RARE = {
    "an answer that a filter took": (spoil(**TAKEN), "filtered_share"),
    "a question that ends its own turn": (
        lambda sent: asking(sent, f"Add 5 and 6 {SPELLER.spell([EOS, TURN])}"), "special_in_text"
    ),
}  # fmt: skip


def asking(sent: Sent, question: str) -> Sent:
    """Ask the fifth problem in other words, truly."""
    samples = [one.model_copy(update={"question": question}) if at == 5 else one
               for at, one in enumerate(SAMPLES)]  # fmt: skip
    ids = SPELLER.encode(SPELLER.render(samples[5])[1])
    return spoil(prompt_ids=ids, prompt=SPELLER.spell(ids))(replace(sent, samples=samples))


@pytest.mark.parametrize("name", RARE)
def test_what_most_arms_have_not_is_said_of_those_that_have_it(name: str) -> None:
    plant, wanted = RARE[name]
    found = audit(replace(plant(healthy()), scores=None))
    (check,) = [check for check in found.checks if check.level == "warn" and not check.passed]
    assert (check.check, check.found, check.of) == (wanted, 1, COUNT)
    assert found.passed and wanted in "\n".join(lines(found))
    assert wanted not in {check.check for check in audit(healthy()).checks}


def test_a_quarter_of_filtered_answers_fails_and_they_are_not_empty_or_alike() -> None:
    for count in (COUNT // 4, COUNT):
        found = audit(many(count, lambda place: spoil(place, **TAKEN))(healthy()))
        assert {check.check for check in found.failures()} == {"filtered_share"}


def test_without_a_tokenizer_its_checks_are_said_not_to_be_made() -> None:
    found = audit(replace(healthy(), speller=None, scores=None, others={"train": None}))
    unmade = {check.check for check in found.checks if check.passed is None}
    assert found.passed
    assert {
        "prompt_template",
        "double_bos",
        "finish_eos",
        "score_counts",
        "overlap_train",
    } <= unmade
    text = "\n".join(lines(found))
    assert "not checked `double_bos`" in text


def test_the_page_shows_the_fault_first_and_the_prompt_beside_the_template() -> None:
    plant = PLANTED["a second BOS"][0]
    found = audit(replace(plant(healthy()), records=[plant(healthy()).records[5]]))
    text = list(lines(found))
    assert text[0] == "# Audit: FAILED"
    assert "fail `" in text[2]
    page = "\n".join(text)
    assert "    <s>|<s>|<turn>|Add|5|and|6|<turn>" in page
    assert "    <s> <turn> Add 5 and 6 <turn>" in page
    assert "Token ids: 0 0 2" in page
