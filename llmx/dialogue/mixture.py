"""Mixture of agents over answers that are there: one call reads them and writes its own.

With answers of one model it is a mixture of the model with itself; drawn before, they cost nothing
more, so that a mixture of four takes one call beyond a vote of four. The prompt is the first layer
that :mod:`llmx.dialogue.layout` gives an aggregator.
"""

from __future__ import annotations

from collections.abc import Sequence

from llmx.core.ensemble import Layout
from llmx.core.record import Message, Record
from llmx.core.spec import SamplerSpec
from llmx.core.speech import Request
from llmx.dialogue.layout import Heard, prompt, turns_of
from llmx.dialogue.rounds import Rounds, follow_up

HEADER = (
    "The same question was answered several times. The answers stand below, numbered; some of them "
    "may be wrong. Weigh them, do not copy mistakes, and write one complete answer of your own, in "
    "the format that was asked for."
)


def mixture(
    asked: Request, drafts: Sequence[str], sampler: SamplerSpec, layout: Layout, group: int = 0
) -> Rounds[Record]:
    """Ask for one answer that is written with `drafts` in view.

    Args:
        asked: what the problem was put with.
        drafts: what each answer says in the end.
        group: number among the mixtures of as many drafts of the problem, for its dice.
    """
    names = tuple(map(str, range(1, len(drafts) + 1)))
    heard = Heard(names, (dict(zip(names, drafts, strict=True)),), header=HEADER)
    found = prompt(layout, turns_of(asked.messages), heard)
    turns = [Message(role=turn.role, content=turn.content) for turn in found]
    (record,) = yield [follow_up(asked, f"mixture/{len(drafts)}/{group}", sampler, turns)]
    return record
