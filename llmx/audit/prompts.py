"""Was the right question asked, in the model's own template, once?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from llmx.audit.sent import Sent, Speller, check, unchecked
from llmx.core.audit import Check
from llmx.core.record import Record, Sample

_SHORT = 12
"""A worked solution shorter than this may stand in a question by chance."""


def prompts(sent: Sent) -> Iterator[Check]:
    """Yield every check of the prompts."""
    yield from _identity(sent)
    yield from _content(sent)
    if sent.speller is None or sent.drafts is not None:
        why = "the engine has no tokenizer" if sent.drafts is None else "its prompts keep no ids"
        for name in ("prompt_template", "double_bos", "prompt_eos", "prompt_text"):
            yield unchecked(name, why)
    else:
        yield from _tokens(sent, sent.speller)


def _identity(sent: Sent) -> Iterator[Check]:
    ids = Counter(record.id for record in sent.records)
    yield check("duplicate_id", sent.records, lambda r: ids[r.id] > 1, "answered more than once")
    texts = Counter(record.sent for record in sent.records)
    yield check(
        "duplicate_prompt",
        sent.records,
        lambda r: texts[r.sent] > 1 and ids[r.id] == 1,
        "another id has the same prompt",
    )
    wanted = [sample.id for sample in sent.samples]
    there = [record.id for record in sent.records]
    missing = [name for name in wanted if name not in ids]
    strange = [name for name in there if name not in set(wanted)]
    yield _ids("missing_sample", missing, len(wanted), "was not answered")
    yield _ids("unknown_sample", strange, len(there), "is not in the dataset")
    common = [name for name in dict.fromkeys(there) if name in set(wanted)]
    order = [name for name in wanted if name in ids]
    moved = [one for one, other in zip(common, order, strict=True) if one != other]
    yield _ids("sample_order", moved, len(common), "is not in the dataset's place")


def _ids(name: str, bad: list[str], of: int, what: str) -> Check:
    detail = f"{bad[0]} {what}" if bad else ""
    return Check(check=name, level="fail", passed=not bad, found=len(bad), of=of, detail=detail)


def _content(sent: Sent) -> Iterator[Check]:
    known = sent.problems()

    def unasked(record: Record) -> bool:
        sample = known.get(record.id)
        return sample is not None and sample.question not in record.prompt

    def leaked(record: Record) -> bool:
        sample = known.get(record.id)
        return sample is not None and _leaks(sample, record.prompt)

    yield check("question_sent", sent.records, unasked, "the prompt does not hold the question")
    if any((sent.drafts or {}).values()):
        # A member that is right has written the worked solution, and is meant to be heard.
        yield unchecked("answer_leak", "the prompt holds what other members wrote")
    else:
        yield check("answer_leak", sent.records, leaked, "the prompt holds the worked solution")


def _leaks(sample: Sample, prompt: str) -> bool:
    rest = prompt.replace(sample.question, "")
    solution = sample.solution.strip()
    return (len(solution) >= _SHORT and solution in rest) or f"#### {sample.answer}" in rest


def _tokens(sent: Sent, speller: Speller) -> Iterator[Check]:
    known = sent.problems()
    rendered = {r.id: speller.render(known[r.id])[0] for r in sent.records if r.id in known}
    asked = [record for record in sent.records if record.id in rendered]

    def bos(record: Record) -> bool:
        start = [token == speller.bos_id for token in record.prompt_ids[:2]]
        return speller.bos_id is not None and start == [True, True]

    def ends(record: Record) -> bool:
        wanted = sum(token in speller.eos_ids for token in rendered[record.id])
        return sum(token in speller.eos_ids for token in record.prompt_ids) != wanted

    def other(record: Record) -> bool:
        return list(record.prompt_ids) != rendered[record.id]

    yield check("prompt_template", asked, other, "not what the chat template gives")
    yield check("double_bos", sent.records, bos, "begins with two BOS tokens")
    yield check("prompt_eos", asked, ends, "another number of EOS tokens than the template's")
    yield check(
        "prompt_text",
        sent.records,
        lambda r: r.prompt != speller.spell(r.prompt_ids),
        "the stored prompt is not what its token ids say",
    )
