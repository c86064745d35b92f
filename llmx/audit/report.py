"""All checks of one arm, and what a person reads of them."""

from __future__ import annotations

from collections.abc import Iterator

from llmx.audit.completions import completions
from llmx.audit.counts import counts
from llmx.audit.prompts import prompts
from llmx.audit.sent import Sent
from llmx.core.audit import Audit, AuditedPrompt, Check
from llmx.core.record import Record

SHOWN = 3


def audit(sent: Sent) -> Audit:
    """Make every check in one reading of the records, and show the first prompts."""
    watches = (*prompts(sent), *completions(sent), *counts(sent))
    first: list[Record] = []
    for record in sent.records:
        if len(first) < SHOWN and not sent.unasked:
            first.append(record)
        for watch in watches:
            watch.see(record)
    checks = tuple(check for watch in watches for check in watch.checks())
    failed = any(check.level == "fail" and check.passed is False for check in checks)
    return Audit(passed=not failed, checks=checks, shown=tuple(_shown(sent, one) for one in first))


def _shown(sent: Sent, given: Record) -> AuditedPrompt:
    speller, sample, record = sent.speller, sent.asked(given), sent.opening(given)
    tokens = tuple(speller.spell([token]) for token in record.prompt_ids) if speller else ()
    template = speller.render(sample)[1] if speller and sample else None
    return AuditedPrompt(
        id=given.id,
        token_ids=record.prompt_ids,
        tokens=tokens,
        prompt=record.prompt,
        template=template,
    )


def lines(found: Audit) -> Iterator[str]:
    """Yield the audit as Markdown lines: what failed first, then the prompts."""
    yield f"# Audit: {'passed' if found.passed else 'FAILED'}"
    yield ""
    for check in sorted(found.checks, key=lambda check: (check.passed is not False, check.level)):
        yield f"- {_word(check)} `{check.check}`: {check.found} of {check.of}" + (
            f" ({check.detail})" if check.detail else ""
        )
    for shown in found.shown:
        yield from ("", f"## {shown.id}", "", "As sent, a token a field:", "")
        yield "    " + "|".join(token.replace("\n", "\\n") for token in shown.tokens)
        yield from ("", "Token ids: " + " ".join(map(str, shown.token_ids)), "")
        if shown.template is not None:
            yield from ("As the chat template has it:", "")
            yield "    " + shown.template.replace("\n", "\\n")


def _word(check: Check) -> str:
    if check.passed is None:
        return "not checked"
    return "ok" if check.passed else check.level
