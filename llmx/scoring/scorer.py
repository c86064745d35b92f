"""The contract of a scorer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Protocol

from llmx.core.errors import ConfigError
from llmx.core.metric import ACCURACY, Metric
from llmx.core.record import Record, Sample, Score


class Scorer(Protocol):
    """Judges one record against its sample, from these two alone: no clock, no model, no state.

    ``version`` rises with every change that can change a score, so that old scores are not reused.
    A scorer that cannot score here says why in a class variable ``refusal``, a
    :class:`~llmx.core.errors.LlmxError`: a plan then refuses before anything is generated.
    One that measures more than right and wrong declares it in a class variable ``metrics``, a tuple
    of :class:`~llmx.core.metric.Metric`, and gives every answer a value of each in `Score.values`.
    """

    kind: ClassVar[str]
    version: ClassVar[int]

    def score(self, record: Record, sample: Sample) -> Score:
        """Return the score of one record.

        Raises:
            DataError: if the reference answer itself can not be read.
        """


def declared(scorer: Any) -> tuple[Metric, ...]:
    """Return the metrics that a scorer (its class, or one of it) declares beside accuracy.

    Raises:
        ConfigError: if a name stands twice, or is that of accuracy.
    """
    found: tuple[Metric, ...] = tuple(getattr(scorer, "metrics", ()))
    names = [metric.name for metric in found]
    wrong = next((name for name in names if name == ACCURACY or names.count(name) > 1), None)
    if wrong is not None:
        why = "stands for itself" if wrong == ACCURACY else "is declared twice"
        raise ConfigError(f"scorer '{scorer.kind}': the metric '{wrong}' {why}", "rename it")
    return found


def misfit(score: Score, metrics: Sequence[Metric]) -> str:
    """Return what is wrong with the values of a score; empty where each metric has its own."""
    names = {metric.name for metric in metrics}
    for name in (*(names - score.values.keys()), *(score.values.keys() - names)):
        return f"gives no value of '{name}'" if name in names else f"does not declare '{name}'"
    faults = {one.name: one.fault(score.values[one.name]) for one in metrics}
    wrong = next((name for name, fault in faults.items() if fault), None)
    return (
        "" if wrong is None else f"gives '{wrong}' {score.values[wrong]!r}, which {faults[wrong]}"
    )


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
