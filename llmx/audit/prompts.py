"""Was the right question asked, in the model's own template, once?"""

from __future__ import annotations

from collections.abc import Iterator

from llmx.audit.identity import Identity
from llmx.audit.sent import UNASKED, Sent, Speller
from llmx.audit.watch import Every, Watch, unchecked
from llmx.core.audit import Check
from llmx.core.record import Record, Sample

_OF_IDS = ("prompt_template", "double_bos", "prompt_eos", "prompt_text")

_SHORT = 12
"""A worked solution shorter than this may stand in a question by chance."""


def prompts(sent: Sent) -> Iterator[Watch]:
    """Yield what makes every check of the prompts."""
    if sent.unasked:
        yield Identity(sent.samples, UNASKED)
        yield unchecked(UNASKED, "question_sent", "answer_leak", *_OF_IDS)
        return
    yield Identity(sent.samples)
    yield from _content(sent)
    if sent.speller is None or sent.drafts is not None:
        why = "the engine has no tokenizer" if sent.drafts is None else "its prompts keep no ids"
        yield unchecked(why, *_OF_IDS)
    elif sent.acted is not None and not sent.acted.first:
        yield unchecked("no turn of its episodes has a prompt", *_OF_IDS)
    else:
        yield from _tokens(sent, sent.speller)


def _content(sent: Sent) -> Iterator[Watch]:
    def unasked(record: Record) -> bool:
        sample = sent.asked(record)
        return sample is not None and sample.question not in record.prompt

    def leaked(record: Record) -> bool:
        sample = sent.asked(record)
        return sample is not None and _leaks(sample, record.prompt)

    if sent.acted is not None and not sent.acted.in_words:
        yield unchecked("the policy puts the problem in its own words", "question_sent")
    else:
        yield Every("question_sent", unasked, "the prompt does not hold the question")
    if any((sent.drafts or {}).values()):
        # A member that is right has written the worked solution, and is meant to be heard.
        yield unchecked("the prompt holds what other members wrote", "answer_leak")
    else:
        yield Every("answer_leak", leaked, "the prompt holds the worked solution")


def _leaks(sample: Sample, prompt: str) -> bool:
    rest = prompt.replace(sample.question, "")
    solution = sample.solution.strip()
    return (len(solution) >= _SHORT and solution in rest) or f"#### {sample.answer}" in rest


def _tokens(sent: Sent, speller: Speller) -> Iterator[Watch]:
    rendered = _Rendered(sent, speller)

    def there(record: Record) -> bool:
        return sent.acted is None or (record.id, record.draw) in sent.acted.first

    def asked(record: Record) -> bool:
        return record.id in sent.problems and there(record)

    def bos(record: Record) -> bool:
        start = [token == speller.bos_id for token in sent.opening(record).prompt_ids[:2]]
        return speller.bos_id is not None and start == [True, True]

    def ends(record: Record) -> bool:
        wanted = sum(token in speller.eos_ids for token in rendered.of(record))
        ids = sent.opening(record).prompt_ids
        return sum(token in speller.eos_ids for token in ids) != wanted

    def other(record: Record) -> bool:
        return list(sent.opening(record).prompt_ids) != rendered.of(record)

    def misspelt(record: Record) -> bool:
        return record.prompt != speller.spell(sent.opening(record).prompt_ids)

    yield SpeltTokens(sent, speller)
    yield Every("prompt_template", other, "not what the chat template gives", of=asked)
    yield Every("double_bos", bos, "begins with two BOS tokens", of=there)
    yield Every("prompt_eos", ends, "another number of EOS tokens than the template's", of=asked)
    what = "the stored prompt is not what its token ids say"
    yield Every("prompt_text", misspelt, what, of=there)


class SpeltTokens:
    """Whether the text of a question becomes special tokens: it may end its own turn with one.

    Most arms have none, and nothing is said of those.
    """

    def __init__(self, sent: Sent, speller: Speller) -> None:
        self.sent, self.speller = sent, speller
        self.seen = self.bad = 0
        self.first = ""

    def see(self, record: Record) -> None:
        """Look at the texts of the record's problem."""
        sample = self.sent.asked(record)
        if sample is None:
            return
        self.seen += 1
        found = self.speller.special_in(sample)
        if found:
            self.bad += 1
            text = f"{record.id}: its text spells {len(found)} special tokens, {found[0]} first"
            self.first = self.first or text

    def checks(self) -> Iterator[Check]:
        """Yield the check, if there is anything to say."""
        if self.bad:
            yield Check(
                check="special_in_text",
                level="warn",
                passed=False,
                found=self.bad,
                of=self.seen,
                detail=self.first,
            )


class _Rendered:
    """What the template makes of the problem that the record which is looked at was asked."""

    def __init__(self, sent: Sent, speller: Speller) -> None:
        self.sent, self.speller = sent, speller
        self.asked: Sample | None = None
        self.ids: list[int] = []

    def of(self, record: Record) -> list[int]:
        """Return the ids; rendered once for all checks of a record."""
        asked = self.sent.asked(record)
        assert asked is not None
        if asked != self.asked:
            self.ids = self.speller.render(asked)[0]
            self.asked = asked
        return self.ids
