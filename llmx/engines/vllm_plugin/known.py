"""The decoding rules that the plugin brings to vLLM; the others are llmx's own loop's."""

RULES = ("target", "draft", "speculative", "fuzzy", "random", "ensemble")
