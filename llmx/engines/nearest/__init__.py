"""Nearest targets of each query: exact by blocks, or approximate with a stated recall."""
