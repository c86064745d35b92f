"""The audit before a training: what is fed, what is cut, what is double, what is also tested on."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any

from llmx.core.audit import Check
from llmx.train.course.checks import check
from llmx.train.post_training.encoded import Encoded
from llmx.train.post_training.rows import TrainingRow, asked_by, asks

_SHOWN = 3


@dataclass(frozen=True)
class Limit:
    """How long a text may be, and what happens to the rest.

    Attributes:
        longest: tokens that are kept of a text; None = all.
        known: positions of the model, where TRL does not cut at them.
    """

    longest: int | None
    mode: str = "keep_start"
    name: str = "max_length"
    known: int | None = None


@dataclass(frozen=True)
class Audited:
    """What an audit found.

    Attributes:
        shown: the texts of the first rows, as they are fed.
        fed: a hash of the ids and masks of all texts, as they are fed, in their order.
    """

    rows: int
    checks: tuple[Check, ...]
    tokens: Mapping[str, int]
    shown: tuple[Encoded, ...]
    fed: str

    @property
    def passed(self) -> bool:
        """No check of level fail has failed."""
        return not any(c.level == "fail" and c.passed is False for c in self.checks)

    def mask_statistics(self) -> dict[str, Any]:
        """Return how many tokens are fed, how many of them carry loss, and a hash of all that."""
        return {**self.tokens, "hash": self.fed}

    def with_check(self, check: Check) -> Audited:
        """Return the audit with one check more."""
        return replace(self, checks=(*self.checks, check))


def audit(
    rows: Sequence[TrainingRow],
    texts: Sequence[Encoded],
    limit: Limit,
    tokenizer: Any,
    tested: Mapping[str, set[str]],
) -> Audited:
    """Look at every text before anything is trained.

    Args:
        texts: the encoded texts, uncut; a row may have two (chosen and rejected).
        tested: split → hashes of the questions that are tested on.
    """
    cut = [text.cut(limit.longest, limit.mode) for text in texts]
    checks = (
        _truncated(texts, limit),
        *_too_long(cut, limit),
        _no_loss(cut),
        _no_end(cut, tokenizer),
        _double_begin(texts, tokenizer),
        _duplicates(rows),
        *_overlaps(rows, tested),
    )
    kept = [text for text in cut if text.part == "prompt" or any(text.mask)]
    first = list(dict.fromkeys(text.row.number for text in kept))[:_SHOWN]
    shown = tuple(text for text in kept if text.row.number in first)
    return Audited(len(rows), checks, _tokens(kept), shown, _hash(kept))


def _tokens(texts: Sequence[Encoded]) -> dict[str, int]:
    return {
        "texts": len(texts),
        "tokens": sum(len(text.ids) for text in texts),
        "with_loss": sum(sum(text.mask) for text in texts),
        "longest": max((len(text.ids) for text in texts), default=0),
    }


def _hash(texts: Sequence[Encoded]) -> str:
    digest = blake2b(digest_size=10)
    for text in texts:
        digest.update(f"{len(text.ids)}:".encode())
        digest.update(array("q", text.ids).tobytes() + bytes(text.mask))
    return digest.hexdigest()


def _truncated(texts: Sequence[Encoded], limit: Limit) -> Check:
    most = limit.longest
    found = 0 if most is None else sum(text.length > most for text in texts)
    level = "fail" if texts and found == len(texts) else "warn"
    return check("truncated", found, len(texts), f"longer than {limit.name}={most}", level)


def _too_long(cut: Sequence[Encoded], limit: Limit) -> list[Check]:
    """Look for texts with tokens at positions that the model does not have."""
    if limit.known is None:
        return []
    found = sum(len(text.ids) > limit.known for text in cut)
    detail = f"longer than the {limit.known} positions of the model"
    return [check("beyond the model", found, len(cut), detail)]


def _no_loss(cut: Sequence[Encoded]) -> Check:
    answered = [text for text in cut if text.part != "prompt"]
    found = sum(not any(text.mask) for text in answered)
    level = "fail" if answered and found == len(answered) else "warn"
    return check("without loss", found, len(answered), "the prompt fills all of it", level)


def _no_end(cut: Sequence[Encoded], tokenizer: Any) -> Check:
    """Look for the EOS among the tokens with loss: some templates write a line break behind it."""
    answered = [text for text in cut if text.part != "prompt"]
    found = sum(tokenizer.eos_token_id not in text.learned for text in answered)
    detail = "no token with loss is the tokenizer's EOS"
    return check("without end", found, len(answered), detail)


def _double_begin(texts: Sequence[Encoded], tokenizer: Any) -> Check:
    begin = tokenizer.bos_token_id
    found = sum(begin is not None and text.ids[:2] == (begin, begin) for text in texts)
    return check("double begin", found, len(texts), "two BOS tokens at the front")


def _duplicates(rows: Sequence[TrainingRow]) -> Check:
    counts = Counter(asks(row.fields) for row in rows)
    found = sum(count - 1 for count in counts.values())
    return check("duplicates", found, len(rows), "rows that ask what an earlier one asks")


def _overlaps(rows: Sequence[TrainingRow], tested: Mapping[str, set[str]]) -> list[Check]:
    asked = [asked_by(row.fields) for row in rows]
    checks = []
    for split, keys in tested.items():
        found = sum(not keys.isdisjoint(one) for one in asked)
        detail = f"rows that ask a question of the {split} split"
        checks.append(check(f"overlap with {split}", found, len(rows), detail, "fail"))
    if not checks:
        detail = "the data stage wrote no test split"
        checks.append(Check(check="overlap with test", level="fail", detail=detail, passed=None))
    return checks


HINTS = {
    "overlap": "draw the splits apart: training on what is tested on measures nothing",
    "truncated": "raise the limit in the stage's settings, or shorten the rows",
    "without": "raise settings.max_length, or shorten the prompts",
}
