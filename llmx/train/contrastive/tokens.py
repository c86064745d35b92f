"""Batches of a static student from token ids that are made once, not once an epoch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from llmx.core.item import Item
from llmx.train.contrastive.pairs import QUERY, TARGET, TrainingPairs

if TYPE_CHECKING:
    from numpy import int64
    from numpy.typing import NDArray

_BLOCK = 4096  # texts that are read at once


class _Tokens:
    """The token ids of many texts, one after the other.

    Attributes:
        ids: int64 (all tokens,).
        starts: int64 (texts + 1,): a text's ids are those from its start to the next one's.
    """

    def __init__(self, module: Any, texts: Sequence[Item], prompt: str | None) -> None:
        import numpy as np

        blocks = (texts[start : start + _BLOCK] for start in range(0, len(texts), _BLOCK))
        made = [module.preprocess(list(block), prompt=prompt) for block in blocks]
        self.ids = np.concatenate([one["input_ids"].numpy() for one in made])
        sizes = [np.diff(one["offsets"].numpy(), append=len(one["input_ids"])) for one in made]
        self.starts = np.concatenate([[0], np.cumsum(np.concatenate(sizes))])

    def of(self, rows: NDArray[int64]) -> dict[str, Any]:
        """Return the features of some texts, as ``StaticEmbedding`` has them."""
        import numpy as np
        import torch

        first, sizes = self.starts[rows], self.starts[rows + 1] - self.starts[rows]
        offsets = np.cumsum(sizes) - sizes
        places = np.arange(sizes.sum()) + np.repeat(first - offsets, sizes)
        ids = torch.from_numpy(self.ids[places])
        return {"input_ids": ids, "offsets": torch.from_numpy(offsets)}


def static_collate(
    pairs: TrainingPairs, module: Any, prompts: Mapping[str, str]
) -> Callable[[NDArray[int64]], dict[str, Any]]:
    """Return what makes the features of a slice that :func:`pairs.collate` would make.

    Args:
        module: the student's ``StaticEmbedding``.
        prompts: what stands before the texts of a column.
    """
    import numpy as np
    import torch

    query = _Tokens(module, pairs.queries, prompts.get(QUERY))
    target = _Tokens(module, pairs.targets, prompts.get(TARGET))

    def features(rows: NDArray[int64]) -> dict[str, Any]:
        own = rows[:, 0]
        columns = [(QUERY, query, own), (TARGET, target, own)]
        for number, negative in enumerate(rows.T[1:]):
            there = np.where(negative >= 0, negative, own)
            columns.append((f"negative_{number}", target, there))
        found = {
            f"{name}_{key}": value
            for name, tokens, at in columns
            for key, value in tokens.of(at).items()
        }
        return {**found, "label": torch.from_numpy(rows)}

    return features
