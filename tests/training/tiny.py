"""A tiny random Llama with a tokenizer of its own, a data stage's folder, and a way to train."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from llmx.core import registry
from llmx.core.progress import Silent
from llmx.core.registry import lookup
from llmx.core.spec import ArmSpec, EngineSpec, ModelSpec, StageSpec
from llmx.core.stage import StageContext, StageInput
from llmx.store.files import write_lines

REWARDS = {
    "letters": "letters_reward:letters",
    "raises": "letters_reward:raises",
    "nan": "letters_reward:nan",
    "huge": "letters_reward:huge",
    "leaves": "letters_reward:leaves",
    "gate": "letters_reward:Gate",
}


def bring() -> None:
    """Bring the kinds of these tests; plugins of other tests make the registry forget them."""
    registry._known()["reward"] |= REWARDS
    registry._known()["stage"] |= {"pairs": "pairs_stage:PairsStage"}


bring()

ROWS = [
    {
        "id": f"train-{n}",
        "question": f"What is {n} plus {n % 7}?",
        "solution": f"{n} plus {n % 7} is {n + n % 7}. #### {n + n % 7}",
        "answer": str(n + n % 7),
        "chosen": f"It is {n + n % 7}.",
        "rejected": f"Who knows? Perhaps {n}.",
    }
    for n in range(24)
]
TESTED = [{"id": f"test-{n}", "question": f"What is {n} plus 90?"} for n in range(4)]
FAST = {"per_device_train_batch_size": 4, "learning_rate": 3e-3, "gradient_checkpointing": False}
DRAWN = {**FAST, "num_generations": 4, "max_completion_length": 8, "temperature": 1.0}


def tokenizer() -> Any:
    from llmx.train.tokenizer import _learn

    return _learn((text for row in ROWS for text in (row["question"], row["solution"])), 320)


def save_tiny_llama(folder: Path, hidden: int = 64, seed: int = 0, layers: int = 2) -> Path:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    words = tokenizer()
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(words), hidden_size=hidden, intermediate_size=96, num_hidden_layers=layers,
        num_attention_heads=2, num_key_value_heads=2, max_position_embeddings=128,
        tie_word_embeddings=True, bos_token_id=words.bos_token_id,
        eos_token_id=words.eos_token_id, pad_token_id=words.pad_token_id,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder)
    words.save_pretrained(folder)
    return folder


def save_data(folder: Path, rows: list[dict[str, Any]] = ROWS) -> Path:
    write_lines(folder / "train.jsonl", rows)
    write_lines(folder / "test.jsonl", TESTED)
    return folder


@dataclass
class Work:
    """One stage to run: what a recipe would say, and where."""

    kind: str
    model: Path
    data: Path
    out: Path
    settings: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    seed: int = 1

    def given(self) -> StageInput:
        options = {"settings": self.settings, "trackers": [], **self.options}
        if self.kind in ("grpo", "rloo"):
            options.setdefault("rewards", ["letters"])
        stage = StageSpec(name=self.kind, kind=self.kind, needs=("data",), options=options)
        target, engine = ModelSpec(target=str(self.model)), EngineSpec(device="cpu")
        return StageInput(stage, {"main": ArmSpec(seed=self.seed, model=target, engine=engine)})

    def context(self, progress: Any = None) -> StageContext:
        given = self.given()
        self.out.mkdir(parents=True, exist_ok=True)
        identity = lookup("stage", self.kind)().identity(given)
        return StageContext(given, identity, {"data": self.data}, self.out, progress or Silent())

    def run(self, progress: Any = None) -> Path:
        lookup("stage", self.kind)().run(self.context(progress))
        return self.out
