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
}
