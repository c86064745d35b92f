"""What a method on a pool of draws costs on one problem, expected over all subsets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from llmx.papers.inference_scaling.points import Floats, ProblemDraws
from llmx.stages.expense import ATTENTION_FROM
from llmx.stats.order_statistics import expected_rank, expected_stopped

_MILLION = 1e6


@dataclass(frozen=True)
class ModelCost:
    """What tokens of a model take; what is None is not counted.

    Attributes:
        parameters: those read for a token: of a mixture of experts the active ones.
        layers, width: of the attention, width = heads × size of a head; 0 = attention left out.
        price_in, price_out: of a million tokens sent and received, as in ``engine.price_in``.
            Cached tokens are priced like others: what a provider takes off for them is not known.
        token_seconds: of a completion token, as a speed stage timed it: of as many answers at once
            as it had in a batch, and with its share of the prompts.
    """

    parameters: int | None = None
    layers: int = 0
    width: int = 0
    price_in: float | None = None
    price_out: float | None = None
    token_seconds: float | None = None


UNKNOWN = ModelCost()


def flops(model: ModelCost, start: int, tokens: ArrayLike) -> Floats:
    """Return the operations that tokens after the first `start` take, the shape of `tokens`.

    ``2 · parameters · tokens + 4 · layers · width · Σ (p + 1)``, the sum over those of their
    positions p = 0, 1, … that are :data:`~llmx.stages.expense.ATTENTION_FROM` or more: the token at
    p reads p + 1 keys and as many values, a multiplication and an addition for each of their
    numbers (Kaplan et al. 2020, arXiv 2001.08361, section 2.1, where a context is short). What a
    prefix cache holds is not computed again, so draws of one prompt take its operations once.
    """
    count = np.asarray(tokens, dtype=np.float64)
    first = max(start, ATTENTION_FROM)
    end = np.maximum(start + count, first)
    seen = (end * (end + 1) - first * (first + 1)) / 2
    total: Floats = 2.0 * (model.parameters or 0) * count + 4.0 * model.layers * model.width * seen
    return total


def at_once(drawn: ProblemDraws, size: int, model: ModelCost = UNKNOWN) -> dict[str, float]:
    """Return the expected costs of N draws that run beside each other, each to its end."""
    each = flops(model, drawn.prompt, drawn.tokens)
    spent = {
        "completion": size * float(drawn.tokens.mean()),
        "longest": expected_rank(drawn.tokens, size, size),
    }
    return _all(drawn, size, spent, size * float(each.mean()), model)


def until_first(
    drawn: ProblemDraws, size: int, first: int, model: ModelCost = UNKNOWN
) -> dict[str, float]:
    """Return the expected costs of N draws side by side, all stopped when the first m have ended.

    A token of each takes equally long, so that when the m-th draw ends no other has more tokens.
    """
    each = flops(model, drawn.prompt, drawn.tokens)
    spent = {
        "completion": expected_stopped(drawn.tokens, size, first),
        "longest": expected_rank(drawn.tokens, size, first),
    }
    return _all(drawn, size, spent, expected_stopped(each, size, first), model)


def in_turn(
    drawn: ProblemDraws, size: float, completion: float, each: float, model: ModelCost = UNKNOWN
) -> dict[str, float]:
    """Return the costs of draws that wait for each other.

    Args:
        drawn: the problem.
        size: mean number of draws that were used.
        completion: mean tokens of them together.
        each: mean operations of these tokens.
        model: what tokens take.
    """
    return _all(drawn, size, {"completion": completion, "longest": completion}, each, model)


def gathered(costs: Sequence[Mapping[str, float]]) -> dict[str, Floats]:
    """Return the costs of P problems, kind → (P,); all have the same kinds."""
    return {kind: np.array([one[kind] for one in costs], dtype=np.float64) for kind in costs[0]}


def _all(
    drawn: ProblemDraws, size: float, spent: Mapping[str, float], work: float, model: ModelCost
) -> dict[str, float]:
    """Add the prompt, which every draw sends; a prefix cache holds its beginning from the second.

    Of a problem whose draws have one prompt that is all of it.
    """
    sent, begun = size * drawn.prompt, drawn.prompt if drawn.begun is None else drawn.begun
    found = {"prompt": sent, "cached": (size - 1) * begun, "calls": float(size), **spent}
    if model.parameters is not None:
        again = (size - 1) * float(flops(model, begun, drawn.prompt - begun))
        found["flops"] = float(flops(model, 0, drawn.prompt)) + again + work
    if model.token_seconds is not None:
        found["seconds"] = spent["completion"] * model.token_seconds
    if model.price_in is not None and model.price_out is not None:
        priced = sent * model.price_in + spent["completion"] * model.price_out
        found["money"] = priced / _MILLION
    return found
