"""Staircase streaming of ensembles (Wang et al., arXiv 2510.05059)."""

KINDS = {
    "data.worked_arithmetic": "llmx.data.worked_arithmetic:WorkedArithmetic",
    "stage.aggregation_corpus": "llmx.run.aggregation:AggregationCorpusStage",
    "stage.ensemble_simulation": "llmx.run.simulation:SimulationStage",
}

WORDS = ("staircase", "aggregation_corpus")
