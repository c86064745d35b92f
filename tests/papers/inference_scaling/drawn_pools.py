"""Pools of draws for tests: by hand, at random, of a size."""

import numpy as np
from hypothesis import strategies as st

from llmx.papers.inference_scaling.points import ProblemDraws


def pool(classes, right=0, tokens=None, name="p", prompt=7, cut=None):
    """One problem, from the class of each draw; `right` is a class or None."""
    answers = np.array(classes, dtype=np.int64)
    known = max([*classes, -1]) + 1
    lengths = np.array(range(3, 3 + len(classes)) if tokens is None else tokens, dtype=np.int64)
    capped = np.zeros(len(classes), dtype=bool) if cut is None else np.array(cut)
    right_ones = np.arange(known) == (-2 if right is None else right)
    return ProblemDraws(name, "c", answers, right_ones, prompt, lengths, capped)


def in_order(answers):
    """Number answers by their first draws, as pools do; None = nothing was read."""
    first = list(dict.fromkeys(one for one in answers if one is not None))
    return [-1 if one is None else first.index(one) for one in answers]


@st.composite
def drawn(draw, most=7, unread=True):
    """A problem of a few draws, some of which may be unread or equally long."""
    answers = st.sampled_from([*("abc"), *([None] if unread else [])])
    given = draw(st.lists(answers, min_size=1, max_size=most))
    classes = in_order(given)
    right = classes[given.index("a")] if "a" in given else None
    size = st.lists(st.integers(1, 5), min_size=len(given), max_size=len(given))
    return pool(
        classes,
        right,
        draw(size),
        cut=draw(st.lists(st.booleans(), min_size=len(given), max_size=len(given))),
    )


def many(problems, draws, seed=0, classes=40):
    """Problems of uneven difficulty; right answers are shorter, a twentieth is unread."""
    rng = np.random.default_rng(seed)
    made = []
    for place in range(problems):
        law = np.sort(rng.dirichlet(np.full(classes, rng.choice([0.02, 0.1, 0.3]))))[::-1]
        answers = rng.choice(classes, draws, p=law)
        order = np.roll(np.arange(classes), int(rng.random() < 0.2))
        read = rng.random(draws) > 0.05
        given = [
            int(order[one]) if is_read else None for one, is_read in zip(answers, read, strict=True)
        ]
        numbered = in_order(given)
        right = numbered[given.index(0)] if 0 in given else None
        lengths = rng.integers(30, 90, draws) + 8 * (np.array(numbered) != right)
        made.append(pool(numbered, right, lengths, f"p{place}", 47))
    return made


def lived(one, rule, order, budget):
    """Ask the rule after every draw, as a live run would; return draws used and the winner."""
    seen, used = [], 0
    for place, at in enumerate(order[:budget]):
        seen.append(int(one.classes[at]))
        used = place + 1
        counts = [seen.count(kind) for kind in range(len(one.right))]
        if rule.decide(counts, budget - used):
            break
    read = [kind for kind in seen if kind >= 0]
    return used, max(read, key=lambda kind: (read.count(kind), -read.index(kind)), default=-1)
