"""Verdict tests of any paper, and what published figures measure."""

KINDS = {
    "test.end_to_end_speed": "llmx.report.verdict.tests:END_TO_END_SPEED",
    "test.equivalent": "llmx.report.verdict.tests:EQUIVALENT",
    "test.length_inflation": "llmx.report.verdict.tests:LENGTH_INFLATION",
    "test.lossless": "llmx.report.verdict.tests:LOSSLESS",
    "test.more_accurate": "llmx.report.verdict.tests:MORE_ACCURATE",
    "test.steadier": "llmx.report.verdict.tests:STEADIER",
    "quantity.tokens/s": "llmx.claims.quantities:TOKEN_RATE",
    "quantity.problems/s": "llmx.claims.quantities:PROBLEM_RATE",
    "quantity.accuracy": "llmx.claims.quantities:ACCURACY",
    "quantity.length": "llmx.claims.quantities:LENGTH",
    "quantity.rounds": "llmx.claims.quantities:ROUNDS",
    "quantity.own accuracy": "llmx.claims.quantities:OWN_ACCURACY",
    "quantity.first token": "llmx.claims.quantities:FIRST_TOKEN",
    "quantity.first token cut": "llmx.claims.quantities:FIRST_TOKEN_CUT",
    "quantity.end to end": "llmx.claims.quantities:END_TO_END",
    "quantity.win rate": "llmx.claims.quantities:WIN_RATE",
    "quantity.length-controlled win rate": "llmx.claims.quantities:CONTROLLED_WIN_RATE",
}
