"""What figures are called; whoever looks one up and whoever writes it take the name from here."""

from __future__ import annotations

ACCURACY = "accuracy"
ACCURACY_GAP = "accuracy difference"
PROBLEMS = "problems"
TOKEN_RATE, PROBLEM_RATE = "tokens/s", "problems/s"
ROUNDS = "target rounds a problem"
LENGTH = "mean length"
FLEXIBLE = "flexible accuracy"
ACCEPTED = "accepted tokens a round"
FILTERED = "taken by a filter"
CUT, UNPARSED = "cut by the length cap", "without an answer"

BOOTSTRAP, CLUSTERED = "accuracy difference, bootstrap", "accuracy difference, by cluster"
GAINED, LOST = "right here only", "wrong here only"
DETECTABLE = "detectable difference"

FIRST_TOKEN = "time to the first token"
FIRST_TOKEN_CUT = "cut of the time to the first token"
TOTAL = "total time"
END_TO_END = "tokens/s end to end"

STALLED = "stalled"
COMPUTED_AGAIN = "prompt tokens computed again"
REPEATED, EARLY = "chunks that repeat", "ended before their sources"

WIN_RATE, CONTROLLED = "win rate", "length-controlled win rate"

GAIN = "after minus before"
WHOLE = "whole traces"
RETURNS, MORE_RETURNS, FORM = "backtracks", "more backtracks", "form kept"
FORM_ONLY = "groups that only their form tells apart"
SILENT = "groups of equal rewards"
STEPS = "optimiser steps"
FIRST_REWARD, BEST_REWARD, LAST_REWARD = "first reward", "best reward", "last reward"
DROP, JITTER, COLLAPSED = (
    "last minus best reward",
    "variance of steps of reward",
    "collapsed",
)
CORRELATION, RELIABLE_BEFORE, RELIABLE_AFTER = (
    "correlation",
    "reliability before",
    "reliability after",
)
ALL = "all"
"""The arm of a figure over several."""

BROKEN = "broken"
"""Mark of arms that were broken on purpose."""

REFERENCE = "reference"
"""Mark of arms that others are compared with."""

SHARE = "draft share"
ASKED_SHARE = "draft share asked for"
"""Of an arm that has drafted nothing yet; else it is what the draft share was expected to be."""

LOSS, ASKED_LOSS = "loss on calibration problems", "loss asked for"
"""What a threshold loses of accuracy where it is calibrated; its interval is ± a standard error."""

DRIFT = "drift of the draft share"
BEST = "best k"
"""Which value of an arm is the best, with the range of those that could be."""


def gap_of(metric: str) -> str:
    """Return what the difference of two arms in a metric is called; of accuracy `ACCURACY_GAP`."""
    return f"{metric} difference"
