"""Rules that choose an answer by a feature of the draws, on all draws of a problem, exactly.

Each rule takes P problems and `z`, (P, M) the standardised feature of their draws, and gives the
expected share of right answers for every setting, (P, G). Less is better with a positive setting,
more with a negative one. A tie is worth the mean of what ties. Draws without an answer choose
nothing and are not chosen; a problem without any answer is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from llmx.papers.inference_scaling.points import Bools, Floats, Ints, ProblemDraws

LAMBDAS = (0.0, 0.25, -0.25, 0.5, -0.5, 1.0, -1.0, 2.0, -2.0)
SHARES = (1.0, 0.75, -0.75, 0.5, -0.5, 0.25, -0.25)
ENDS = (1.0, -1.0)
SIGNS = (0.0, *ENDS)

_ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class Ballots:
    """The answers of P problems of at most M draws and C classes, filled up.

    Attributes:
        given: (P, M, C) whether a draw gave the answer of a class; none where it gave no answer, or
            its problem has fewer draws.
        right: (P, C) whether a class is right.
        problem: (n,) the problem of each draw, problem by problem.
        place: (n,) its place among the draws of the problem.
    """

    given: Bools
    right: Bools
    problem: Ints
    place: Ints

    @property
    def read(self) -> Bools:
        """(P, M) whether a draw gave an answer."""
        there = np.logical_or.reduce(self.given, axis=2)
        return np.asarray(there, dtype=np.bool_)

    def laid_out(self, values: Floats) -> Floats:
        """Return a number a draw, (n,), as ``[P, M]``; 0 where a problem has fewer draws."""
        table = np.zeros(self.given.shape[:2])
        table[self.problem, self.place] = values
        return table


class VoteRule(NamedTuple):
    """A rule, and what can be set of it: the first settings are preferred where two do alike."""

    settings: tuple[float, ...]
    accuracy: Callable[[Ballots, Floats], Floats]


def ballots_of(drawn: Sequence[ProblemDraws]) -> Ballots:
    """Return the answers of problems."""
    draws = [one.draws for one in drawn]
    most = max((len(one.right) for one in drawn), default=0)
    problem = np.repeat(np.arange(len(drawn)), draws)
    place = np.concatenate([np.zeros(0, dtype=np.int64), *(np.arange(size) for size in draws)])
    classes = np.full((len(drawn), max(draws, default=0)), -1)
    right = np.zeros((len(drawn), most), dtype=np.bool_)
    for row, one in enumerate(drawn):
        classes[row, : one.draws] = one.classes
        right[row, : len(one.right)] = one.right
    return Ballots(classes[..., None] == np.arange(most), right, problem, place)


def vote_accuracy(ballots: Ballots, weights: Floats) -> Floats:
    """Return the accuracy of votes in which each draw has a weight.

    Args:
        ballots: of P problems with M draws.
        weights: shape ``[P, G, M]``, not negative; equal ones are plain voting.

    Returns:
        Shape ``[P, G]``: 1 or 0, or the share of right classes among those that tie. 0 where no
        answer has a weight.
    """
    totals = weights @ ballots.given.astype(np.float64)
    most = totals.max(axis=-1, keepdims=True, initial=0.0)
    tied = (totals >= most * (1 - _ROUNDING)) & (totals > 0)
    return _share(tied, ballots.right[:, None])


def plain(ballots: Ballots) -> Floats:
    """Return the accuracy of plain voting, shape ``[P]``."""
    problems, draws = ballots.read.shape
    return vote_accuracy(ballots, np.ones((problems, 1, draws)))[:, 0]


def weigh(ballots: Ballots, z: Floats) -> Floats:
    """Vote with weights ``exp(-λ z)``; λ = 0 is plain voting."""
    return vote_accuracy(ballots, np.exp(-np.array(LAMBDAS)[:, None] * z[:, None, :]))


def keep_least(ballots: Ballots, z: Floats) -> Floats:
    """Vote among a share of the answers, those with the least ``z``; of a negative one, the most.

    At least one is kept. Of draws that tie for the last places each has its part of a vote.
    """
    kept = [_least(np.sign(share) * z, ballots.read, abs(share)) for share in SHARES]
    return vote_accuracy(ballots, np.stack(kept, axis=1))


def best_one(ballots: Ballots, z: Floats) -> Floats:
    """Take the answer of the draw with the least ``z`` (of setting -1, the most); no vote."""
    correct = (ballots.given & ballots.right[:, None]).any(axis=2)
    kept = [_least(sign * z, ballots.read, 0.0) for sign in ENDS]
    return np.stack([(one * correct).sum(axis=1) for one in kept], axis=1)


def break_ties(ballots: Ballots, z: Floats) -> Floats:
    """Vote plainly; of classes that tie take that with the least mean ``z`` (of -1, the most).

    Of setting 0 a tie stays.
    """
    counts = ballots.given.sum(axis=1)
    means = (ballots.given * z[..., None]).sum(axis=1) / np.maximum(counts, 1)
    tied = (counts == counts.max(axis=1, keepdims=True, initial=0)) & (counts > 0)
    found = [_share(_lowest(sign * means, tied), ballots.right) for sign in SIGNS]
    return np.stack(found, axis=1)


RULES: Mapping[str, VoteRule] = {
    "weighted": VoteRule(LAMBDAS, weigh),
    "filter": VoteRule(SHARES, keep_least),
    "best_of": VoteRule(ENDS, best_one),
    "tie_break": VoteRule(SIGNS, break_ties),
}
"""By name; the settings are λ, the share that is kept, and which end is taken."""


def _least(z: Floats, read: Bools, share: float) -> Floats:
    """Return the part that each draw has of the places of the least, shape ``[P, M]``.

    There are as many places as the share asks of the answers that were read, and at least one.
    """
    values = np.where(read, z, np.inf)
    room = np.maximum(1, np.ceil(share * read.sum(axis=1, keepdims=True) - _ROUNDING))
    edge = np.take_along_axis(np.sort(values, axis=1), room.astype(np.int64) - 1, axis=1)
    below = read & (values < edge - _ROUNDING)
    at = read & (values <= edge + _ROUNDING) & ~below
    part = (room - below.sum(axis=1, keepdims=True)) / np.maximum(at.sum(axis=1, keepdims=True), 1)
    found: Floats = below + at * part
    return found


def _lowest(means: Floats, tied: Bools) -> Bools:
    values = np.where(tied, means, np.inf)
    found: Bools = tied & (values <= values.min(axis=1, keepdims=True, initial=np.inf) + _ROUNDING)
    return found


def _share(tied: Bools, right: Bools) -> Floats:
    """Return the share of right classes among those that tie, shape ``[...]``; 0 of none."""
    found: Floats = (tied & right).sum(axis=-1) / np.maximum(tied.sum(axis=-1), 1)
    return found
