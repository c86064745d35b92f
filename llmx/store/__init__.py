"""Durable files, fingerprints, stage outputs and locks."""
