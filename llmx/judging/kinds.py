"""Judges, the protocols that ask them, and the benchmarks that need one."""

KINDS = {
    "data.alpaca_eval": "llmx.judging.alpaca_eval_data:AlpacaEvalData",
    "data.arena_hard": "llmx.judging.arena_hard_data:ArenaHardData",
    "judge.length": "llmx.judging.local:LengthJudge",
    "judge.exact": "llmx.judging.local:ExactJudge",
    "protocol.alpaca_eval": "llmx.judging.alpaca_eval:AlpacaEval",
    "protocol.arena_hard": "llmx.judging.arena_hard:ArenaHard",
    "scorer.judge": "llmx.judging.rubric:RubricScorer",
    "judge.endpoint": "llmx.judging.endpoint:EndpointJudge",
}
