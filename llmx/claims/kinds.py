"""What published figures measure."""

KINDS = {
    "quantity.tokens/s": "llmx.claims.quantity:TOKEN_RATE",
    "quantity.problems/s": "llmx.claims.quantity:PROBLEM_RATE",
    "quantity.accuracy": "llmx.claims.quantity:ACCURACY",
    "quantity.length": "llmx.claims.quantity:LENGTH",
    "quantity.rounds": "llmx.claims.quantity:ROUNDS",
    "quantity.own accuracy": "llmx.claims.quantity:OWN_ACCURACY",
    "quantity.first token": "llmx.claims.quantity:FIRST_TOKEN",
    "quantity.first token cut": "llmx.claims.quantity:FIRST_TOKEN_CUT",
    "quantity.end to end": "llmx.claims.quantity:END_TO_END",
    "quantity.win rate": "llmx.claims.quantity:WIN_RATE",
    "quantity.length-controlled win rate": "llmx.claims.quantity:CONTROLLED_WIN_RATE",
}
