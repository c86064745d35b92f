"""Inference-time scaling without verifiers (Wang et al., arXiv 2504.14047)."""

KINDS = {
    "section.frontier": "llmx.papers.inference_scaling.sections:FrontierSection",
    "section.scaling": "llmx.papers.inference_scaling.sections:ScalingSection",
    "stage.stopped": "llmx.papers.inference_scaling.stopped:StoppedStage",
    "stage.truncate": "llmx.papers.inference_scaling.truncate:TruncateStage",
    "stage.scaling": "llmx.papers.inference_scaling.stage:ScalingStage",
    "picture.against_cost": "llmx.papers.inference_scaling.pictures:AGAINST_COST",
    "picture.losses": "llmx.papers.inference_scaling.pictures:LOSSES",
    "picture.scaling_with_draws": "llmx.papers.inference_scaling.pictures:DRAWS",
    "picture.truncation": "llmx.papers.inference_scaling.pictures:TRUNCATION",
    "picture.flips": "llmx.papers.inference_scaling.pictures:FLIPS",
    "picture.margin": "llmx.papers.inference_scaling.pictures:MARGIN",
    "picture.stopping": "llmx.papers.inference_scaling.pictures:STOPPING",
    "table.votes": "llmx.papers.inference_scaling.report_tables:VOTES",
    "table.catching_up": "llmx.papers.inference_scaling.report_tables:CATCHING_UP",
    "table.right_and_wrong": "llmx.papers.inference_scaling.report_tables:RIGHT_AND_WRONG",
    "test.at_least": "llmx.papers.inference_scaling.verdicts:AT_LEAST",
    "test.feature_vote": "llmx.papers.inference_scaling.verdicts:FEATURE_VOTE",
    "test.markers_when_right": "llmx.papers.inference_scaling.verdicts:MARKERS_WHEN_RIGHT",
    "test.never_catches_up": "llmx.papers.inference_scaling.verdicts:NEVER_CATCHES_UP",
    "test.saturates": "llmx.papers.inference_scaling.verdicts:SATURATES",
    "test.shorter_when_right": "llmx.papers.inference_scaling.verdicts:SHORTER_WHEN_RIGHT",
    "test.truncation_hurts": "llmx.papers.inference_scaling.verdicts:TRUNCATION_HURTS",
    "quantity.catches_up": "llmx.papers.inference_scaling.quantities:CATCHES_UP",
    "quantity.length_when_right": "llmx.papers.inference_scaling.quantities:SHORTER",
    "quantity.length_when_right_within": "llmx.papers.inference_scaling.quantities:SHORTER_WITHIN",
}

NAMES = ("scaling",)

WORDS = ("inference_scaling",)
