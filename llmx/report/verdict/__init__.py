"""Verdicts: what a run says of a paper's testable statements. Each is computed, none is typed."""
