"""Where nothing is to be found, the verdict tests of batches seldom find it."""

import pytest
from counts import count
from retrieved import World, verdict

from llmx.papers.b3.report.figures import TrainedRun

RUNS = count(40, 400)
CURVE = (0.4, 0.5, 0.55, 0.58, 0.6)
HIGHER = (0.4, 0.55, 0.6, 0.63, 0.65)
OF_NDCG = {"metric": "ndcg@10", "clustered": True}
# Test → the finding, and arms (rows of a batch, means) at the edge of what it asks.
EDGES = {
    "batch_equivalence": (
        {"arms": ["b3_32"], "control": "random_32"},
        {"b3_32": (32, CURVE), "random_32": (32, CURVE), "random_64": (64, HIGHER)},
    ),
    "cheaper_at_equal_quality": (
        {"arms": ["b3_32"], "control": "random_32", "cost": "samples"},
        {"b3_32": (32, CURVE), "random_32": (32, CURVE)},
    ),
    "greater_gain": (
        {**OF_NDCG, "pairs": [["b3_32", "random_32"], ["b3_64", "random_64"]]},
        {
            "b3_32": (32, HIGHER),
            "random_32": (32, CURVE),
            "b3_64": (64, HIGHER),
            "random_64": (64, CURVE),
        },
    ),
    "optimum_inside": (
        {**OF_NDCG, "arms": {"k8_64": 8, "k16_64": 16, "k32_64": 32}},
        {"k8_64": (64, CURVE), "k16_64": (64, CURVE), "k32_64": (64, CURVE)},
    ),
}


@pytest.mark.parametrize("name", EDGES)
def test_at_the_edge_of_its_null_a_test_of_batches_is_seldom_wrong(name):
    finding, arms = EDGES[name]
    shown = 0
    for run in range(RUNS):
        world = World(run, 120, 3, (0.1, 0.05, 0.01), 3)
        made = [world.arm(arm, size, means) for arm, (size, means) in arms.items()]
        figures = TrainedRun(tuple(made), "random").figures()
        shown += verdict({"test": name, **finding}, made, figures).word == "shown here"
    assert shown / RUNS <= 0.05 + 3 * (0.05 * 0.95 / RUNS) ** 0.5, shown
