"""Datasets and the stages that draw from them."""

KINDS = {
    "stage.corpus": "llmx.data.corpus:CorpusStage",
    "stage.prompts": "llmx.data.reasoning.stage:PromptsStage",
    "data.gsm_symbolic": "llmx.data.gsm_symbolic:GsmSymbolic",
    "data.gsm8k": "llmx.data.gsm8k:Gsm8k",
    "data.csqa": "llmx.data.csqa:Csqa",
    "data.mmlu": "llmx.data.mmlu:Mmlu",
    "data.humaneval": "llmx.data.humaneval:HumanEval",
    "data.alpaca_eval": "llmx.data.alpaca_eval:AlpacaEvalData",
    "data.arena_hard": "llmx.data.arena_hard:ArenaHardData",
    "data.countdown": "llmx.data.reasoning.dataset:ReasoningTask",
    "data.sudoku": "llmx.data.reasoning.dataset:ReasoningTask",
    "data.mini_sudoku": "llmx.data.reasoning.dataset:ReasoningTask",
    "data.arc_1d": "llmx.data.reasoning.dataset:ReasoningTask",
    "data.advanced_geometry": "llmx.data.reasoning.dataset:ReasoningTask",
    "data.color_cube_rotation": "llmx.data.reasoning.dataset:ReasoningTask",
    "data.list_functions": "llmx.data.reasoning.dataset:ReasoningTask",
    "data.zebra_puzzles": "llmx.data.reasoning.dataset:ReasoningTask",
    "data.self_reference": "llmx.data.reasoning.dataset:ReasoningTask",
}
