"""Engines complete requests: llmx's own token loops, vLLM, or played-back answers."""
