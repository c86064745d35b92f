"""Trainings: curves with their seeds, accuracy before and after, and what the outputs do."""
