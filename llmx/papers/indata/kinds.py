"""InData: data analysis through tools alone (Karthikeyan K et al., arXiv 2511.11933)."""

KINDS = {
    "data.indata": "llmx.papers.indata.dataset:Indata",
    "scorer.analysis": "llmx.papers.indata.scorer:AnalysisScorer",
}

NAMES = ("indata",)

WORDS = ("indata", "disclosure")
