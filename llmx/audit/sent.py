"""What the checks look at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from llmx.core.audit import Check
from llmx.core.record import Record, Sample, Score

SAMPLE_OF_TRAIN = 2000
"""Training problems that are compared: drawing all of a large split costs more than decoding."""


class Speller(Protocol):
    """A tokenizer with its chat template, as far as an audit needs it."""

    bos_id: int | None
    eos_ids: frozenset[int]
    vocab_size: int

    def spell(self, ids: Sequence[int]) -> str:
        """Return the text of ids, special tokens shown."""

    def answer(self, ids: Sequence[int]) -> str:
        """Return the text of a completion as it is stored: no special tokens, cut at a stop."""

    def render(self, sample: Sample) -> tuple[list[int], str]:
        """Return what the template makes of a problem, as ids and as text."""


@dataclass
class Sent:
    """One arm's records, and what they are checked against.

    Attributes:
        samples: the problems that should have been asked, in order.
        others: split → questions that must not be among them; None = could not be had.
        drafts: id → what other members of an ensemble said, by name; None = one model answered.
    """

    records: Sequence[Record]
    samples: Sequence[Sample]
    max_tokens: int
    scores: Sequence[Score] | None = None
    speller: Speller | None = None
    others: Mapping[str, Sequence[str] | None] = field(default_factory=dict)
    drafts: Mapping[str, Mapping[str, str]] | None = None

    def problems(self) -> dict[str, Sample]:
        """Return the problems by id."""
        return {sample.id: sample for sample in self.samples}


def check(
    name: str,
    records: Iterable[Record],
    wrong: Callable[[Record], bool],
    detail: str,
    level: Literal["fail", "warn"] = "fail",
) -> Check:
    """Return a check that no record may fail; `detail` says what is wrong with the first."""
    seen = list(records)
    bad = [record.id for record in seen if wrong(record)]
    text = f"{bad[0]}: {detail}" if bad else ""
    return Check(check=name, level=level, passed=not bad, found=len(bad), of=len(seen), detail=text)


def unchecked(name: str, why: str) -> Check:
    """Return a check that could not be made."""
    return Check(check=name, level="fail", passed=None, detail=why)


def share_check(name: str, found: int, of: int, warn: float, fail: float, what: str) -> Check:
    """Return a check on a share: a warning from `warn` on, a failure from `fail` on."""
    share = found / of if of else 0.0
    level: Literal["fail", "warn"] = "fail" if share >= fail else "warn"
    text = f"{100 * share:.1f} % {what}" if share >= warn else ""
    return Check(check=name, level=level, passed=share < warn, found=found, of=of, detail=text)
