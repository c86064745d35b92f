"""Engines complete requests: llmx's own token loops over transformers, or played-back answers."""
