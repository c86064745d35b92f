"""InData: data analysis through tools alone (Karthikeyan K et al., arXiv 2511.11933)."""

KINDS = {
    "data.indata": "llmx.papers.indata.dataset:Indata",
    "data.indata_plans": "llmx.papers.indata.planner.dataset:IndataPlans",
    "policy.indata_planner": "llmx.papers.indata.policies:PlannerPolicy",
    "policy.keyword": "llmx.papers.indata.policies:KeywordPolicy",
    "policy.no_tool": "llmx.papers.indata.policies:NoToolPolicy",
    "policy.oracle_plan": "llmx.papers.indata.policies:OraclePlanPolicy",
    "policy.oracle_tools": "llmx.papers.indata.policies:OracleToolsPolicy",
    "policy.random_tool": "llmx.papers.indata.policies:RandomToolPolicy",
    "scorer.analysis": "llmx.papers.indata.scorer:AnalysisScorer",
    "scorer.plan": "llmx.papers.indata.planner.scorer:PlanScorer",
    "stage.indata_report": "llmx.papers.indata.report.stage:IndataReportStage",
    "toolset.indata": "llmx.papers.indata.toolset:AnalysisToolset",
}

NAMES = ("indata",)

WORDS = ("indata", "disclosure")
