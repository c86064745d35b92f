"""Staircase streaming of ensembles (Wang et al., arXiv 2510.05059)."""

KINDS = {
    "stage.aggregation_corpus": "llmx.papers.staircase.aggregation:AggregationCorpusStage",
    "stage.ensemble_simulation": "llmx.papers.staircase.simulation:SimulationStage",
    "test.first_token_cut": "llmx.papers.staircase.verdicts:FIRST_TOKEN_CUT",
}

WORDS = ("staircase", "aggregation_corpus")
