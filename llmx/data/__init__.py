"""Datasets: procedural ones that need no network, and hub ones at a pinned revision."""

from llmx.data.drawn import evaluation_identity, identity, load

__all__ = ["evaluation_identity", "identity", "load"]
