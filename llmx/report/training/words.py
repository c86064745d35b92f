"""What a report on trainings says in sentences, each from intervals."""

from __future__ import annotations

from collections.abc import Sequence

from llmx.core.figure import Figure, Figures
from llmx.report.figures import names
from llmx.report.figures.trainings import AFTER
from llmx.report.numbers import points_span, signed_span
from llmx.report.training.prediction import RELIABLE
from llmx.report.training.tables import by_arm


def sentences(figures: Figures, unavailable: Sequence[str] = ()) -> list[str]:
    """Return what the intervals say; nothing that they do not decide is called a difference."""
    said, known = list(unavailable), by_arm(figures)
    for own in known.values():
        gain, versus = own.get(names.GAIN), own.get(f"{names.ACCURACY_GAP} {AFTER}")
        said += [_gain(gain)] if gain else []
        said += [_versus(versus)] if versus else []
    said += [text] if (text := _predicted(figures)) else []
    fallen = [one.arm for one in figures.of(names.COLLAPSED) if one.span.estimate > 0]
    if fallen:
        said.append(f"The reward collapsed in {', '.join(f'`{name}`' for name in fallen)}.")
    return said


def _predicted(figures: Figures) -> str:
    before, after, found = (
        figures.find(name, names.ALL)
        for name in (names.RELIABLE_BEFORE, names.RELIABLE_AFTER, names.CORRELATION)
    )
    if before is None or after is None:
        return ""
    least = min(before.span.estimate, after.span.estimate)
    both = (f"{one.span.estimate:.2f}" for one in (before, after))
    shares = "reliability {} before and {} after".format(*both)
    arms = f"Over {len(before.over)} arms the accuracy before reinforcement learning"
    if found is None or least < RELIABLE:
        return f"{arms} may foretell that after it or not: the arms differ too little ({shares})."
    return (
        f"{arms} correlates with that after it by {signed_span(found.span)}, freed of the"
        f" noise of measurement ({shares}){_indicative(before)}."
    )


def _indicative(figure: Figure) -> str:
    return " (one seed: indicative)" if figure.lone else ""


def _gain(gain: Figure) -> str:
    verb = "is not shown to change"
    if gain.span.above(0):
        verb = "raises"
    elif gain.span.below(0):
        verb = "lowers"
    return (
        f"Reinforcement learning {verb} the accuracy of `{gain.arm}`: {points_span(gain.span)}"
        f" points{_indicative(gain)}."
    )


def _versus(gap: Figure) -> str:
    word = "is not shown to differ from"
    if gap.span.above(0):
        word = "ends above"
    elif gap.span.below(0):
        word = "ends below"
    points = points_span(gap.span)
    return f"`{gap.arm}` {word} `{gap.against}`: {points} points{_indicative(gap)}."
