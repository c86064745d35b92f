"""Whole blocks replayed along lossless texts: what calibration looks at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from llmx.core.spec import DraftMode, Semantics
from llmx.decoding.accept import Flags, Floats, Ints, valid_lengths
from llmx.decoding.api import batches, decode
from llmx.decoding.cached_model import CachedModel, tokens_on_host
from llmx.decoding.options import DecodeOptions
from llmx.decoding.propose import Proposal, propose
from llmx.decoding.rows import Rows, Stop
from llmx.decoding.step_model import StepModel
from llmx.decoding.verification import Verification
from llmx.decoding.verify import verify


@dataclass(frozen=True)
class BlockLog:
    """N replayed blocks of γ drafted tokens.

    Attributes:
        divergence: float32 (N, γ), nats; of a rival the distance that its threshold bounds.
        lossless: bool (N, γ), what passes without the divergence: the speculative test, or for
            ``union`` the comparison with the target's arg-max.
        valid: int64 (N,), tokens that count (none past an EOS, the length cap or a draft's stop).
        closed: bool (N,), whether the last of them is an EOS: then no bonus follows.
    """

    divergence: Floats
    lossless: Flags
    valid: Ints
    closed: Flags


def replay(
    target: StepModel,
    draft: StepModel,
    prompts: Sequence[Sequence[int]],
    ids: Sequence[str],
    options: DecodeOptions,
    seed: int,
    stride: int = 3,
    batch: int | None = None,
    stop: Stop | None = None,
) -> BlockLog:
    """Decode losslessly, then replay a whole block from every `stride`-th position of the texts.

    Whole blocks, because the acceptance of a token matters only if those before it in its block
    stand; with the draws of those positions, which nothing before them depends on.

    Args:
        options: of the fuzzy run that is to be calibrated; its threshold is not looked at.
        batch: rows at once; None = all.
        stop: as in :func:`~llmx.decoding.api.decode`.
    """
    logs: list[BlockLog] = []
    for part, names in batches(prompts, ids, batch):
        logs += _replay_batch(target, draft, part, names, options, seed, stride, stop)
    return _join(logs, options.gamma)


def _replay_batch(
    target: StepModel,
    draft: StepModel,
    prompts: Sequence[Sequence[int]],
    ids: Sequence[str],
    options: DecodeOptions,
    seed: int,
    stride: int,
    stop: Stop | None,
) -> list[BlockLog]:
    # With a soft q in the ratio a greedy draft is not lossless.
    draft_mode: DraftMode = "sampled" if options.draft == "sampled" else "greedy"
    lossless = replace(options, algorithm="speculative", draft=draft_mode)
    texts = [one.token_ids for one in decode(target, draft, prompts, ids, lossless, seed, stop)]
    replayer = Replayer(target, draft, prompts, texts, ids, bare(options), seed)
    # From the last start to the first: a replay overwrites only slots from its start on.
    starts = range((max(map(len, texts)) - 1) // stride * stride, -1, -stride)
    return [replayer.blocks_at(start) for start in starts]


def bare(options: DecodeOptions, semantics: Semantics | None = None) -> DecodeOptions:
    """Return options under which a verdict holds the divergences, and what passes without them.

    With an infinite negative threshold the fall-back rule is the speculative test, and the union
    rule the comparison with the target's arg-max. Guards and held shares are left out. A rival
    keeps its rule, at a threshold that lets nothing pass.

    Args:
        semantics: of these two; None = the one nearer to the options'.
    """
    if options.rival and semantics is None:
        return replace(options, threshold=options.strictest)
    semantics = semantics or ("union" if options.semantics == "union" else "fallback")
    free = replace(options, floor=0.0, budget=np.inf, strict_ids=(), hold_share=None)
    return replace(free, algorithm="fuzzy", semantics=semantics, threshold=-np.inf)


@dataclass(frozen=True)
class ReplayedBlock:
    """A block of every text, and what the target says of it.

    Attributes:
        valid, closed: (B,), see :class:`BlockLog`.
        alive: bool (B,), whether the text goes that far; the block of one that does not is noise.
    """

    proposal: Proposal
    verdict: Verification
    valid: Ints
    closed: Flags
    alive: Flags


class Replayer:
    """Texts in the caches of both models, and blocks drafted from any position of them."""

    @torch.inference_mode()
    def __init__(
        self,
        target: StepModel,
        draft: StepModel,
        prompts: Sequence[Sequence[int]],
        texts: Sequence[Sequence[int]],
        ids: Sequence[str],
        options: DecodeOptions,
        seed: int,
    ) -> None:
        size, vocab = len(prompts), min(target.vocab_size, draft.vocab_size)
        capacity = max(map(len, prompts)) + options.max_tokens + options.gamma + 2
        self.options = options
        self.rows = Rows(size, capacity, options, seed)
        self.ends: Flags = np.zeros(vocab, dtype=np.bool_)
        self.ends[[token for token in options.eos_ids if token < vocab]] = True
        self.rows.admit(self.rows.index, prompts, ids)
        for row, (prompt, text) in enumerate(zip(prompts, texts, strict=True)):
            self.rows.tokens[row, len(prompt) : len(prompt) + len(text)] = text
        self.sizes = np.array([len(text) for text in texts])
        self.target = CachedModel(target, size, capacity, vocab)
        self.draft = CachedModel(draft, size, capacity, vocab)
        self._prefill()

    def _prefill(self) -> None:
        self.rows.length = self.rows.prompt + self.sizes
        for lane in (self.target, self.draft):
            lane.prefill(self.rows, self.rows.index)

    def blocks_at(self, start: int) -> BlockLog:
        """Replay one block in every text that has a token at output position `start`."""
        found = self.replay_at(start)
        verdict, alive = found.verdict, found.alive
        assert verdict.divergence is not None
        return BlockLog(
            verdict.divergence[alive],
            verdict.accept[alive],
            found.valid[alive],
            found.closed[alive],
        )

    @torch.inference_mode()
    def replay_at(self, start: int) -> ReplayedBlock:
        """Replay a block in every text from output position `start`; see :class:`ReplayedBlock`."""
        # A text that is shorter waits at its end, where nothing it still needs is overwritten.
        self.rows.length = self.rows.prompt + np.minimum(start, self.sizes)
        proposal = propose(self.draft, self.rows, self.options, self.options.gamma)
        proposal = proposal.to(self.target.model.device)
        verdict = verify(self.target, self.rows, proposal, self.options)
        closing = self.ends[tokens_on_host(proposal.tokens)]
        # Blocks are whole, but a token past a stop counts no more than one past an EOS.
        valid = proposal.within(valid_lengths(closing, self.rows.room()))
        closed = (valid > 0) & closing[self.rows.index, valid - 1]
        return ReplayedBlock(proposal, verdict, valid, closed, self.sizes > start)


def _join(logs: Sequence[BlockLog], gamma: int) -> BlockLog:
    empty = np.zeros((0, gamma))
    return BlockLog(
        np.concatenate([empty.astype(np.float32), *(log.divergence for log in logs)]),
        np.concatenate([empty.astype(np.bool_), *(log.lossless for log in logs)]),
        np.concatenate([log.valid for log in logs]),
        np.concatenate([log.closed for log in logs]),
    )
