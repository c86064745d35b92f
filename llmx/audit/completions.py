"""Did answers end as they say, hold what their token ids say, and could they be read?"""

from __future__ import annotations

from collections.abc import Iterator

from llmx.audit.sent import UNASKED, Sent, Speller
from llmx.audit.watch import Every, Rare, Share, Watch, unchecked
from llmx.core.audit import Check
from llmx.core.record import Record

CUT = (0.02, 0.25)
"""Shares of answers ended by the length cap: from 2 % on accuracy depends on the cap, from 25 % on
it is mostly a matter of it."""

UNREAD = (0.05, 0.5)
"""Shares of answers without an answer in the asked form; a weak model may miss the form, but where
half are unread accuracy measures the form."""

FILTERED = (0.0, 0.25)
"""Shares of answers that a filter of an endpoint took: any is said, and from 25 % on accuracy is
mostly a matter of the filter."""

_OF_IDS = ("finish_eos", "inner_eos", "vocabulary", "completion_text")

_FEW = 8


def completions(sent: Sent) -> Iterator[Watch]:
    """Yield what makes every check of the completions."""
    if sent.unasked:
        names = ("empty", "too_long", "cut_early", "cut_share", "identical")
        yield unchecked(UNASKED, *names, *_OF_IDS)
        return
    yield from _lengths(sent, sent.max_tokens)
    yield Rare("filtered_share", lambda r: r.finish == "filtered", *FILTERED, "were filtered")
    yield _Alike(whole=sent.acted is not None)
    if sent.speller is None:
        yield unchecked("the engine has no tokenizer", *_OF_IDS)
    elif sent.acted is not None:
        yield unchecked("the token ids of an episode stand in its turns", *_OF_IDS)
    else:
        yield from _tokens(sent, sent.speller)


def _lengths(sent: Sent, most: int) -> Iterator[Watch]:
    yield Every(
        "empty",
        lambda r: not r.tokens and not r.text and r.finish != "filtered",
        "no token at all",
    )
    yield Every("too_long", lambda r: r.tokens > most, f"over {most}")
    if sent.acted is not None:
        # Running out of turns or calls is what an episode came to, and no fault of a cap.
        yield unchecked("a limit of the episode may have ended it", "cut_early", "cut_share")
        return
    yield Every(
        "cut_early",
        lambda r: r.finish == "length" and r.tokens < most,
        f"says it was cut at {most} tokens and has fewer",
    )
    yield Share("cut_share", lambda r: r.finish == "length", *CUT, "of the answers were cut")


class _Alike:
    """Whether every answer is the same.

    Args:
        whole: whether what was said before it counts too: episodes may well end in one word.
    """

    def __init__(self, whole: bool = False) -> None:
        self.whole = whole
        self.seen, self.alike = 0, True
        self.first: object = None

    def see(self, record: Record) -> None:
        """Compare the record with the first; what a filter took is nobody's answer."""
        if record.finish == "filtered":
            return
        said = (record.received, record.turns if self.whole else ())
        self.first = self.first if self.seen else said
        self.seen += 1
        self.alike = self.alike and said == self.first

    def checks(self) -> Iterator[Check]:
        """Yield the check: of a few answers nothing is said."""
        alike = self.seen >= _FEW and self.alike
        yield Check(
            check="identical",
            level="fail",
            passed=not alike,
            found=self.seen if alike else 0,
            of=self.seen,
            detail="every answer is the same" if alike else "",
        )


def _tokens(sent: Sent, speller: Speller) -> Iterator[Watch]:
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

    def misread(record: Record) -> bool:
        return record.text != speller.answer(record.completion_ids)

    if sent.drafts is None:
        what = "its last token and its finish reason disagree on EOS"
        yield Every("finish_eos", misnamed, what)
    else:
        yield unchecked("an ensemble's answer keeps no EOS", "finish_eos")
    yield Every("inner_eos", inside, "continues after an EOS")
    yield Every("vocabulary", strange, "a token id outside of the vocabulary")
    yield Every(
        "completion_text",
        misread,
        "the stored text is not what its token ids say",
        of=lambda record: not strange(record),
    )
