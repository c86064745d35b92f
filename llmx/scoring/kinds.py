"""Readers of answers, and how judges are asked."""

KINDS = {
    "judge.length": "llmx.scoring.judging.local:LengthJudge",
    "judge.exact": "llmx.scoring.judging.local:ExactJudge",
    "protocol.alpaca_eval": "llmx.scoring.judging.alpaca_eval:AlpacaEval",
    "protocol.arena_hard": "llmx.scoring.judging.arena_hard:ArenaHard",
    "scorer.gsm": "llmx.scoring.gsm:GsmScorer",
    "scorer.choice": "llmx.scoring.choice:ChoiceScorer",
    "scorer.code": "llmx.scoring.code:CodeScorer",
    "scorer.countdown": "llmx.scoring.puzzles:CountdownScorer",
    "scorer.sudoku": "llmx.scoring.puzzles:SudokuScorer",
    "scorer.mini_sudoku": "llmx.scoring.puzzles:MiniSudokuScorer",
    "scorer.arc_1d": "llmx.scoring.puzzles:Arc1dScorer",
    "scorer.advanced_geometry": "llmx.scoring.puzzles:AdvancedGeometryScorer",
    "scorer.color_cube_rotation": "llmx.scoring.puzzles:ColorCubeRotationScorer",
    "scorer.list_functions": "llmx.scoring.puzzles:ListFunctionsScorer",
    "scorer.zebra_puzzles": "llmx.scoring.puzzles:ZebraPuzzlesScorer",
    "scorer.self_reference": "llmx.scoring.puzzles:SelfReferenceScorer",
}
