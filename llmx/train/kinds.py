"""Training: stages and rewards."""

KINDS = {
    "stage.tokenizer": "llmx.train.tokenizer:TokenizerStage",
    "stage.train": "llmx.train.language_model:TrainStage",
    "stage.zoo_card": "llmx.train.zoo_card:ZooCardStage",
    "stage.sft": "llmx.train.post_training.sft:SftStage",
    "stage.dpo": "llmx.train.post_training.dpo:DpoStage",
    "stage.grpo": "llmx.train.post_training.grpo:GrpoStage",
    "stage.rloo": "llmx.train.post_training.rloo:RlooStage",
    "reward.gsm": "llmx.train.rewards.gsm:gsm",
    "reward.countdown": "llmx.train.rewards.puzzles:countdown",
    "reward.sudoku": "llmx.train.rewards.puzzles:sudoku",
    "reward.mini_sudoku": "llmx.train.rewards.puzzles:mini_sudoku",
    "reward.arc_1d": "llmx.train.rewards.puzzles:arc_1d",
    "reward.advanced_geometry": "llmx.train.rewards.puzzles:advanced_geometry",
    "reward.color_cube_rotation": "llmx.train.rewards.puzzles:color_cube_rotation",
    "reward.list_functions": "llmx.train.rewards.puzzles:list_functions",
    "reward.zebra_puzzles": "llmx.train.rewards.puzzles:zebra_puzzles",
    "reward.self_reference": "llmx.train.rewards.puzzles:self_reference",
}
