"""What claims on inference-time scaling measure."""

from __future__ import annotations

from llmx.claims.quantity import Quantity
from llmx.papers.inference_scaling import figure_names

CATCHES_UP = Quantity(
    "{figure} votes to reach one answer of `{against}`",
    unit="votes",
    figure=figure_names.CATCHES_UP,
    digits=0,
)
SHORTER = Quantity(
    "right answers {figure} tokens from wrong ones",
    unit="tokens",
    figure=figure_names.SHORTER,
    alone=True,
    digits=1,
)
SHORTER_WITHIN = Quantity(
    "right answers {figure} tokens from wrong ones within problems",
    unit="tokens",
    figure=figure_names.SHORTER_WITHIN,
    alone=True,
    digits=1,
)
