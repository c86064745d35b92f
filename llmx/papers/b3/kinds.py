"""Batches cut from a similarity graph (B3; Thirukovalluru et al., arXiv 2505.11293)."""

KINDS = {
    "stage.batches": "llmx.papers.b3.stages.batches:BatchesStage",
    "stage.batches_report": "llmx.papers.b3.stages.batches_report:BatchesReportStage",
    "test.batch_equivalence": "llmx.papers.b3.verdicts:BATCH_EQUIVALENCE",
    "test.cheaper_at_equal_quality": "llmx.papers.b3.verdicts:CHEAPER_AT_EQUAL_QUALITY",
    "test.greater_gain": "llmx.papers.b3.verdicts:GREATER_GAIN",
    "test.optimum_inside": "llmx.papers.b3.verdicts:OPTIMUM_INSIDE",
}

NAMES = ("b3",)

WORDS = ("b3",)
