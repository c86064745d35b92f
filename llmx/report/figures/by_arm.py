"""The figures of arms as tables and sentences ask for them: alone, beside, over the target."""

from __future__ import annotations

from llmx.core.figure import Figure, Figures, Span
from llmx.report.figures import names
from llmx.report.figures.decoded import over_target, targets_of


def arms_of(figures: Figures) -> tuple[str, ...]:
    """Return the arms of a report, in their order."""
    return tuple(dict.fromkeys(one.arm for one in figures.of(names.PROBLEMS)))


def references_of(figures: Figures) -> dict[str, str]:
    """Return arm → the arm that it is compared with."""
    known = figures.marked(names.REFERENCE)
    gaps = figures.of(names.ACCURACY_GAP)
    return {one.arm: one.against for one in gaps if one.against and one.against in known}


class ByArm:
    """Figures by quantity and arm; points of sweeps are no arm's.

    Attributes:
        arms: in the order of the report.
        references: arm → the arm that it is compared with.
        algorithms: arm → how it decodes.
    """

    def __init__(self, figures: Figures, baseline: str | None = None) -> None:
        self.arms, self.references = arms_of(figures), references_of(figures)
        marks = {name: arms for name, arms in figures.marks.items() if name != names.REFERENCE}
        self.algorithms = {arm: name for name, arms in marks.items() for arm in arms}
        self.metrics = figures.metrics
        self._targets = targets_of(figures, baseline)
        self._held: dict[tuple[str, str], list[Figure]] = {}
        for one in figures.figures:
            if not one.swept():
                self._held.setdefault((one.quantity, one.arm), []).append(one)

    def alone(self, quantity: str, arm: str) -> Figure | None:
        """Return a figure of an arm that is beside no other."""
        return self._first(quantity, arm, None)

    def beside(self, quantity: str, arm: str) -> Figure | None:
        """Return a figure of an arm beside its reference; None of one without."""
        against = self.references.get(arm)
        return None if against is None else self._first(quantity, arm, against)

    def over_target(self, quantity: str, arm: str) -> Figure | None:
        """Return a rate of an arm over that of the target alone."""
        return over_target(self._held.get((quantity, arm), ()), quantity, self._targets)

    def _first(self, quantity: str, arm: str, against: str | None) -> Figure | None:
        found = self._held.get((quantity, arm), ())
        return next((one for one in found if one.against == against), None)


def span_of(one: Figure | None) -> Span | None:
    """Return the interval of a figure, if there is one."""
    return None if one is None else one.span


def value_of(one: Figure | None) -> float | None:
    """Return the estimate of a figure, if there is one."""
    return None if one is None else one.span.estimate
