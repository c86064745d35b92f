"""A plan as a file of rows in the order of their batches, and the lines that train on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from llmx.core.errors import ConfigError
from llmx.runs.batches import StoredBatches
from llmx.store.files import write_lines
from llmx.store.page import write_marked

ROWS, PAGE = "batches.jsonl", "README.md"


def export(stored: StoredBatches, folder: Path) -> dict[str, Path]:
    """Write the first epoch's rows in the order of their batches, and a page on them.

    Returns:
        What was written, by name.

    Raises:
        ConfigError: if the folder holds a file of that name.
    """
    places = {"rows": folder / ROWS, "page": folder / PAGE}
    if any(path.exists() for path in places.values()):
        raise ConfigError(f"{folder} holds an export", "name another folder")
    folder.mkdir(parents=True, exist_ok=True)
    write_lines(places["rows"], _rows(stored))
    size = int(stored.batches.shape[1])
    count = stored.plan.negatives(0).shape[1]
    write_marked(places["page"], page(stored, size, count))
    return places


def _rows(stored: StoredBatches) -> Iterator[dict[str, Any]]:
    negatives = stored.plan.negatives(0)
    for number, batch in enumerate(stored.batches.tolist()):
        for place in batch:
            row = stored.row(place)
            more = {
                f"negative_{at + 1}": stored.row(one).target if one >= 0 else None
                for at, one in enumerate(negatives[place].tolist())
            }
            told = {"id": row.id, "query": row.query, "target": row.target, **more}
            yield {**told, "cluster": int(stored.cluster[place]), "batch": number}


LINES = """\
from datasets import load_dataset
from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer
from sentence_transformers import SentenceTransformerTrainingArguments as Arguments
from sentence_transformers.base.sampler import DefaultBatchSampler
from sentence_transformers.sentence_transformer.losses import CachedMultipleNegativesRankingLoss
from torch.utils.data import SequentialSampler


def in_order(dataset, batch_size, drop_last, **_):
    return DefaultBatchSampler(SequentialSampler(dataset), batch_size, drop_last)


rows = load_dataset("json", data_files="batches.jsonl", split="train").select_columns({columns})
model = SentenceTransformer("MODEL")
loss = CachedMultipleNegativesRankingLoss(model, scale=50, mini_batch_size=32)
args = Arguments("trained", per_device_train_batch_size={size}, batch_sampler=in_order,
                 num_train_epochs=1, learning_rate=2e-5, report_to="none")
SentenceTransformerTrainer(model=model, args=args, train_dataset=rows, loss=loss).train()
model.save_pretrained("trained/model")
"""


def page(stored: StoredBatches, size: int, negatives: int) -> str:
    """Return the page of an export.

    Args:
        size: rows of a batch.
        negatives: hard negatives of a row.
    """
    columns = ["query", "target", *(f"negative_{at + 1}" for at in range(negatives))]
    lines = LINES.format(columns=str(columns).replace("'", '"'), size=size)
    count = len(stored.batches)
    return (
        f"# Rows in the order of their batches\n\n"
        f"`{ROWS}` holds the first epoch of the plan of arm `{stored.arm}` of {stored.run}: {count}"
        f" batches of {size} rows, one after the other. `cluster` numbers the rows that are always"
        f" together, `batch` the batches. Rows of no whole batch are left out.\n\n"
        "These lines train on them, batch by batch, on one device. Write a model in place of MODEL."
        " Later epochs of the plan have the same clusters in other batches; here each epoch is this"
        f" one.\n\n```python\n{lines}```\n"
    )
