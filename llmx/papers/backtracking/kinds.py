"""Backtracking in reasoning traces (Cai et al., arXiv 2505.24273)."""

KINDS = {
    "stage.traces": "llmx.data.traces.stage:TracesStage",
    "stage.answers": "llmx.data.reasoning.answers:AnswersStage",
    "stage.sampled": "llmx.data.reasoning.sampled:SampledStage",
    "stage.training_report": "llmx.run.training_report:TrainingReportStage",
    "data_options.traces": "llmx.data.traces.options:TraceOptions",
    "test.optimum": "llmx.report.verdict.tests:OPTIMUM",
    "test.poor_predictor": "llmx.report.verdict.tests:POOR_PREDICTOR",
    "quantity.optimum": "llmx.report.quantities:OPTIMUM",
}

WORDS = ("backtracking", "backtracks", "backtrack", "wrapper")
