"""Batches cut from a similarity graph (B3; Thirukovalluru et al., arXiv 2505.11293)."""

KINDS = {
    "plan.batches": "llmx.papers.b3.plan_file:read_plan",
    "stage.batches": "llmx.papers.b3.stages.batches:BatchesStage",
    "stage.batches_report": "llmx.papers.b3.stages.batches_report:BatchesReportStage",
    "stage.mmeb_report": "llmx.papers.b3.stages.mmeb_report:MmebReportStage",
    "stage.retrieval_report": "llmx.papers.b3.stages.retrieval_report:RetrievalReportStage",
    "quantity.mmeb retrieval (12)": "llmx.papers.b3.quantities:RETRIEVAL",
    "quantity.mmeb classification (10)": "llmx.papers.b3.quantities:CLASSIFICATION",
    "quantity.mmeb VQA (10)": "llmx.papers.b3.quantities:VQA",
    "quantity.mmeb grounding (4)": "llmx.papers.b3.quantities:GROUNDING",
    "quantity.mmeb in domain (20)": "llmx.papers.b3.quantities:IN_DOMAIN",
    "quantity.mmeb out of domain (16)": "llmx.papers.b3.quantities:OUT_OF_DOMAIN",
    "quantity.mmeb average (36)": "llmx.papers.b3.quantities:AVERAGE",
    "quantity.mmeb VQA in domain (6)": "llmx.papers.b3.quantities:VQA_INSIDE",
    "quantity.mmeb VQA out of domain (4)": "llmx.papers.b3.quantities:VQA_OUTSIDE",
    "quantity.mmeb VQA average (10)": "llmx.papers.b3.quantities:VQA_AVERAGE",
    "quantity.mmeb retrieval in domain (8)": "llmx.papers.b3.quantities:RETRIEVAL_INSIDE",
    "quantity.mmeb retrieval out of domain (4)": "llmx.papers.b3.quantities:RETRIEVAL_OUTSIDE",
    "quantity.mmeb retrieval average (12)": "llmx.papers.b3.quantities:RETRIEVAL_AVERAGE",
    "picture.quality_over_samples": "llmx.papers.b3.pictures:OVER_SAMPLES",
    "picture.lead_over_samples": "llmx.papers.b3.pictures:LEADS",
    "picture.quality_over_seconds": "llmx.papers.b3.pictures:OVER_SECONDS",
    "picture.quality_by_batch": "llmx.papers.b3.pictures:BY_BATCH",
    "picture.in_batch_accuracy": "llmx.papers.b3.pictures:IN_BATCH",
    "table.after_equal_samples": "llmx.papers.b3.report.tables:AFTER_EQUAL_SAMPLES",
    "table.at_equal_encoder_time": "llmx.papers.b3.report.tables:AFTER_EQUAL_TEXTS",
    "table.to_equal_quality": "llmx.papers.b3.report.tables:TO_EQUAL_QUALITY",
    "table.equal_batches": "llmx.papers.b3.report.tables:EQUAL_BATCHES",
    "test.batch_equivalence": "llmx.papers.b3.verdicts:BATCH_EQUIVALENCE",
    "test.cheaper_at_equal_quality": "llmx.papers.b3.verdicts:CHEAPER_AT_EQUAL_QUALITY",
    "test.greater_gain": "llmx.papers.b3.verdicts:GREATER_GAIN",
    "test.optimum_inside": "llmx.papers.b3.verdicts:OPTIMUM_INSIDE",
}

NAMES = ("b3",)

WORDS = ("b3",)
