"""Inference-time scaling without verifiers (Wang et al., arXiv 2504.14047)."""

KINDS: dict[str, str] = {}

NAMES = ("scaling",)

WORDS = ("inference_scaling",)
