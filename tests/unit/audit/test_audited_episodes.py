"""Records that episodes came to: what is not theirs is said so, and all else is checked as ever."""

from dataclasses import replace

import pytest
from healthy import BOS, EOS, SAMPLES, SPELLER, TURN, healthy

from llmx.audit.report import audit, lines
from llmx.audit.sent import UNASKED, Acted, Sent
from llmx.core.record import Message, Record

OF_PROMPTS = {
    *("duplicate_prompt", "question_sent", "answer_leak", "prompt_template", "double_bos"),
    *("prompt_eos", "prompt_text", "empty", "too_long", "cut_early", "cut_share", "identical"),
    *("finish_eos", "inner_eos", "vocabulary", "completion_text"),
}
"""What cannot be asked of an arm that asks no model: 16 of 26 checks."""


def with_all(sent: Sent, **update: object) -> Sent:
    """Change every record, and its score with it."""
    records = [one.model_copy(update=update) for one in sent.records]
    counts = {"rounds": records[0].rounds, "drafted": 0, "accepted": 0}
    scores = [
        old.model_copy(update={**counts, "tokens": one.tokens, "finish": one.finish})
        for old, one in zip(sent.scores or [], records, strict=True)
    ]
    return replace(sent, records=records, scores=scores)


def controlled() -> Sent:
    """An arm of a control: it asks nobody, and its records have no prompt and no token."""
    nothing = {"prompt_ids": (), "completion_ids": (), "prompt": "", "rounds": 0}
    none = {"drafted": 0, "accepted": 0, "prompt_tokens": 0, "completion_tokens": 0}
    sent = with_all(healthy(), **nothing, **none)
    return replace(sent, speller=None, acted=Acted(asks=False))


def asked() -> Sent:
    """An arm of a model: a record has counts of all replies, and the first prompt as text."""
    first = {
        (one.id, 0): one.model_copy(update={"completion_ids": (EOS,), "text": ""})
        for one in healthy().records
    }
    said = {"prompt_ids": (), "completion_ids": (), "rounds": 4, "completion_tokens": 11}
    sent = with_all(healthy(), **said, drafted=0, accepted=0, prompt_tokens=90)
    return replace(sent, acted=Acted(first=first))


def at_first(sent: Sent, **update: object) -> Sent:
    """Change the first reply of one episode."""
    assert sent.acted is not None
    key = (SAMPLES[5].id, 0)
    first = {**sent.acted.first, key: sent.acted.first[key].model_copy(update=update)}
    return replace(sent, acted=replace(sent.acted, first=first))


def failed(sent: Sent) -> set[str]:
    return {check.check for check in audit(sent).failures()}


def unmade(sent: Sent) -> dict[str, str]:
    return {one.check: one.detail for one in audit(sent).checks if one.passed is None}


def test_an_arm_that_asks_no_model_passes_and_says_what_is_not_its() -> None:
    found = audit(controlled())
    assert found.passed
    assert unmade(controlled()) == dict.fromkeys(OF_PROMPTS, UNASKED)
    assert len(found.checks) == 26 and found.shown == ()
    assert f"not checked `question_sent`: 0 of 0 ({UNASKED})" in "\n".join(lines(found))


def test_without_being_known_as_episodes_its_records_fail() -> None:
    assert {"duplicate_prompt", "question_sent"} <= failed(replace(controlled(), acted=None))


def test_a_control_may_say_the_same_everywhere_or_nothing() -> None:
    for text in ("", "cannot_be_determined"):
        assert audit(with_all(controlled(), text=text)).passed


def _scored(sent: Sent, **update: object) -> Sent:
    scores = list(sent.scores or [])
    scores[5] = scores[5].model_copy(update=update)
    return replace(sent, scores=scores)


def _record(sent: Sent, **update: object) -> Sent:
    records = list(sent.records)
    records[5] = records[5].model_copy(update=update)
    return replace(sent, records=records)


