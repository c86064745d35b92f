"""Inference-time scaling without verifiers (Wang et al., arXiv 2504.14047)."""

KINDS = {
    "stage.truncate": "llmx.papers.inference_scaling.truncate:TruncateStage",
}

NAMES = ("scaling",)

WORDS = ("inference_scaling",)
