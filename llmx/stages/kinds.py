"""Stages of any paper."""

KINDS = {
    "section.pool": "llmx.stages.pool:PoolSection",
    "stage.pool": "llmx.stages.pool:PoolStage",
    "stage.embed": "llmx.stages.embed:EmbedStage",
    "stage.rank": "llmx.stages.rank:RankStage",
    "stage.decode": "llmx.stages.decode:DecodeStage",
    "stage.ensemble_latency": "llmx.stages.latency:LatencyStage",
    "stage.ensemble_report": "llmx.stages.ensemble_report:EnsembleReportStage",
    "stage.ensemble_decode": "llmx.stages.ensemble:EnsembleDecodeStage",
    "stage.decode_speed": "llmx.stages.speed:SpeedStage",
    "stage.score": "llmx.stages.score:ScoreStage",
    "stage.classes": "llmx.stages.classes:ClassesStage",
    "stage.judge": "llmx.stages.judge:JudgeStage",
    "stage.win_rates": "llmx.stages.win_rates:WinRatesStage",
    "stage.report": "llmx.stages.report:ReportStage",
    "stage.audit": "llmx.stages.audit:AuditStage",
    "stage.verdicts": "llmx.stages.verdicts:VerdictStage",
    "stage.self_score": "llmx.stages.self_score:SelfScoreStage",
    "stage.revise": "llmx.stages.revise:ReviseStage",
    "stage.mixture": "llmx.stages.mixture:MixtureStage",
    "stage.training_report": "llmx.stages.training_report:TrainingReportStage",
}
