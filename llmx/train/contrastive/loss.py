"""The library's loss of multiple negatives, whose cosines are masked and counted as they pass."""

from __future__ import annotations

from typing import Any

from llmx.train.contrastive.masks import Mask


class Scores:
    """What the library's losses take as ``similarity_fct``.

    The losses ask for the scores of a batch once, block by block of its queries. So masks and the
    accuracy within batches cost no second encoding, and the losses stay the library's.

    Attributes:
        right: queries since the last count whose own target had the highest score.
        asked: queries since then.
    """

    __name__ = "cos_sim"  # for the library's description of the loss

    def __init__(self, mask: Mask | None = None) -> None:
        self.mask = mask
        self.right: Any = 0
        self.asked = 0
        self._rows: Any = None
        self._columns: Any = None
        self._first = self._done = 0

    def begin(self, own: Any, gathered: Any, rank: int) -> None:
        """Say of which rows the next scores are.

        Args:
            own: int64 (b, 1 + h), the rows of this process, and of their hard negatives.
            gathered: int64 (B, 1 + h), those of all processes, in the order of their ranks.
            rank: of this process.
        """
        self._rows, self._columns = own[:, 0], gathered.T.reshape(-1)
        self._first, self._done = rank * len(own), 0

    def __call__(self, queries: Any, targets: Any) -> Any:
        """Return float (rows, columns); -inf where a target is no negative of a query."""
        import torch
        from sentence_transformers.util import cos_sim

        found = cos_sim(queries, targets)
        block = slice(self._done, self._done + len(queries))
        self._done += len(queries)
        place = torch.arange(len(queries), device=found.device)
        own = place + self._first + block.start
        if self.mask is not None:
            found = found.masked_fill(self._masked(block, place, own).to(found.device), -torch.inf)
        with torch.no_grad():
            self.right = self.right + (found[place, own] >= found.max(dim=1).values).sum()
        self.asked += len(queries)
        return found

    def _masked(self, block: slice, place: Any, own: Any) -> Any:
        import torch

        assert self.mask is not None
        rows, columns = self._rows[block].cpu().numpy(), self._columns.cpu().numpy()
        masked = torch.from_numpy(self.mask.of(rows, columns))
        masked[place.cpu(), own.cpu()] = False
        return masked

    def count(self) -> tuple[int, int]:
        """Return (right, asked) since the last call."""
        found = int(self.right), self.asked
        self.right, self.asked = 0, 0
        return found


def loss_of(
    model: Any, scores: Scores, temperature: float, mini_batch: int | None, gather: bool
) -> Any:
    """Return InfoNCE from query to target over the batch of all processes.

    Args:
        mini_batch: rows that are encoded at once (GradCache, Gao et al., arXiv 2101.06983); None:
            all rows of a process.
        gather: whether there are several processes, whose targets are negatives too.
    """
    from sentence_transformers.sentence_transformer.losses import (
        CachedMultipleNegativesRankingLoss,
        MultipleNegativesRankingLoss,
    )
    from sentence_transformers.util.distributed import all_gather, get_rank

    plain = mini_batch is None
    base: Any = MultipleNegativesRankingLoss if plain else CachedMultipleNegativesRankingLoss

    class PlannedLoss(base):  # type: ignore[misc]
        def forward(self, sentence_features: Any, labels: Any) -> Any:
            gathered = all_gather(labels) if gather else labels
            scores.begin(labels, gathered, get_rank())
            return super().forward(sentence_features, labels)

    more = {} if plain else {"mini_batch_size": mini_batch}
    return PlannedLoss(
        model,
        scale=1 / temperature,
        similarity_fct=scores,
        gather_across_devices=gather,
        **more,
    )
