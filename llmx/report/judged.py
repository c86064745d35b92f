"""The page of judged arms: win rates with their intervals, and what the judge did not say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from llmx.core.record import Frozen

FILE = "win_rates.json"

JudgeKind = Literal["rule", "local", "endpoint"]

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


class Range(Frozen):
    """An estimate and its 95 % interval, as shares."""

    low: float
    estimate: float
    high: float


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
    rate: Range | None
    controlled: Range | None = None
    reference: str | None = None
    gain: Range | None = None
    controlled_gain: Range | None = None
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
                f"`{arm.arm}`: {arm.unparsable} of {arm.games} games had no readable verdict; "
                f"{arm.asked - arm.problems} of {arm.asked} problems are left out."
            )
        if arm.gain is not None:
            said.append(f"`{arm.arm}` − `{arm.reference}`: paired on {arm.shared} problems.")
    if any(arm.controlled for arm in arms):
        said.append(
            "Length-controlled intervals are the package's standard error over instructions: "
            "its regression counts as known."
        )
    return said


def _row(arm: ArmWins) -> tuple[str, ...]:
    return (
        arm.arm,
        _percent(arm.rate),
        _percent(arm.controlled),
        _percent(arm.gain, sign=True),
        _percent(arm.controlled_gain, sign=True),
        f"{arm.problems:,}",
        f"{arm.unparsable:,} of {arm.games:,}",
        f"{arm.characters:,.0f}",
        f"{arm.tokens:,}",
    )


def _percent(found: Range | None, sign: bool = False) -> str:
    if found is None:
        return "–"
    form = "+.1f" if sign else ".1f"
    low, estimate, high = (
        format(100 * value, form) for value in (found.low, found.estimate, found.high)
    )
    return f"{estimate} ({low} to {high})"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
