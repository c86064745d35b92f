"""Readers of answers."""

KINDS = {
    "scorer.gsm": "llmx.scoring.gsm:GsmScorer",
    "scorer.choice": "llmx.scoring.choice:ChoiceScorer",
    "scorer.code": "llmx.scoring.code:CodeScorer",
}
