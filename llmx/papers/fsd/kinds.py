"""Fuzzy speculative decoding (Holsman et al., arXiv 2502.20704)."""

KINDS = {
    "accept.fuzzy": "llmx.papers.fsd.fuzzy:FUZZY",
    "stage.divergence_quantiles": "llmx.papers.fsd.stages.calibrate:CalibrateStage",
    "stage.divergence_log": "llmx.papers.fsd.stages.divergence_log:DivergenceLogStage",
    "stage.explore": "llmx.papers.fsd.stages.explore:ExploreStage",
    "test.beats_control": "llmx.papers.fsd.verdicts:BEATS_CONTROL",
    "test.costs_and_gains": "llmx.papers.fsd.verdicts:COSTS_AND_GAINS",
    "test.non_inferior_and_faster": "llmx.papers.fsd.verdicts:NON_INFERIOR_AND_FASTER",
    "test.ranking_at_equal_share": "llmx.papers.fsd.verdicts:RANKING_AT_EQUAL_SHARE",
    "test.threshold_transfer": "llmx.papers.fsd.verdicts:THRESHOLD_TRANSFER",
}

WORDS = ("fsd", "fuzzy", "draft_share", "divergence", "divergences", "divergence_quantiles")
