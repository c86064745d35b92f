"""Divergence logs explored offline: thresholds, divergences and truncations without decoding."""

from llmx.explore.solve import solve
from llmx.methods.decode.divergence_log import DivergenceLog, Measure, joined

__all__ = ["DivergenceLog", "Measure", "joined", "solve"]
