"""Divergence logs explored offline: thresholds, divergences and truncations without decoding."""

from llmx.papers.fsd.divergence_log import DivergenceLog, Measure, joined
from llmx.papers.fsd.explore.solve import solve

__all__ = ["DivergenceLog", "Measure", "joined", "solve"]
