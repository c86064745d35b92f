"""Fuzzy speculative decoding (Holsman et al., arXiv 2502.20704)."""

KINDS = {
    "accept.fuzzy": "llmx.methods.decode.fuzzy:FUZZY",
    "stage.divergence_quantiles": "llmx.run.calibrate:CalibrateStage",
    "stage.divergence_log": "llmx.run.divergence_log:DivergenceLogStage",
    "stage.explore": "llmx.run.explore:ExploreStage",
    "test.beats_control": "llmx.report.verdict.tests:BEATS_CONTROL",
    "test.costs_and_gains": "llmx.report.verdict.tests:COSTS_AND_GAINS",
    "test.non_inferior_and_faster": "llmx.report.verdict.tests:NON_INFERIOR_AND_FASTER",
    "test.ranking_at_equal_share": "llmx.report.verdict.tests:RANKING_AT_EQUAL_SHARE",
    "test.threshold_transfer": "llmx.report.verdict.tests:THRESHOLD_TRANSFER",
}

WORDS = ("fsd", "fuzzy", "draft_share", "divergence_quantiles")
