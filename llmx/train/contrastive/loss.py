"""The library's loss of multiple negatives, told of which rows its batch is."""

from __future__ import annotations

from typing import Any

from llmx.train.contrastive.scores import Scores


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
