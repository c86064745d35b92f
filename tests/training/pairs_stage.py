"""A training that is no causal language model: a bag of embeddings, taught by pairs of texts.

What a package would write: its own module, loss, trainer and configuration. The course around it
(job, order of rows, checkpoints, watch, audit, export) is that of `sft`.
"""

import shutil
from pathlib import Path
from typing import Any

from llmx.core.stage import Memory
from llmx.train.course.fields import ARGUMENTS
from llmx.train.post_training.audit import Limit
from llmx.train.post_training.encoded import Encoded
from llmx.train.post_training.job import arguments
from llmx.train.post_training.options import TrainingOptions
from llmx.train.post_training.stage import PostTraining

WIDTH, HOT = 16, 0.1
SIDES = {"query": ("question",), "target": ("solution",)}


def bag(size: int) -> Any:
    """Return the encoder: the mean of a text's embeddings, and a loss over the pairs of a batch."""
    import torch
    from torch.nn.functional import cross_entropy, normalize

    class Bag(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = torch.nn.Embedding(size, WIDTH, padding_idx=0)
            self.dropout = torch.nn.Dropout(0.1)

        def embed(self, ids: Any) -> Any:
            kept = (ids >= 0).unsqueeze(-1)
            found = self.dropout(self.embedding(ids.clamp(min=0))) * kept
            return normalize(found.sum(1) / kept.sum(1).clamp(min=1), dim=-1)

        def forward(self, query: Any, target: Any) -> dict[str, Any]:
            likeness = self.embed(query) @ self.embed(target).T / HOT
            wanted = torch.arange(len(query))
            return {"loss": cross_entropy(likeness, wanted), "likeness": likeness}

    return Bag()


def collate(rows: list[dict[str, list[int]]]) -> dict[str, Any]:
    """Pad each side of a batch; -1 is no token."""
    import torch

    def padded(side: str) -> Any:
        longest = max(len(row[side]) for row in rows)
        return torch.tensor([row[side] + [-1] * (longest - len(row[side])) for row in rows])

    return {side: padded(side) for side in SIDES}


class PairsOptions(TrainingOptions):
    """The settings are those of transformers' own trainer."""

    sources = (ARGUMENTS,)


class PairsStage(PostTraining):
    """Rows: ``question`` and ``solution``; the other rows of a batch are what it is not."""

    Options = PairsOptions
    kind = "pairs"
    packages = ("transformers",)

    def texts(self, tokenizer: Any, rows: Any, options: Any) -> list[Encoded]:
        """Both sides of each row."""
        found = []
        for row in rows:
            for side, names in SIDES.items():
                ids = tuple(tokenizer(row.text(*names), add_special_tokens=False)["input_ids"])
                found.append(Encoded(row, ids, (1,) * len(ids), side))
        return found

    def limit(self, options: Any, context: int | None) -> Limit:
        """A mean has no positions."""
        return Limit(None)

    def positions(self, base: Any) -> int | None:
        """None: transformers knows no such model."""
        return None

    def memory(self, size: Any, options: Any) -> Memory:
        """Nothing to speak of."""
        return Memory()

    def build(self, job: Any, texts: Any) -> Any:
        """Load the module and give it to transformers' own trainer."""
        from safetensors.torch import load_file
        from transformers import Trainer, TrainingArguments

        weights = load_file(Path(job.base.place) / "model.safetensors")
        model = bag(len(weights["embedding.weight"]))
        model.load_state_dict(weights)
        sides = [{text.part: list(text.ids)} for text in texts]
        rows = [{**one, **other} for one, other in zip(sides[::2], sides[1::2], strict=True)]
        return Trainer(
            model=model,
            args=arguments(job, TrainingArguments, {"remove_unused_columns": False}),
            train_dataset=rows,
            data_collator=collate,
            processing_class=job.tokenizer,
        )

    def fed(self, trainer: Any, count: int) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
        """The trainer's own rows."""
        texts = [row[side] for row in trainer.train_dataset for side in SIDES][:count]
        return [(tuple(ids), (1,) * len(ids)) for ids in texts]

    def complete(self, job: Any, model: Path) -> None:
        """A module has no configuration that the trainer could save."""
        shutil.copyfile(Path(job.base.place) / "config.json", model / "config.json")


def save_bag(folder: Path, words: Any, seed: int = 0, width: int = WIDTH) -> Path:
    """Write an encoder from nothing."""
    import json

    import torch
    from safetensors.torch import save_file

    folder.mkdir(parents=True)
    torch.manual_seed(seed)
    save_file(
        {"embedding.weight": torch.randn(len(words), width) / width**0.5},
        folder / "model.safetensors",
    )
    (folder / "config.json").write_text(json.dumps({"model_type": "bag", "width": width}))
    words.save_pretrained(folder)
    return folder
