"""What verdicts read: pooled arms, timed rounds, audits; and what decides nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from llmx.core.errors import RunError, nearest
from llmx.core.figure import Figures, Span
from llmx.core.record import ACCURACY, RIGHT, Metric
from llmx.report.gather import ArmFiles, Gathered
from llmx.report.numbers import percent
from llmx.report.paired_table import PairedTable, size_of, table_of
from llmx.report.timing import Timing, common_rounds, ratio, ratio_p, timing
from llmx.report.verdict.model import Number
from llmx.report.verdict.traits import Traits


@dataclass(frozen=True)
class Unfit:
    """Why an arm is no evidence, with its figures."""

    arm: str
    why: str
    numbers: tuple[Number, ...]


@dataclass(frozen=True)
class Why:
    """Why a finding cannot be tested, with its figures."""

    reason: str
    numbers: tuple[Number, ...] = ()


def named(found: Iterable[Unfit]) -> str:
    """Return ``k1 (at the floor: …); k3 (…)`` with the names as code."""
    return "; ".join(f"`{one.arm}` ({one.why})" for one in found)


TunedOn = Literal["validation", "test"]


@dataclass(frozen=True)
class Speed:
    """The ratio of two arms' rates over rounds in which they took turns.

    Attributes:
        p: two-sided, of equal rates; 1 of a single round, which decides nothing.
        lone: whether a model was trained: rounds say nothing of how fast another training would be.
    """

    span: Span
    p: float
    rounds: int
    lone: bool

    def number(self, what: str, arm: str, base: str, p: float | None = None) -> Number:
        """Return it as a figure of a verdict."""
        return Number(
            what=what,
            arm=arm,
            against=base,
            span=self.span,
            unit="times",
            p=p,
            rounds=self.rounds,
            lone=self.lone,
        )


@dataclass
class Evidence:
    """A pooled run.

    Attributes:
        arms: by family, without those whose audit failed.
        failed: family -> what its audit found.
        figures: of all stages that were given.
        unfit: family -> why it decides nothing of the finding that is tested.
        tuned_on: the split on which settings were chosen.
        rehearsal: whether it is a run at ``scale=smoke``, whose figures mean nothing.
        unlearned: family -> why a training that it rests on taught nothing.
        traits: what problems say of themselves, of what the findings ask for; see
            :mod:`llmx.report.verdict.traits`.
    """

    arms: dict[str, ArmFiles]
    clock: Timing
    failed: dict[str, str] = field(default_factory=dict)
    audited: frozenset[str] = frozenset()
    figures: Figures = field(default_factory=Figures)
    unfit: dict[str, Unfit] = field(default_factory=dict)
    tuned_on: TunedOn = "validation"
    rehearsal: bool = False
    unlearned: Mapping[str, str] = field(default_factory=dict)
    traits: Traits = field(default_factory=dict)

    def arm(self, name: str) -> ArmFiles:
        """Return an arm.

        Raises:
            RunError: if the run has none of that name.
        """
        if name not in self.arms:
            raise RunError(f"a finding names the arm '{name}'", nearest(name, self.arms, "arms"))
        return self.arms[name]

    def pair(self, first: str, second: str, metric: Metric = RIGHT) -> PairedTable | None:
        """Pair two arms by problem and seed; None where they share no scored problem, or one of
        them has not the metric.
        """
        return table_of(self.arm(first), self.arm(second), metric)

    def level(self, name: str, metric: Metric = RIGHT) -> float:
        """Return what the metric of an arm comes to, over all of its seeds."""
        runs = self.arm(name).runs()
        values = [metric.of(score) for run in runs for score in run.scores.values()]
        return size_of(metric, len(values) // len(runs)) * sum(values) / max(1, len(values))

    def metric(self, name: str) -> Metric:
        """Return a metric by its name, that of the first arm that has it.

        Raises:
            RunError: if no arm has one of that name.
        """
        known = {m.name: m for files in reversed(self.arms.values()) for m in files.metrics}
        known[ACCURACY] = RIGHT
        if name not in known:
            raise RunError(f"a finding names the metric '{name}'", nearest(name, known, "metrics"))
        return known[name]

    def share(self, name: str) -> float | None:
        """Return accepted drafted tokens over emitted ones."""
        scores = [s for run in self.arm(name).runs() for s in run.scores.values()]
        emitted = sum(score.tokens for score in scores)
        return sum(score.accepted for score in scores) / emitted if emitted else None

    def faster(self, name: str, base: str, unit: str) -> Speed | None:
        """Return the ratio of two arms' rates; `unit` is ``tokens`` or ``problems``."""
        span = ratio(self.clock, name, base, unit)
        if span is None:
            return None
        p = ratio_p(self.clock, name, base, unit)
        rounds = len(common_rounds(self.clock, name, base))
        lone = self.arm(name).trained or self.arm(base).trained
        return Speed(span, 1.0 if p is None else p, rounds, lone)


def evidence(
    found: Gathered,
    tuned_on: TunedOn = "validation",
    rehearsal: bool = False,
    unlearned: Mapping[str, str] | None = None,
    traits: Traits | None = None,
) -> Evidence:
    """Return what verdicts may use of a pooled run."""
    failed = {name: text for name, files in found.arms.items() if (text := _failure(files))}
    passed = {name for name, files in found.arms.items() if _passed(files)}
    arms = {name: files for name, files in found.arms.items() if name not in failed}
    return Evidence(
        arms=arms,
        clock=timing(found.blocks),
        failed=failed,
        audited=frozenset(passed),
        figures=found.figures,
        tuned_on=tuned_on,
        rehearsal=rehearsal,
        unlearned=unlearned or {},
        traits=traits or {},
    )


def _passed(files: ArmFiles) -> bool:
    return all(run.audit is not None and run.audit.passed for run in files.runs())


def _failure(files: ArmFiles) -> str:
    for run in files.runs():
        if run.audit is not None and not run.audit.passed:
            names = dict.fromkeys(check.check for check in run.audit.failures())
            return ", ".join(names) or "audit"
    return ""


def unequal_shares(e: Evidence, names: Sequence[str], tolerance: float) -> str:
    """Return a sentence where the draft shares differ by more than `tolerance`; else nothing."""
    shares = {name: share for name in names if (share := e.share(name)) is not None}
    if len(shares) < len(names):
        return "Not every arm has a draft share."
    low, high = min(shares, key=shares.__getitem__), max(shares, key=shares.__getitem__)
    if shares[high] - shares[low] <= tolerance:
        return ""
    return (
        f"The draft shares are not equal: `{low}` {percent(shares[low])} %,"
        f" `{high}` {percent(shares[high])} %; at most {percent(tolerance)} points are allowed."
    )
