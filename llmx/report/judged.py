"""The page of judged arms: win rates with their intervals, and what the judge did not say."""

from __future__ import annotations

from collections.abc import Sequence

from llmx.core.figure import JudgeKind, Span
from llmx.core.names import several
from llmx.core.record import Frozen
from llmx.report.numbers import percent_span, points_span

FILE = "win_rates.json"

_HEAD = (
    "arm",
    "win rate, %",
    "length-controlled, %",
    "− reference, points",
    "length-controlled − reference",
    "problems",
    "unparsable",
    "characters",
    "judge's tokens",
)


class ArmWins(Frozen):
    """What the judge gave an arm.

    Attributes:
        rate: of games won against the baseline. `controlled`: the same by alpaca_eval's regression.
        gain, controlled_gain: over the arm `reference`, paired by problem; `shared` problems.
        problems: those whose games could all be read, of `asked` ones.
        games, unparsable: of this arm; a game without a readable verdict is no tie.
        characters: mean length of the outputs.
        tokens: prompts and replies of the judge.
        judge: name of the model or rule; empty in files of older versions.
        judge_kind: a ``rule``, or a model at an address: of this machine (``local``), or another.
    """

    arm: str
    rate: Span | None
    controlled: Span | None = None
    reference: str | None = None
    gain: Span | None = None
    controlled_gain: Span | None = None
    shared: int = 0
    problems: int = 0
    asked: int = 0
    games: int = 0
    unparsable: int = 0
    characters: float = 0.0
    tokens: int = 0
    judge: str = ""
    judge_kind: JudgeKind | None = None


def markdown(title: str, arms: Sequence[ArmWins], judge: str, rule: bool, baseline: str) -> str:
    """Return the page.

    Args:
        judge: name of the model or rule that judged.
        rule: whether it was a rule, so that the figures are no measure of quality.
        baseline: whose outputs the arms were compared with.
    """
    what = f"rule `{judge}`" if rule else f"`{judge}`"
    lines = [f"# {title}", "", f"Judged by the {what} against the outputs of `{baseline}`."]
    if rule:
        lines += ["", "**A rehearsal: a rule judged, so these win rates say nothing of quality.**"]
    rows = [_row(arm) for arm in arms]
    lines += ["", _line(_HEAD), _line(["---"] * len(_HEAD)), *map(_line, rows), ""]
    lines += [f"- {note}" for note in notes(arms)]
    return "\n".join([*lines, ""])


def notes(arms: Sequence[ArmWins]) -> list[str]:
    """Return what a reader must know of these figures, in sentences."""
    said = []
    for arm in arms:
        if arm.unparsable:
            said.append(
                f"`{arm.arm}`: {arm.unparsable} of {arm.games} comparisons had no readable verdict"
                f"; {arm.asked - arm.problems} of {arm.asked} problems are left out."
            )
        if arm.gain is not None:
            said.append(
                f"`{arm.arm}` − `{arm.reference}`: paired on {several(arm.shared, 'problem')}."
            )
    if any(arm.controlled for arm in arms):
        said.append(
            "Length-controlled intervals are the package's standard error over instructions: "
            "its regression counts as known."
        )
    return said


def _row(arm: ArmWins) -> tuple[str, ...]:
    return (
        arm.arm,
        percent_span(arm.rate),
        percent_span(arm.controlled),
        points_span(arm.gain),
        points_span(arm.controlled_gain),
        f"{arm.problems:,}",
        f"{arm.unparsable:,} of {arm.games:,}",
        f"{arm.characters:,.0f}",
        f"{arm.tokens:,}",
    )


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
