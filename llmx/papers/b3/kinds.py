"""Batches cut from a similarity graph (B3; Thirukovalluru et al., arXiv 2505.11293)."""

KINDS = {
    "plan.batches": "llmx.papers.b3.plan_file:read_plan",
    "stage.batches": "llmx.papers.b3.stages.batches:BatchesStage",
    "stage.batches_report": "llmx.papers.b3.stages.batches_report:BatchesReportStage",
}

NAMES = ("b3",)

WORDS = ("b3",)
