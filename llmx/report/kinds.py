"""Verdict tests of any paper, and what published figures measure."""

KINDS = {
    "test.end_to_end_speed": "llmx.report.verdict.tests:END_TO_END_SPEED",
    "test.equivalent": "llmx.report.verdict.tests:EQUIVALENT",
    "test.length_inflation": "llmx.report.verdict.tests:LENGTH_INFLATION",
    "test.lossless": "llmx.report.verdict.tests:LOSSLESS",
    "test.more_accurate": "llmx.report.verdict.tests:MORE_ACCURATE",
    "test.steadier": "llmx.report.verdict.tests:STEADIER",
    "quantity.tokens/s": "llmx.report.quantities:TOKEN_RATE",
    "quantity.problems/s": "llmx.report.quantities:PROBLEM_RATE",
    "quantity.accuracy": "llmx.report.quantities:ACCURACY",
    "quantity.length": "llmx.report.quantities:LENGTH",
    "quantity.rounds": "llmx.report.quantities:ROUNDS",
    "quantity.own accuracy": "llmx.report.quantities:OWN_ACCURACY",
    "quantity.first token": "llmx.report.quantities:FIRST_TOKEN",
    "quantity.first token cut": "llmx.report.quantities:FIRST_TOKEN_CUT",
    "quantity.end to end": "llmx.report.quantities:END_TO_END",
    "quantity.win rate": "llmx.report.quantities:WIN_RATE",
    "quantity.length-controlled win rate": "llmx.report.quantities:CONTROLLED_WIN_RATE",
}
