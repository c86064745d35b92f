"""The quantities that llmx brings."""

from __future__ import annotations

from llmx.report.quantity import Quantity

TOKEN_RATE = Quantity("{figure} times the tokens/s of `{against}`", figure="tokens/s")
PROBLEM_RATE = Quantity("{figure} times the problems/s of `{against}`", figure="problems/s")
ACCURACY = Quantity("{figure} points from `{against}`", unit="points", figure="accuracy difference")
LENGTH = Quantity("{figure} times the length of `{against}`", figure="mean length")
ROUNDS = Quantity(
    "{figure} times the target rounds of `{against}`", figure="target rounds a problem"
)
OWN_ACCURACY = Quantity("an accuracy of {figure} %", unit="percent", alone=True)
OPTIMUM = Quantity("{figure} is the most accurate", unit="backtracks", of_all=True)
FIRST_TOKEN = Quantity("{figure} s to the first token", unit="seconds", alone=True, digits=3)
FIRST_TOKEN_CUT = Quantity(
    "{figure} % less time to the first token than `{against}`", unit="percent"
)
END_TO_END = Quantity("{figure} times the tokens/s end to end of `{against}`")
WIN_RATE = Quantity("a win rate of {figure} %", unit="percent", alone=True)
CONTROLLED_WIN_RATE = Quantity(
    "a length-controlled win rate of {figure} %", unit="percent", alone=True
)
