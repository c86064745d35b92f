"""The quantities that llmx brings."""

from __future__ import annotations

from llmx.claims.quantity import Quantity
from llmx.report.figures import names

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
