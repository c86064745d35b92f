"""Datasets and the stages that draw from them."""

KINDS = {
    "stage.corpus": "llmx.data.corpus:CorpusStage",
    "stage.prompts": "llmx.data.tasks.stage:PromptsStage",
    "data.gsm_symbolic": "llmx.data.gsm_symbolic:GsmSymbolic",
    "data.gsm8k": "llmx.data.gsm8k:Gsm8k",
    "data.csqa": "llmx.data.csqa:Csqa",
    "data.mmlu": "llmx.data.mmlu:Mmlu",
    "data.humaneval": "llmx.data.humaneval:HumanEval",
    "data.alpaca_eval": "llmx.judging.alpaca_eval_data:AlpacaEvalData",
    "data.arena_hard": "llmx.judging.arena_hard_data:ArenaHardData",
    "data.countdown": "llmx.data.tasks.dataset:ReasoningTask",
    "data.sudoku": "llmx.data.tasks.dataset:ReasoningTask",
    "data.mini_sudoku": "llmx.data.tasks.dataset:ReasoningTask",
    "data.arc_1d": "llmx.data.tasks.dataset:ReasoningTask",
    "data.advanced_geometry": "llmx.data.tasks.dataset:ReasoningTask",
    "data.color_cube_rotation": "llmx.data.tasks.dataset:ReasoningTask",
    "data.list_functions": "llmx.data.tasks.dataset:ReasoningTask",
    "data.zebra_puzzles": "llmx.data.tasks.dataset:ReasoningTask",
    "data.self_reference": "llmx.data.tasks.dataset:ReasoningTask",
}
