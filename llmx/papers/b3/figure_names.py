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
MET = "pairs that share a batch"
UP_TO = "rank up to"
WARM_IN_BATCH = "in-batch accuracy of the warm student"
WARM_FIRST = "hit@1 of the warm student"
ROOM = "room"


def difference(kind: str) -> str:
    """Return what an arm's lead over its control after an equal amount is called."""
    return f"quality difference after equal {kind}"


def to_equal(kind: str) -> str:
    """Return what an arm needs for its control's quality is called, beside what that spent."""
    return f"{kind} to equal quality"


def truth(what: str) -> str:
    """Return what a share of pairs that share a batch is called: duplicate, related, unrelated."""
    return f"{what} among pairs that share a batch"
