"""Backtracking in reasoning traces (Cai et al., arXiv 2505.24273)."""

KINDS = {
    "stage.traces": "llmx.papers.backtracking.traces.stage:TracesStage",
    "stage.answers": "llmx.papers.backtracking.answers:AnswersStage",
    "stage.sampled": "llmx.papers.backtracking.sampled:SampledStage",
    "data_options.traces": "llmx.papers.backtracking.traces.options:TraceOptions",
    "observer.countdown": "llmx.papers.backtracking.observer:TraceObserver",
    "observer.sudoku": "llmx.papers.backtracking.observer:TraceObserver",
    "observer.mini_sudoku": "llmx.papers.backtracking.observer:TraceObserver",
    "observer.arc_1d": "llmx.papers.backtracking.observer:TraceObserver",
    "test.optimum": "llmx.papers.backtracking.verdicts:OPTIMUM",
    "test.poor_predictor": "llmx.papers.backtracking.verdicts:POOR_PREDICTOR",
    "quantity.optimum": "llmx.papers.backtracking.quantities:OPTIMUM",
}

WORDS = ("backtracking", "backtracks", "backtrack", "traces", "trace_options")
