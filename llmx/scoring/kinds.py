"""Readers of answers, and how judges are asked."""

KINDS = {
    "judge.length": "llmx.judging.local:LengthJudge",
    "judge.exact": "llmx.judging.local:ExactJudge",
    "protocol.alpaca_eval": "llmx.judging.alpaca_eval:AlpacaEval",
    "protocol.arena_hard": "llmx.judging.arena_hard:ArenaHard",
    "scorer.gsm": "llmx.scoring.gsm:GsmScorer",
    "scorer.choice": "llmx.scoring.choice:ChoiceScorer",
    "scorer.code": "llmx.scoring.code:CodeScorer",
    "scorer.countdown": "llmx.data.tasks.verifiers:CountdownScorer",
    "scorer.sudoku": "llmx.data.tasks.verifiers:SudokuScorer",
    "scorer.mini_sudoku": "llmx.data.tasks.verifiers:MiniSudokuScorer",
    "scorer.arc_1d": "llmx.data.tasks.verifiers:Arc1dScorer",
    "scorer.advanced_geometry": "llmx.data.tasks.verifiers:AdvancedGeometryScorer",
    "scorer.color_cube_rotation": "llmx.data.tasks.verifiers:ColorCubeRotationScorer",
    "scorer.list_functions": "llmx.data.tasks.verifiers:ListFunctionsScorer",
    "scorer.zebra_puzzles": "llmx.data.tasks.verifiers:ZebraPuzzlesScorer",
    "scorer.self_reference": "llmx.data.tasks.verifiers:SelfReferenceScorer",
}
