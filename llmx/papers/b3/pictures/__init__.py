"""Pictures of trainings on planned batches, each a function of the figures of a run."""

from __future__ import annotations

from llmx.papers.b3.pictures.curves import (
    by_batch,
    in_batch,
    leads,
    loss,
    over_samples,
    over_seconds,
)
from llmx.report.brought import Picture

OVER_SAMPLES = Picture("Quality over samples seen", over_samples)
LEADS = Picture("Lead over the control, over samples seen", leads)
OVER_SECONDS = Picture("Quality over seconds of training", over_seconds)
BY_BATCH = Picture("Quality by batch, after equal samples", by_batch)
IN_BATCH = Picture("In-batch accuracy over training", in_batch)
LOSS = Picture("Loss over training", loss)
