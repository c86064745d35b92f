"""Texts replayed block by block into a divergence log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from llmx.decoding.cached_model import on_host, tokens_on_host
from llmx.decoding.options import DecodeOptions
from llmx.decoding.step_model import StepModel
from llmx.decoding.warp import warp
from llmx.papers.fsd.divergence import log_probs, measure, warped_log_probs
from llmx.papers.fsd.divergence_log import DivergenceLog, Measure
from llmx.papers.fsd.replay import ReplayedBlock, Replayer, bare


@dataclass(frozen=True)
class Text:
    """What a model wrote: its prompt, its tokens, and how many of them were drafted."""

    id: str
    prompt: Sequence[int]
    tokens: Sequence[int]
    accepted: int


def observe(
    target: StepModel,
    draft: StepModel,
    texts: Sequence[Text],
    options: DecodeOptions,
    seed: int,
    measures: Sequence[Measure],
    stride: int,
) -> DivergenceLog:
    """Draft a block at every `stride`-th position of the texts, and log what both models say.

    Args:
        texts: replayed as one batch; at least one, none empty.
        options: of the draft and of the distributions; rule, threshold and guards are not read.
        measures: what to log of every drafted token.
    """
    fallen = bare(options, "fallback")
    prompts, written = [one.prompt for one in texts], [one.tokens for one in texts]
    ids = [one.id for one in texts]
    replayer = Replayer(target, draft, prompts, written, ids, fallen, seed)
    last = (int(replayer.sizes.max()) - 1) // stride * stride
    # From the last start to the first: a replay overwrites only slots from its start on.
    parts = [_columns(replayer, start, measures) for start in range(last, -1, -stride)]
    names = parts[0]
    return DivergenceLog(
        measures=np.array([one.name for one in measures]),
        ids=np.array(ids),
        emitted=replayer.sizes,
        accepted=np.array([one.accepted for one in texts]),
        **{
            name: np.concatenate([part[name] for part in parts], int(name == "divergence"))
            for name in names
        },
    )


@torch.inference_mode()
def _columns(replayer: Replayer, start: int, measures: Sequence[Measure]) -> dict[str, Any]:
    """Return what one block in every text says that has a token at output position `start`."""
    block = replayer.replay_at(start)
    views, tokens = Views(block, replayer.options), block.proposal.tokens
    scores = block.verdict.scores[:, :-1]
    found: dict[str, Any] = {
        "divergence": np.stack([on_host(views.measure(one)) for one in measures]),
        "token": tokens_on_host(tokens),
        "p": on_host(_chance(views.raw[0], tokens)),
        "q": on_host(_chance(views.raw[1], tokens)),
        "entropy_p": on_host(_entropy(views.raw[0])),
        "entropy_q": on_host(_entropy(views.raw[1])),
        "lossless": block.verdict.accept,
        "argmax": on_host(scores.argmax(-1) == tokens) > 0,
        "valid": block.valid,
        "closed": block.closed,
        "sample": np.arange(len(tokens)),
        "start": np.full(len(tokens), start),
    }
    alive = block.alive
    return {n: v[:, alive] if n == "divergence" else v[alive] for n, v in found.items()}


class Views:
    """Log-probabilities of a block's two models, raw and (where asked for) warped."""

    def __init__(self, block: ReplayedBlock, options: DecodeOptions) -> None:
        self.block, self.options = block, options
        self.raw = (log_probs(block.verdict.logits[:, :-1]), log_probs(block.proposal.logits))

    @cached_property
    def warped(self) -> tuple[Tensor, Tensor]:
        """The distributions that tokens are drawn from, (B, K, V) each."""
        both = (self.block.verdict.scores[:, :-1], self.block.proposal.scores)
        o = self.options
        p, q = (warped_log_probs(warp(s, o.temperature, o.top_p, o.top_k)) for s in both)
        return p, q

    def measure(self, one: Measure) -> Tensor:
        """Return a divergence of every drafted token, (B, K)."""
        p, q = self.warped if one.on == "warped" else self.raw
        return measure(one.divergence, p, q, self.block.proposal.tokens, one.top_k)


def _chance(log_p: Tensor, tokens: Tensor) -> Tensor:
    return log_p.gather(-1, tokens.unsqueeze(-1)).squeeze(-1).exp()


def _entropy(log_p: Tensor) -> Tensor:
    """Return the entropy in nats; a token of no mass adds nothing."""
    return -(log_p.exp() * log_p).sum(-1)
