"""What a report on trainings says in sentences, each from intervals."""

from __future__ import annotations

from llmx.report.numbers import points_span, signed_span
from llmx.report.training.model import Learned, TrainingReport
from llmx.report.training.prediction import RELIABLE


def sentences(report: TrainingReport) -> list[str]:
    """Return what the intervals say; nothing that they do not decide is called a difference."""
    said = list(report.unavailable)
    said += [text for arm in report.arms for text in (_gain(arm), _versus(arm)) if text]
    said += [text] if (text := _predicted(report)) else []
    fallen = [one.name for arm in report.arms for one in arm.steady if one.collapsed]
    if fallen:
        said.append(f"The reward collapsed in {', '.join(f'`{name}`' for name in fallen)}.")
    return said


def _predicted(report: TrainingReport) -> str:
    if report.predicts_reliability is None:
        return ""
    before, after = report.predicts_reliability
    shares = f"reliability {before:.2f} before and {after:.2f} after"
    arms = f"Over {len(report.predicts_arms)} arms the accuracy before reinforcement learning"
    if report.predicts is None or min(before, after) < RELIABLE:
        return f"{arms} may foretell that after it or not: the arms differ too little ({shares})."
    indicative = " (one seed: indicative)" if report.predicts_seeds == 1 else ""
    return (
        f"{arms} correlates with that after it by {signed_span(report.predicts)}, freed of the"
        f" noise of measurement ({shares}){indicative}."
    )


def _indicative(arm: Learned) -> str:
    return " (one seed: indicative)" if arm.seeds == 1 else ""


def _gain(arm: Learned) -> str:
    if arm.gain is None:
        return ""
    verb = "is not shown to change"
    if arm.gain.above(0):
        verb = "raises"
    elif arm.gain.below(0):
        verb = "lowers"
    return (
        f"Reinforcement learning {verb} the accuracy of `{arm.arm}`: {points_span(arm.gain)}"
        f" points{_indicative(arm)}."
    )


def _versus(arm: Learned) -> str:
    if arm.versus is None:
        return ""
    word = "is not shown to differ from"
    if arm.versus.above(0):
        word = "ends above"
    elif arm.versus.below(0):
        word = "ends below"
    return (
        f"`{arm.arm}` {word} `{arm.against}`: {points_span(arm.versus)} points{_indicative(arm)}."
    )
