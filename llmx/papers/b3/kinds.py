"""Batches cut from a similarity graph (B3; Thirukovalluru et al., arXiv 2505.11293)."""

KINDS: dict[str, str] = {}

NAMES = ("b3",)

WORDS = ("b3",)
