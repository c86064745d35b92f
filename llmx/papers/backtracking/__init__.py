"""Backtracking in reasoning traces (Cai et al., arXiv 2505.24273)."""
