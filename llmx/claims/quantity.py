"""What a published figure measures: a kind of the family ``quantity``, with its unit and words."""

from __future__ import annotations

from dataclasses import dataclass

from llmx.core.errors import ConfigError
from llmx.core.figure import Span
from llmx.core.registry import kinds, lookup
from llmx.report.figures import names
from llmx.report.numbers import number_span, percent_span, points_span


@dataclass(frozen=True)
class Quantity:
    """One quantity, as claims name it.

    Attributes:
        said: our figure in a sentence, with ``{figure}`` and, of two arms, ``{against}``.
        unit: of our figures. ``points`` and ``percent`` are kept as shares of 1.
        figure: what a run's figures of it are called; empty: as the quantity.
        alone: whether it is of one arm, beside no other.
        of_all: whether it is looked for among all arms, so that a claim names none.
        digits: behind the point, of a unit that is neither points nor percent.
    """

    said: str
    unit: str = "times"
    figure: str = ""
    alone: bool = False
    of_all: bool = False
    digits: int = 2

    def counted(self, value: float) -> str:
        """Return a count with its unit: ``1 backtrack``, ``5 backtracks``."""
        return f"{value:g} {self.unit.removesuffix('s') if value == 1 else self.unit}"

    def told(self, span: Span, against: str | None) -> str:
        """Return a figure in words."""
        if self.of_all:
            left = f"; {span.low:g} to {span.high:g} could be it" if span.low != span.high else ""
            return f"{self.said.format(figure=self.counted(span.estimate))}{left}"
        ways = {"points": points_span, "percent": percent_span}
        way = ways.get(self.unit)
        text = way(span) if way else number_span(span, self.digits)
        return self.said.format(figure=text, against=against)


def quantity(name: str) -> Quantity:
    """Return a quantity by its name.

    Raises:
        ConfigError: if there is none of that name, or what a plugin brings is no quantity.
    """
    found = lookup("quantity", name)
    if not isinstance(found, Quantity):
        hint = "write Quantity(said=…), of llmx.claims.quantity"
        raise ConfigError(f"quantity '{name}' is {found!r}, no Quantity", hint)
    return found


SPEARMAN = "Spearman × 100"
"""The unit of rank correlations as they are published."""

_PUBLISHED = ("tokens/s", "seconds", "times", "points", "percent", "tokens", "rounds", SPEARMAN)


def units() -> tuple[str, ...]:
    """Return the units that a published figure may have: the usual ones, those of quantities."""
    return tuple(dict.fromkeys([*_PUBLISHED, *(quantity(name).unit for name in kinds("quantity"))]))


TOKEN_RATE = Quantity("{figure} times the tokens/s of `{against}`", figure=names.TOKEN_RATE)
PROBLEM_RATE = Quantity("{figure} times the problems/s of `{against}`", figure=names.PROBLEM_RATE)
ACCURACY = Quantity("{figure} points from `{against}`", unit="points", figure=names.ACCURACY_GAP)
LENGTH = Quantity("{figure} times the length of `{against}`", figure=names.LENGTH)
ROUNDS = Quantity("{figure} times the target rounds of `{against}`", figure=names.ROUNDS)
OWN_ACCURACY = Quantity(
    "an accuracy of {figure} %", unit="percent", figure=names.ACCURACY, alone=True
)
FIRST_TOKEN = Quantity(
    "{figure} s to the first token",
    unit="seconds",
    figure=names.FIRST_TOKEN,
    alone=True,
    digits=3,
)
FIRST_TOKEN_CUT = Quantity(
    "{figure} % less time to the first token than `{against}`",
    unit="percent",
    figure=names.FIRST_TOKEN_CUT,
)
END_TO_END = Quantity(
    "{figure} times the tokens/s end to end of `{against}`", figure=names.END_TO_END
)
WIN_RATE = Quantity("a win rate of {figure} %", unit="percent", alone=True)
CONTROLLED_WIN_RATE = Quantity(
    "a length-controlled win rate of {figure} %", unit="percent", alone=True
)
