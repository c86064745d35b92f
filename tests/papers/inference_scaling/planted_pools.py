"""Pools whose law is known: how right a problem is, how its errors fall, what its feature says."""

import numpy as np

from llmx.papers.inference_scaling.points import ProblemDraws


def drawn(answers, name="", cluster=""):
    """One problem from the answers of its draws: 0 is right, -1 says nothing."""
    read = [one for one in dict.fromkeys(answers) if one >= 0]
    return ProblemDraws(
        id=name,
        cluster=cluster,
        classes=np.array([read.index(one) if one >= 0 else -1 for one in answers], dtype=np.int64),
        right=np.array([one == 0 for one in read], dtype=np.bool_),
        prompt=10,
        tokens=np.full(len(answers), 50),
        cut=np.zeros(len(answers), dtype=np.bool_),
    )


def planted(rng, problems, draws, shift=0.0, confound=0.0, answers=6):
    """Problems of every difficulty, and a feature: normal, lower by `shift` in right draws.

    ``confound`` times the share of right draws that a problem has in the long run is added to all
    of its draws alike.
    """
    pool, values = [], []
    for at in range(problems):
        right = rng.beta(1.2, 1.2)
        wrong = rng.dirichlet(np.ones(answers - 1)) * (1 - right)
        told = rng.choice(answers, draws, p=[right, *wrong])
        pool.append(drawn(told.tolist(), f"p{at}"))
        values.append(rng.normal(size=draws) - shift * (told == 0) + confound * right)
    return pool, np.concatenate(values)


def flat(pool):
    """The problem of each draw, and whether it is right."""
    problem = np.repeat(np.arange(len(pool)), [one.draws for one in pool])
    return problem, np.concatenate([one.correct for one in pool])
