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
    "reward.countdown": "llmx.data.tasks.rewards:countdown",
    "reward.sudoku": "llmx.data.tasks.rewards:sudoku",
    "reward.mini_sudoku": "llmx.data.tasks.rewards:mini_sudoku",
    "reward.arc_1d": "llmx.data.tasks.rewards:arc_1d",
    "reward.advanced_geometry": "llmx.data.tasks.rewards:advanced_geometry",
    "reward.color_cube_rotation": "llmx.data.tasks.rewards:color_cube_rotation",
    "reward.list_functions": "llmx.data.tasks.rewards:list_functions",
    "reward.zebra_puzzles": "llmx.data.tasks.rewards:zebra_puzzles",
    "reward.self_reference": "llmx.data.tasks.rewards:self_reference",
}
