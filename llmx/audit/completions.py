"""Did answers end as they say, hold what their token ids say, and could they be read?"""

from __future__ import annotations

from collections.abc import Iterator

from llmx.audit.sent import Sent, Speller, check, share_check, unchecked
from llmx.core.audit import Check
from llmx.core.record import Record

CUT = (0.02, 0.25)
"""Shares of answers ended by the length cap: from 2 % on accuracy depends on the cap, from 25 % on
it is mostly a matter of it."""

UNREAD = (0.05, 0.5)
"""Shares of answers without an answer in the asked form; a weak model may miss the form, but where
half are unread accuracy measures the form."""

_FEW = 8


def completions(sent: Sent) -> Iterator[Check]:
    """Yield every check of the completions."""
    most = sent.max_tokens
    yield check("empty", sent.records, lambda r: not r.tokens and not r.text, "no token at all")
    yield check("too_long", sent.records, lambda r: r.tokens > most, f"over {most}")
    yield check(
        "cut_early",
        sent.records,
        lambda r: r.finish == "length" and r.tokens < most,
        f"says it was cut at {most} tokens and has fewer",
    )
    cut = sum(record.finish == "length" for record in sent.records)
    yield share_check("cut_share", cut, len(sent.records), *CUT, "of the answers were cut")
    yield _alike(sent)
    if sent.speller is None:
        for name in ("finish_eos", "inner_eos", "vocabulary", "completion_text"):
            yield unchecked(name, "the engine has no tokenizer")
    else:
        yield from _tokens(sent, sent.speller)


def _alike(sent: Sent) -> Check:
    texts = {record.received for record in sent.records}
    alike = len(sent.records) >= _FEW and len(texts) == 1
    return Check(
        check="identical",
        level="fail",
        passed=not alike,
        found=len(sent.records) if alike else 0,
        of=len(sent.records),
        detail="every answer is the same" if alike else "",
    )


def _tokens(sent: Sent, speller: Speller) -> Iterator[Check]:
    def ends(record: Record) -> bool:
        return bool(record.completion_ids) and record.completion_ids[-1] in speller.eos_ids

    # What members of an ensemble hand over ends before the EOS.
    last = -1 if sent.drafts is None else None

    def inside(record: Record) -> bool:
        return any(token in speller.eos_ids for token in record.completion_ids[:last])

    def strange(record: Record) -> bool:
        tokens = (*record.prompt_ids, *record.completion_ids)
        return any(not 0 <= token < speller.vocab_size for token in tokens)

    def misnamed(record: Record) -> bool:
        return (record.finish == "eos") != ends(record) and record.finish != "stop"

    if sent.drafts is None:
        what = "its last token and its finish reason disagree on EOS"
        yield check("finish_eos", sent.records, misnamed, what)
    else:
        yield unchecked("finish_eos", "an ensemble's answer keeps no EOS")
    yield check("inner_eos", sent.records, inside, "goes on after an EOS")
    yield check("vocabulary", sent.records, strange, "a token id outside of the vocabulary")
    readable = [record for record in sent.records if not strange(record)]
    yield check(
        "completion_text",
        readable,
        lambda r: r.text != speller.answer(r.completion_ids),
        "the stored text is not what its token ids say",
    )
