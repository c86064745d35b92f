"""Arms whose answers are given one by one: tables of problems × seeds."""

from dataclasses import replace

import numpy as np
from documents import figures_of

from llmx.core.audit import Audit
from llmx.core.figure import joined
from llmx.core.record import Score
from llmx.report.gather import ArmFiles, Gathered, TimedBlock
from llmx.report.verdict.evidence import evidence
from llmx.report.verdict.run_test import run_test
from llmx.report.verdict.schema import check_finding


def answer(name, right, tokens=50, drafted=40, accepted=40):
    return Score(
        id=name, cluster="", expected=name, strict="1", flexible="1", correct=bool(right),
        correct_flexible=bool(right), unparsed=False, tokens=int(tokens), finish="eos",
        rounds=10, drafted=drafted, accepted=accepted,
    )  # fmt: skip


def answered(right, tokens=50, trained=False, **counts):
    """Return an arm; `right` and `tokens` of shape (problems,) or (problems, seeds)."""
    right = np.atleast_2d(np.asarray(right).T).T
    tokens = np.broadcast_to(np.atleast_2d(np.asarray(tokens).T).T, right.shape)
    members = tuple(
        ArmFiles(
            scores={
                f"p{at}": answer(f"p{at}", right[at, seed], tokens[at, seed], **counts)
                for at in range(len(right))
            },
            seed=f"seed={seed}" if right.shape[1] > 1 else "",
            trained=trained,
            audit=Audit(passed=True),
        )
        for seed in range(right.shape[1])
    )
    return members[0] if len(members) == 1 else replace(members[0], seeds=members)


def beside(gained, lost, n=200):
    """Return right or wrong (n,) of two arms: the first gains and loses so many problems."""
    both = np.zeros((n, 2), dtype=bool)
    both[:gained, 0] = both[gained : gained + lost, 1] = True
    both[gained + lost : (n + gained + lost) // 2] = True
    return both.T


def blocks(arm, seconds):
    """Return timed rounds of 10 problems and 500 tokens."""
    return [
        TimedBlock(round=at, arm=arm, problems=10, tokens=500, seconds=s)
        for at, s in enumerate(seconds)
    ]


def verdict(finding, arms, timed=(), streams=None, training=None, exploration=None):
    finding = {"id": "x", **finding}
    check_finding(finding, "here")
    figures = joined(map(figures_of, (streams, training, exploration)))
    return run_test(evidence(Gathered(arms, list(timed), figures=figures)), finding, list(arms))
