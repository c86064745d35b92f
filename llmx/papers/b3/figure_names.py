"""What the figures of trainings on planned batches are called; writers and readers take it here."""

from __future__ import annotations

SAMPLES, SECONDS, TEXTS = "samples seen", "seconds of training", "texts encoded"
SETTINGS = {"samples": SAMPLES, "seconds": SECONDS, "texts": TEXTS}
"""Kind of amount → `setting` of the figures over it."""

QUALITY = "quality"
"""Of an arm after an amount, a share of 1: the metric that the run is evaluated by."""

METRIC = "quality is "
"""Mark of all arms, with the name of the metric."""

CONTROL = "control"
"""Mark of the arms that others are compared with, one a size of batches."""

LEAD = "lead over the control"
"""Of an arm, at each of its evaluation points; p values of all points of a curve mean little."""

LAST = "quality at the end"
AT_EQUAL_SAMPLES = "quality after equal samples"
BATCH = "rows of a batch"
EQUAL_BATCH = "batch of equal quality"
LOSS, IN_BATCH = "loss", "in-batch accuracy"
PEAK = "peak memory of training"
NEGATIVES = "hard negatives a row"
SPENT = {"samples": "samples in all", "seconds": "seconds in all", "texts": "texts in all"}
STAGE_SECONDS = "seconds of stage "
BOUND, BOUND_RANDOM = "log ratio of Theorem 1", "log ratio of Theorem 1 of random batches"
DEGREES = {
    "degree_mean": ("edges of a row, mean", "edges"),
    "degree_median": ("edges of a row, median", "edges"),
    "degree_max": ("edges of the largest hub", "edges"),
}
"""Key of the diagnostics → quantity and unit."""

OF_A_CLUSTER = "rows of a cluster"
SIZES_BEFORE, SIZES = "clusters before the repair", "clusters after the repair"
RANGES = {
    "first": "of the first ranks",
    "band": "of the band",
    "behind": "behind the band",
    "unranked": "not ranked",
}
"""Range of ranks → how it is called."""

WARM_IN_BATCH = "in-batch accuracy of the warm student"
WARM_FIRST = "hit@1 of the warm student"
ROOM = "room"


def difference(kind: str) -> str:
    """Return what an arm's lead over its control after an equal amount is called."""
    return f"quality difference after equal {kind}"


def to_equal(kind: str) -> str:
    """Return what an arm needs for its control's quality is called, beside what that spent."""
    return f"{kind} to equal quality"


def cut(kind: str) -> str:
    """Return what the share of edges that a cut keeps is called."""
    return f"share of edges that the cut {kind} keeps"


def met(where: str) -> str:
    """Return what the number of pairs that share a batch is called, by their range of ranks."""
    return f"pairs of a batch {RANGES.get(where, where)}"


def truth(what: str, where: str) -> str:
    """Return what a share of these pairs is called: duplicate, related, unrelated, unknown."""
    return f"{what} among pairs of a batch {RANGES.get(where, where)}"
