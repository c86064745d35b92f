"""Ensembles: quality beside latency, and who spoke when."""
