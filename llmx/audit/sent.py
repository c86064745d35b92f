"""What the checks look at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from llmx.core.permuted import in_draw
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

    def special_in(self, sample: Sample) -> list[str]:
        """Return the special tokens that the texts of a problem's turns spell."""

    def render(self, sample: Sample) -> tuple[list[int], str]:
        """Return what the template makes of a problem, as ids and as text."""


UNASKED = "no model was asked"


@dataclass(frozen=True)
class Acted:
    """What is known of episodes, beside the records of what they came to.

    Attributes:
        asks: whether a model was asked: a control has no prompts and no tokens.
        in_words: whether the chat begins with the problem in the dataset's own words.
        first: (id, draw) → the first reply, with the token ids that a record of an episode lacks.
    """

    asks: bool = True
    in_words: bool = True
    first: Mapping[tuple[str, int], Record] = field(default_factory=dict)


@dataclass
class Sent:
    """One arm's records, and what they are checked against.

    Attributes:
        records: looked at once, from the first to the last; they need not be held together.
        samples: the problems that should have been asked, in order.
        others: split → questions that must not be among them; None = could not be had.
        drafts: id → what other members of an ensemble said, by name; None = one model answered.
        scored: id → reference answer that its score was made with; empty = nobody wrote it down.
        acted: of records that episodes came to; None = each record is one completion.
    """

    records: Iterable[Record]
    samples: Sequence[Sample]
    max_tokens: int
    scores: Sequence[Score] | None = None
    speller: Speller | None = None
    others: Mapping[str, Sequence[str] | None] = field(default_factory=dict)
    drafts: Mapping[str, Mapping[str, str]] | None = None
    scored: Mapping[str, str] = field(default_factory=dict)
    acted: Acted | None = None

    @cached_property
    def problems(self) -> Mapping[str, Sample]:
        """The problems by id."""
        return {sample.id: sample for sample in self.samples}

    def asked(self, record: Record) -> Sample | None:
        """Return the problem of a record as its draw shows it; None of one that nobody has."""
        sample = self.problems.get(record.id)
        return sample if sample is None else in_draw(sample, record.draw)

    @property
    def unasked(self) -> bool:
        """Whether no model was asked."""
        return self.acted is not None and not self.acted.asks

    def opening(self, record: Record) -> Record:
        """Return what the prompt of a record is checked on: of an episode, its first reply."""
        if self.acted is None:
            return record
        return self.acted.first.get((record.id, record.draw), record)
