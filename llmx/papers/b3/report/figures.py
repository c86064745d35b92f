"""Trained arms, and what they come to beside their control, as figures of a run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from llmx.core.figure import Figure, Figures, Span
from llmx.papers.b3 import figure_names as names
from llmx.papers.b3.report.contrasts import (
    EqualBatch,
    EqualQuality,
    QualityGap,
    equal_batch,
    gap,
    to_equal_quality,
)
from llmx.papers.b3.report.points import AMOUNTS, Amount, TrainedArm

_MIB = 2.0**20
_DIFFERENCES: tuple[Amount, ...] = ("samples", "texts")
"""Amounts that do not hang on what else the machine did."""


@dataclass(frozen=True)
class TrainedRun:
    """The arms of a run.

    Attributes:
        control: the method that others are compared with, each at its own size of a batch.
        rivals: methods whose quality the others may reach for less, size by size.
    """

    arms: tuple[TrainedArm, ...]
    control: str
    rivals: tuple[str, ...] = ()

    @property
    def controls(self) -> tuple[TrainedArm, ...]:
        """The control at each size, by size."""
        found = (arm for arm in self.arms if arm.method == self.control)
        return tuple(sorted(found, key=lambda arm: arm.size))

    def control_of(self, arm: TrainedArm) -> TrainedArm | None:
        """Return the control of an arm's size; None of a control, or where there is none."""
        if arm.method == self.control:
            return None
        return next((one for one in self.controls if one.size == arm.size), None)

    def samples(self) -> float:
        """Return the samples that every arm has seen."""
        return min(arm.last.samples for arm in self.arms)

    def figures(self) -> Figures:
        """Return everything that is measured and compared."""
        found: list[Figure] = []
        for arm in self.arms:
            found += of_arm(arm, self.samples())
        for arm in self.arms:
            found += self._compared(arm)
        every = tuple(arm.arm for arm in self.arms)
        marks = {f"{names.METRIC}{metric}": every for metric in {arm.metric for arm in self.arms}}
        marks[names.CONTROL] = tuple(arm.arm for arm in self.controls)
        return Figures(figures=tuple(found), marks=marks)

    def _compared(self, arm: TrainedArm) -> Iterator[Figure]:
        control = self.control_of(arm)
        if control is not None:
            for kind in _DIFFERENCES:
                if (one := gap(arm, control, kind)) is not None:
                    yield of_gap(one, kind)
            yield from _leads(arm, control)
        for other in (*([control] if control else ()), *self._rivals_of(arm)):
            if (equal := to_equal_quality(arm, other)) is not None:
                yield from of_equal_quality(equal)
        if arm.method != self.control and (batch := equal_batch(arm, self.controls)) is not None:
            yield of_equal_batch(batch, control)

    def _rivals_of(self, arm: TrainedArm) -> tuple[TrainedArm, ...]:
        """Return the rivals of an arm's size; none of a control, or of a rival itself."""
        if arm.method in (self.control, *self.rivals):
            return ()
        return tuple(o for o in self.arms if o.method in self.rivals and o.size == arm.size)


def of_arm(arm: TrainedArm, samples: float) -> Iterator[Figure]:
    """Yield what an arm comes to by itself.

    Args:
        samples: that every arm of the run has seen.
    """
    own = {"arm": arm.arm, "n": len(arm.ids), "seeds": len(arm.seeds), "lone": arm.lone}
    plain = {"arm": arm.arm, "seeds": len(arm.seeds)}
    yield Figure(quantity=names.BATCH, span=Span(estimate=arm.size), unit="rows", **plain)
    for point in arm.points:
        span = arm.level(point.values)
        for kind in AMOUNTS:
            setting, at = names.SETTINGS[kind], point.amount(kind)
            yield Figure(
                quantity=names.QUALITY, span=span, unit="share", setting=setting, at=at, **own
            )
    equal = arm.level(arm.at("samples", samples))
    yield Figure(quantity=names.LAST, span=arm.level(arm.last.values), unit="share", **own)
    yield Figure(
        quantity=names.AT_EQUAL_SAMPLES, span=equal, unit="share", setting=names.BATCH,
        at=arm.size, expected=samples, **own,
    )  # fmt: skip
    for kind in AMOUNTS:
        span, unit = Span(estimate=arm.last.amount(kind)), kind
        yield Figure(quantity=names.SPENT[kind], span=span, unit=unit, **plain)
    span = Span(estimate=arm.negatives)
    yield Figure(quantity=names.NEGATIVES, span=span, unit="texts", **plain)
    yield from _logged(arm, plain)


def _logged(arm: TrainedArm, plain: dict[str, object]) -> Iterator[Figure]:
    for quantity, unit, field in (
        (names.LOSS, "nats", "loss"),
        (names.IN_BATCH, "share", "in_batch_accuracy"),
    ):
        for point in arm.logged:
            span = Span(estimate=getattr(point, field))
            yield Figure(
                quantity=quantity, span=span, unit=unit, setting=names.SAMPLES, at=point.samples,
                **plain,
            )  # fmt: skip
    if arm.peak_bytes is not None:
        span = Span(estimate=arm.peak_bytes / _MIB)
        yield Figure(quantity=names.PEAK, span=span, unit="MiB", **plain)


def of_gap(one: QualityGap, kind: Amount) -> Figure:
    """Return the lead of an arm after an equal amount; `expected` is the amount."""
    return Figure(
        quantity=names.difference(kind), span=one.span, unit="points", p=one.p,
        expected=one.amount, **_beside(one.first, one.second),
    )  # fmt: skip


def _leads(arm: TrainedArm, control: TrainedArm) -> Iterator[Figure]:
    """Yield an arm's lead at each of its points that its control has come to, too."""
    for point in arm.points:
        if point.samples > control.last.samples:
            return
        one = gap(arm, control, "samples", point.samples)
        if one is not None:
            yield Figure(
                quantity=names.LEAD, span=one.span, unit="points", setting=names.SAMPLES,
                at=point.samples, **_beside(one.first, one.second),
            )  # fmt: skip


def of_equal_quality(one: EqualQuality) -> Iterator[Figure]:
    """Yield what an arm needs, by kind; `expected` is the most that it spent, as a ratio."""
    for kind, span in one.ratio.items():
        yield Figure(
            quantity=names.to_equal(kind), span=span, unit="times", p=one.p.get(kind),
            expected=one.most[kind], **_beside(one.first, one.second),
        )  # fmt: skip


def of_equal_batch(one: EqualBatch, control: TrainedArm | None) -> Figure:
    """Return the batch of equal quality; `over` are the controls, `expected` is the largest."""
    against = one.controls[-1] if control is None else control
    return Figure(
        quantity=names.EQUAL_BATCH, span=one.size, unit="rows", p=one.p,
        expected=one.controls[-1].size, over=_names(one.controls), **_beside(one.first, against),
    )  # fmt: skip


def _names(arms: Sequence[TrainedArm]) -> tuple[str, ...]:
    return tuple(arm.arm for arm in arms)


def _beside(first: TrainedArm, second: TrainedArm) -> dict[str, object]:
    counts = {"n": len(first.ids), "seeds": len(first.seeds), "lone": first.lone}
    return {"arm": first.arm, "against": second.arm, **counts}
