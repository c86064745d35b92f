"""The pictures of inference-time scaling, drawn of the figures of a run alone."""

from __future__ import annotations

from llmx.papers.inference_scaling.pictures.against_cost import against_cost
from llmx.papers.inference_scaling.pictures.curves import (
    margin,
    scaling_with_draws,
    truncation,
)
from llmx.papers.inference_scaling.pictures.flips import flips
from llmx.papers.inference_scaling.pictures.losses import losses, stopping
from llmx.report.brought import Picture

AGAINST_COST = Picture("Accuracy against cost", against_cost)
LOSSES = Picture("Where answers are lost", losses)
DRAWS = Picture("One draw of N, their vote, and any of them", scaling_with_draws)
TRUNCATION = Picture("Thinking cut short", truncation)
FLIPS = Picture("What a round of revision turns", flips)
MARGIN = Picture("The leading answer, by its share of the votes", margin)
STOPPING = Picture("Draws that stopping rules use", stopping)
