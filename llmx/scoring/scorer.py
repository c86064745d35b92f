"""The contract of a scorer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Protocol

from llmx.core.record import Record, Sample, Score


class Scorer(Protocol):
    """Judges one record against its sample, from these two alone: no clock, no model, no state.

    ``version`` rises with every change that can change a score, so that old scores are not reused.
    A scorer that cannot score here says why in a class variable ``refusal``, a
    :class:`~llmx.core.errors.LlmxError`: a plan then refuses before anything is generated.
    One that measures more than right and wrong declares it in a class variable ``metrics``, a tuple
    of :class:`~llmx.core.record.Metric`, and gives every answer a value of each in `Score.values`.
    One that takes its time, or asks others, has a class variable ``instant = False``: answers are
    then not scored a first time as they come, to show how it goes.
    """

    kind: ClassVar[str]
    version: ClassVar[int]

    def score(self, record: Record, sample: Sample) -> Score:
        """Return the score of one record.

        Raises:
            DataError: if the reference answer itself can not be read.
        """


def scored(
    record: Record,
    sample: Sample,
    expected: str,
    strict: str | None,
    flexible: str | None,
    *,
    values: Mapping[str, float] | None = None,
) -> Score:
    """Return the score that two readings of a record give: correct is equal to `expected`.

    Args:
        strict: the answer in the asked format; None is unparsed, which is not the same as wrong.
        flexible: the last answer of its kind anywhere in the text.
        values: of the metrics that the scorer declares.
    """
    return Score(
        id=record.id,
        cluster=sample.cluster,
        expected=expected,
        strict=strict,
        flexible=flexible,
        correct=strict == expected,
        correct_flexible=flexible == expected,
        unparsed=strict is None,
        tokens=record.tokens,
        finish=record.finish,
        rounds=record.rounds,
        drafted=record.drafted,
        accepted=record.accepted,
        values=dict(values or {}),
    )
