"""What the figures of inference-time scaling are called; writers and readers take it from here.

A figure at a size is a point of a sweep: `setting` says what the size counts, `at` is the size.
"""

from __future__ import annotations

DRAWS, ROUNDS, KEPT = "draws", "rounds", "percent of the thinking"
TOKENS_KEPT, CHAINS, AT_MOST = "tokens of the thinking", "chains", "draws at most"

LABELS = {
    "single": "single answer",
    "majority": "majority vote",
    "oracle": "pass@N",
    "shortest_first": "shortest answer",
    "filter_vote": "vote of the shortest half",
    "early_stop": "vote of the first half to end",
    "length_vote": "vote weighted by length",
    "certainty": "most certain answer",
    "certainty_vote": "vote weighted by certainty",
    "self_score": "best of N by self-scoring",
    "self_score_vote": "vote of the best by self-scoring",
    "self_score_list": "best of a list by self-scoring",
    "revise": "sequential revision",
    "revise_vote": "vote over a chain of revisions",
    "revise_stop": "revision until two agree",
    "chains": "vote over chains of revisions",
    "mixture": "mixture of agents",
    "truncate": "truncated thinking",
    "truncate_tokens": "thinking of so many tokens",
    "stop_exact": "vote until the lead is safe",
    "stop_posterior": "vote until the lead is likely",
    "stop_exact_live": "vote until the lead is safe, drawn live",
    "stop_posterior_live": "vote until the lead is likely, drawn live",
}
"""Method → what the field calls it; others are called by their own name."""

_SETTINGS = {
    "revise": ROUNDS,
    "revise_vote": ROUNDS,
    "revise_stop": ROUNDS,
    "chains": CHAINS,
    "truncate": KEPT,
    "truncate_tokens": TOKENS_KEPT,
    "stop_exact": AT_MOST,
    "stop_posterior": AT_MOST,
    "stop_exact_live": AT_MOST,
    "stop_posterior_live": AT_MOST,
}

_LEAST = {"revise": 1, "revise_vote": 1, "revise_stop": 1, "mixture": 1}

ORACLE = "oracle"
"""Picks the right answer wherever there is one: a bound, which nobody can run."""

ONE_ANSWER = "accuracy of one answer"
"""The mean over all draws; a report's own accuracy is that of the first of them."""

RULES = ("stop_exact", "stop_posterior")
"""Stopping rules, by the methods that replay them."""

CONSTANT = "best constant answer"
"""The one reference answer that is right for the most problems: a floor of accuracy."""

BESIDE_FULL = "accuracy difference, truncated over whole thinking"
BESIDE_SINGLE = "accuracy difference, truncated thinking over single answer"
CATCHING_UP = "accuracy difference, majority vote over single answer"
CATCHING_UP_COST = "cost ratio, majority vote over single answer"
CATCHES_UP = "draws to catch up"
VOTING = "accuracy difference, majority vote over its own single answer"
DOUBLING = "accuracy difference, votes over half as many"
PRESENT = "answer already in the kept thinking"
LOST, WON = "right turned wrong by a round", "wrong turned right by a round"
LEADING = "accuracy of the leading answer"
SHARE_OF_VOTES = "percent of the votes"
USED, EQUAL = "draws used", "winner of all draws"

SHORTER, SHORTER_WITHIN = "length, right minus wrong", "length, right minus wrong within problems"
SURER = "mean log-probability, right minus wrong"
SURER_WITHIN = "mean log-probability, right minus wrong within problems"


def label(method: str) -> str:
    """Return what the field calls a method."""
    return LABELS.get(method, method.replace("_", " "))


def live(rule: str) -> str:
    """Return the method of a stopping rule that draws, beside the same rule replayed on a pool."""
    return f"{rule}_live"


def setting(method: str) -> str:
    """Return what the size of a method counts."""
    return _SETTINGS.get(method, DRAWS)


def least(method: str) -> int:
    """Return the smallest size of a method that is more than one answer."""
    return _LEAST.get(method, 2)


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


_COUNTED = {
    "tied": "best scores that tie",
    "unscored": "replies without a score",
    "stood": "draws left as they are",
    "used": "answers used",
}


def share_of(name: str, method: str) -> str:
    """Return what a share that a method's stage counts is called."""
    return f"{_COUNTED.get(name, name)}, {label(method)}"


def stopped(what: str, method: str) -> str:
    """Return what a stopping rule's draws, or its agreement with all of them, is called."""
    return f"{what}, {label(method)}"


def matched(first: str, second: str, kind: str) -> str:
    """Return what a method's lead over another of at least its cost is called."""
    return f"accuracy difference, {label(first)} over {label(second)} at matched {kind}"


def density(category: str, filing: str, within: bool = False) -> str:
    """Return what the difference in markers of a category is called, right minus wrong answers."""
    inside = " within problems" if within else ""
    return f"{category} markers, right minus wrong{inside}, filing {filing}"


def seen(category: str, filing: str) -> str:
    """Return what the number of markers of a category that were found at all is called."""
    return f"{category} markers found, filing {filing}"


VOTE, OVER_PLAIN, OVER_RANDOM = "accuracy difference, vote by ", "majority vote", "a random feature"


def vote_gain(vote: str, over: str = OVER_PLAIN) -> str:
    """Return what the gain of a vote by a feature is called.

    Args:
        vote: its feature, with the rule in brackets: ``length (weighted)``.
        over: the plain vote, or the same rule with a feature that means nothing.
    """
    return f"{VOTE}{vote} over {over}"
