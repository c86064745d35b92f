"""Readers of answers."""

KINDS = {
    "scorer.gsm": "llmx.scoring.gsm:GsmScorer",
    "scorer.choice": "llmx.scoring.choice:ChoiceScorer",
    "scorer.code": "llmx.scoring.code.scorer:CodeScorer",
    "scorer.exact": "llmx.scoring.exact:ExactScorer",
    "scorer.includes": "llmx.scoring.includes:IncludesScorer",
    "scorer.pattern": "llmx.scoring.pattern:PatternScorer",
    "scorer.numeric": "llmx.scoring.numeric:NumericScorer",
    "scorer.f1": "llmx.scoring.f1:F1Scorer",
    "scorer.rouge": "llmx.scoring.rouge:RougeScorer",
    "scorer.math": "llmx.scoring.mathematics:MathScorer",
    "scorer.json": "llmx.scoring.json_answer:JsonScorer",
}
