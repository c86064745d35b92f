"""InData: data analysis through tools alone (Karthikeyan K et al., arXiv 2511.11933)."""

KINDS = {
    "data.indata": "llmx.papers.indata.dataset:Indata",
    "data.indata_plans": "llmx.papers.indata.planner.dataset:IndataPlans",
    "scorer.analysis": "llmx.papers.indata.scorer:AnalysisScorer",
    "scorer.plan": "llmx.papers.indata.planner.scorer:PlanScorer",
}

NAMES = ("indata",)

WORDS = ("indata", "disclosure")
