"""Fuzzy speculative decoding (Holsman et al., arXiv 2502.20704)."""
