"""Staircase streaming of ensembles (Wang et al., arXiv 2510.05059)."""
