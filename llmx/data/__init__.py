"""Datasets: procedural ones that need no network, and hub ones at a pinned revision."""

from llmx.data.drawn import Settled, evaluation_identity, identity, load, settled

__all__ = ["Settled", "evaluation_identity", "identity", "load", "settled"]
