"""Batches cut from a similarity graph (B3; Thirukovalluru et al., arXiv 2505.11293)."""
