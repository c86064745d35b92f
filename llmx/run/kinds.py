"""Stages of any paper, and the judge behind an endpoint."""

KINDS = {
    "stage.decode": "llmx.run.decode:DecodeStage",
    "stage.ensemble_latency": "llmx.run.latency:LatencyStage",
    "stage.ensemble_report": "llmx.run.ensemble_report:EnsembleReportStage",
    "stage.ensemble_decode": "llmx.run.ensemble:EnsembleDecodeStage",
    "stage.decode_speed": "llmx.run.speed:SpeedStage",
    "stage.score": "llmx.run.score:ScoreStage",
    "stage.judge": "llmx.run.judge:JudgeStage",
    "stage.win_rates": "llmx.run.win_rates:WinRatesStage",
    "stage.report": "llmx.run.report:ReportStage",
    "stage.audit": "llmx.run.audit:AuditStage",
    "stage.verdicts": "llmx.run.verdicts:VerdictStage",
    "judge.endpoint": "llmx.run.judge_endpoint:EndpointJudge",
}
