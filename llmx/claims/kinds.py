"""What published figures measure."""

KINDS = {
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
