"""What the figures of inference-time scaling are called; writers and readers take it from here.

A figure at a size is a point of a sweep: `setting` says what the size counts, `at` is the size.
"""

from __future__ import annotations

DRAWS, ROUNDS, KEPT = "draws", "rounds", "percent of the thinking"

LABELS = {
    "single": "single answer",
    "majority": "majority vote",
    "oracle": "pass@N",
    "shortest_first": "shortest answer",
    "filter_vote": "vote of the shortest half",
    "early_stop": "vote of the first half to end",
    "self_score": "best of N by self-scoring",
    "self_score_list": "best of N by list-wise self-scoring",
    "revise": "sequential revision",
    "mixture": "mixture of agents",
    "truncate": "truncated thinking",
}
"""Method → what the field calls it; others are called by their own name."""

ORACLE = "oracle"
"""Picks the right answer wherever there is one: a bound, which nobody can run."""

CONSTANT = "best constant answer"
"""The one reference answer that is right for the most problems: a floor of accuracy."""

BESIDE_FULL = "accuracy difference, truncated over whole thinking"
BESIDE_SINGLE = "accuracy difference, truncated thinking over single answer"
CATCHING_UP = "accuracy difference, majority vote over single answer"
CATCHING_UP_COST = "cost ratio, majority vote over single answer"
CATCHES_UP = "draws to catch up"
DOUBLING = "accuracy difference, votes over half as many"
PRESENT = "answer in the kept thinking"

SHORTER, SHORTER_WITHIN = "length, right minus wrong", "length, right minus wrong within problems"
RANDOM = "random"
"""The feature that means nothing: what a vote by it gains, any vote gains."""


def label(method: str) -> str:
    """Return what the field calls a method."""
    return LABELS.get(method, method.replace("_", " "))


def setting(method: str) -> str:
    """Return what the size of a method counts."""
    return {"revise": ROUNDS, "truncate": KEPT}.get(method, DRAWS)


def accuracy(method: str) -> str:
    """Return what the accuracy of a method at a size is called."""
    return f"accuracy, {label(method)}"


def cost(kind: str, method: str) -> str:
    """Return what the cost of a method at a size is called; kinds are those of points."""
    return f"{kind} cost, {label(method)}"


def share_on_frontier(kind: str, method: str) -> str:
    """Return what the bootstrap share of a point on the frontier of all arms is called."""
    return f"share on the frontier by {kind}, {label(method)}"


def cut(method: str) -> str:
    """Return what the share of a method's draws that ended at the cap is called."""
    return f"cut by the length cap, {label(method)}"


def unparsed(method: str) -> str:
    """Return what the share of a method's answers that none could be read from is called."""
    return f"without an answer, {label(method)}"


def matched(first: str, second: str, kind: str) -> str:
    """Return what a method's lead over another of at least its cost is called."""
    return f"accuracy difference, {label(first)} over {label(second)} at matched {kind}"


def density(category: str, filing: str, within: bool = False) -> str:
    """Return what the difference in markers of a category is called, right minus wrong answers."""
    return f"{category} markers, right minus wrong{' within problems' if within else ''}, {filing}"


def seen(category: str, filing: str) -> str:
    """Return what the number of markers of a category that were found at all is called."""
    return f"{category} markers found, {filing}"


def vote_gain(feature: str, over: str = "majority") -> str:
    """Return what the gain of a vote by a feature is called; `over`: the plain vote, or another."""
    beside = "majority vote" if over == "majority" else f"vote by {over}"
    return f"accuracy difference, vote by {feature} over {beside}"
