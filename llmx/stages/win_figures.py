"""From judgements to the figures of each arm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from llmx.core.figure import JudgeKind, Span
from llmx.core.judging import Judgement, JudgeSpec
from llmx.judging.length_controlled import LengthControlled
from llmx.judging.win_rate import Points, difference, points, win_rate
from llmx.report.judged import ArmWins
from llmx.report.timing import as_span
from llmx.stats.bootstrap import bootstrap_mean
from llmx.stats.interval import Interval


@dataclass(frozen=True)
class JudgedArm:
    """What there is of one arm.

    Attributes:
        summary: the stage's ``summary.json``.
        outputs: rows of ``outputs.jsonl``.
        controlled: its preferences are in the order of `outputs`.
    """

    judgements: Sequence[Judgement]
    summary: Mapping[str, Any]
    outputs: Sequence[Mapping[str, Any]]
    controlled: LengthControlled | None = None
    judge: JudgeSpec | None = None

    @property
    def points(self) -> dict[str, Points]:
        """Points of each problem."""
        return points(self.judgements)

    @property
    def preferences(self) -> dict[str, float]:
        """Problem → preference had the lengths been equal."""
        if self.controlled is None:
            return {}
        names = [row["id"] for row in self.outputs]
        return dict(zip(names, self.controlled.preferences, strict=True))


def figures(arms: Mapping[str, JudgedArm], pairs: Mapping[str, str]) -> list[ArmWins]:
    """Return the figures of every arm.

    Args:
        pairs: arm → the arm that it is compared with.
    """
    return [_figures(name, arms, pairs.get(name)) for name in arms]


def _figures(name: str, arms: Mapping[str, JudgedArm], base: str | None) -> ArmWins:
    arm, summary = arms[name], arms[name].summary
    found = difference(arm.points, arms[base].points) if base else None
    lengths = [len(row["output"]) for row in arm.outputs]
    return ArmWins(
        arm=name,
        rate=_range(win_rate(arm.points)),
        controlled=_range(arm.controlled.rate if arm.controlled else None),
        reference=base,
        gain=_range(found[0] if found else None),
        controlled_gain=_range(_controlled_gain(arm, arms[base]) if base else None),
        shared=found[1] if found else 0,
        problems=len(arm.points),
        asked=len(arm.outputs),
        games=summary["games"],
        unparsable=summary["unparsable"],
        characters=sum(lengths) / max(len(lengths), 1),
        tokens=summary["prompt_tokens"] + summary["completion_tokens"],
        judge=judge_name(arm.judge),
        judge_kind=judge_kind(arm.judge),
    )


def judge_name(judge: JudgeSpec | None) -> str:
    """Return what a page calls a judge: its model, or the rule."""
    if judge is None:
        return "nobody"
    return str(judge.model) if judge.kind == "endpoint" else judge.kind


def judge_kind(judge: JudgeSpec | None) -> JudgeKind | None:
    """Return what a judge is: a rule, or a model here or elsewhere."""
    if judge is None:
        return None
    if judge.kind != "endpoint":
        return "rule"
    return "local" if _is_here(urlsplit(judge.url or "").hostname or "") else "endpoint"


def _is_here(host: str) -> bool:
    """Whether a host is this machine, by its name or its number."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _controlled_gain(arm: JudgedArm, base: JudgedArm) -> Interval | None:
    """Return the mean gap of the regression's preferences, with a bootstrap over problems."""
    ours, theirs = arm.preferences, base.preferences
    gaps = [ours[name] - theirs[name] for name in ours if name in theirs]
    return bootstrap_mean(gaps) if gaps else None


def _range(found: Interval | None) -> Span | None:
    return None if found is None else as_span(found)
