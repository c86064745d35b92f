"""Staircase streaming of ensembles (Wang et al., arXiv 2510.05059)."""

KINDS = {
    "data.worked_arithmetic": "llmx.data.worked_arithmetic:WorkedArithmetic",
    "stage.aggregation_corpus": "llmx.run.aggregation:AggregationCorpusStage",
    "stage.ensemble_simulation": "llmx.run.simulation:SimulationStage",
    "test.first_token_cut": "llmx.report.verdict.tests:FIRST_TOKEN_CUT",
}

WORDS = ("staircase", "aggregation_corpus")
