"""Stages of fuzzy speculative decoding: calibration, divergence logs, exploration."""
