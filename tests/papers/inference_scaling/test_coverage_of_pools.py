"""Do intervals of votes cover 95 %, and what does a share on the frontier say? See `known_pools`.

A point's share is *calibrated* in two senses. One minus the share is a p value of "not on it": of
points that are just not on the frontier, alike to a cheaper one, 5 % are shown at 0.95 or more. And
of points shown at a share, at least about that share are on it; in worlds where votes help, as
here, more are, since a resample adds its own noise to that of the estimate.
"""

import numpy as np
import pytest
from counts import THOROUGH, count
from known_pools import COVERS, EDGES, SIZES, STRONG, Cover, beside_itself, reliability, voted

from llmx.stats.subsets import Counted, majorities

RUNS = count(200, 2000)


@pytest.mark.parametrize(
    ("case", "seed"), [pytest.param(one, at, id=one.name) for at, one in enumerate(COVERS, 1)]
)
def test_intervals_cover_the_truth(case: Cover, seed: int) -> None:
    """At least 94 % in 2,000 runs; 200 runs may be three standard errors below that."""
    share = case.share(RUNS, seed)
    print(f"{case.name}: {100 * share:.1f} %, {100 * (share - 0.95):+.1f} points")
    assert share >= (0.94 if THOROUGH else 0.89)


def test_pools_are_right_on_average():
    """The mean over pools of what all subsets give is the law's own: no bias at any size."""
    rng, law, runs = np.random.default_rng(0), STRONG[2], 4000
    counts = rng.multinomial(16, law, runs)
    found = majorities([Counted(row[:-1], 0, 16) for row in counts], SIZES)
    wanted = [voted(law, size) for size in SIZES]
    assert (np.abs(found.mean(0) - wanted) < 4 * found.std(0) / runs**0.5).all()


def test_shares_of_points_that_are_just_not_on_the_frontier():
    rng = np.random.default_rng(1)
    shares = np.array([beside_itself(rng) for _ in range(RUNS)])
    slack = 3 / RUNS**0.5
    for least in (0.5, 0.9, 0.95):
        held = (shares >= least).mean()
        print(f"shown at {least} or more: {100 * held:.1f} %")
        assert held == pytest.approx(1 - least, abs=slack * (least * (1 - least)) ** 0.5 + 0.02)


def test_a_share_on_the_frontier_promises_no_more_than_it_holds():
    rows = reliability(count(60, 600), 1)
    slack = 3 * np.sqrt(0.25 / rows[:, 0])
    for low, high, (points, said, on) in zip(EDGES, EDGES[1:], rows, strict=False):
        print(f"{low} to {high}: {points:.0f} points, {100 * said:.1f} % said, {100 * on:.1f} % on")
    assert (rows[:, 2] >= rows[:, 1] - slack).all()
    assert rows[[0, -1], 2] == pytest.approx(rows[[0, -1], 1], abs=0.03)
