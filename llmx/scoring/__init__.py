"""Scorers: versioned pure functions of a sample and a record."""
