"""What a report on trainings says in sentences, each from intervals."""

from __future__ import annotations

from llmx.report.numbers import points_span, signed_span
from llmx.report.training.model import Learned, TrainingReport


def sentences(report: TrainingReport) -> list[str]:
    """Return what the intervals say; nothing that they do not decide is called a difference."""
    said = list(report.unavailable)
    said += [text for arm in report.arms for text in (_gain(arm), _versus(arm)) if text]
    if report.predicts is not None:
        said.append(
            f"Over {len(report.predicts_arms)} arms the accuracy before reinforcement learning"
            f" correlates with that after it by {signed_span(report.predicts)}."
        )
    fallen = [one.name for arm in report.arms for one in arm.steady if one.collapsed]
    if fallen:
        said.append(f"The reward collapsed in {', '.join(f'`{name}`' for name in fallen)}.")
    return said


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