FAULTS = {
    "a score of other counts": (lambda s: _scored(s, tokens=77), "score_counts"),
    "no score": (lambda s: replace(s, scores=(s.scores or [])[:-1]), "score_counts"),
    "another answer": (lambda s: _scored(s, expected="999"), "expected_answer"),
    "a question of train": (
        lambda s: replace(s, others={"train": [SAMPLES[5].question]}),
        "overlap_train",
    ),
    "a problem twice": (lambda s: replace(s, records=[*s.records, s.records[5]]), "duplicate_id"),
    "a problem left out": (lambda s: replace(s, records=s.records[1:]), "missing_sample"),
    "a problem of nobody": (lambda s: _record(s, id="other"), "unknown_sample"),
    "another order": (lambda s: replace(s, records=s.records[::-1]), "sample_order"),
    "drafted tokens": (lambda s: _record(s, drafted=2), "counters"),
}


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("make", [controlled, asked])
def test_counts_scores_splits_and_answers_are_checked_as_ever(make, name: str) -> None:
    plant, wanted = FAULTS[name]
    assert failed(make()) == set()
    assert wanted in failed(plant(make()))


def test_an_arm_that_asks_no_model_has_no_tokens() -> None:
    assert failed(_record(controlled(), completion_tokens=3)) == {"counters", "score_counts"}
    assert failed(_record(controlled(), rounds=1)) == {"counters", "score_counts"}


def test_replies_are_rounds_and_tokens_come_of_replies() -> None:
    assert "counters" not in failed(_record(asked(), rounds=1))  # 11 tokens in one reply
    assert "counters" in failed(_record(asked(), rounds=0))


PROMPTS = {
    "another template": ((BOS, TURN), {"prompt_template", "prompt_text"}),
    "two BOS": ((BOS, BOS, TURN), {"prompt_template", "prompt_text", "double_bos"}),
    "an EOS": ((BOS, TURN, EOS), {"prompt_template", "prompt_text", "prompt_eos"}),
}


@pytest.mark.parametrize("name", PROMPTS)
def test_the_first_prompt_of_an_episode_is_checked_against_the_template(name: str) -> None:
    ids, wanted = PROMPTS[name]
    assert failed(at_first(asked(), prompt_ids=ids)) == wanted


def test_what_is_shown_are_the_ids_of_the_first_prompt() -> None:
    first = audit(asked()).shown[0]
    assert first.token_ids == SPELLER.encode(SPELLER.render(SAMPLES[0])[1])
    assert len(first.tokens) == len(first.token_ids) and first.template == first.prompt


def test_an_episode_without_a_recorded_prompt_is_left_out_and_counted() -> None:
    sent = asked()
    assert sent.acted is not None
    first = dict(list(sent.acted.first.items())[1:])
    checks = audit(replace(sent, acted=replace(sent.acted, first=first))).checks
    assert {one.of for one in checks if one.check == "prompt_template"} == {len(SAMPLES) - 1}
    none = replace(sent, acted=Acted())
    assert unmade(none)["prompt_template"] == "no turn of its episodes has a prompt"


def test_a_policy_with_words_of_its_own_need_not_hold_the_question() -> None:
    sent = with_all(asked(), prompt="catalogue #1")
    assert failed(replace(sent, speller=None)) == {"question_sent", "duplicate_prompt"}
    own = replace(sent, speller=None, acted=Acted(in_words=False))
    assert "question_sent" in unmade(own) and failed(own) == {"duplicate_prompt"}


def test_a_limit_is_no_cut_and_alike_are_whole_episodes_alone() -> None:
    same = with_all(asked(), text="cannot_be_determined", finish="length")
    assert {"cut_early", "cut_share"} <= set(unmade(same))
    assert failed(same) == {"identical"}
    told: list[Record] = [
        one.model_copy(update={"turns": (Message(role="assistant", content=one.id),)})
        for one in same.records
    ]
    assert failed(replace(same, records=told)) == set()
