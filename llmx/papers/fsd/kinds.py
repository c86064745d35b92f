"""Fuzzy speculative decoding (Holsman et al., arXiv 2502.20704)."""

KINDS = {
    "stage.divergence_quantiles": "llmx.run.calibrate:CalibrateStage",
    "stage.divergence_log": "llmx.run.divergence_log:DivergenceLogStage",
    "stage.explore": "llmx.run.explore:ExploreStage",
}

WORDS = ("fsd", "fuzzy", "draft_share", "divergence_quantiles")
