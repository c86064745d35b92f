"""The fuzzy rule: divergences of a block, the threshold of each token, and what guards refuse."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from llmx.decoding import accept
from llmx.decoding.accept import Doubles, Flags, Ints
from llmx.decoding.cached_model import on_host
from llmx.decoding.options import DecodeOptions
from llmx.decoding.stateful_rule import Beside, Closeness, Decision, StatefulRule, ThresholdState

if TYPE_CHECKING:
    from torch import Tensor

    from llmx.decoding.propose import Proposal


class FuzzyRule(StatefulRule):
    """Accept where the divergence of both models is at most a threshold (arXiv 2502.20704)."""

    settings = frozenset(
        {
            *("semantics", "divergence", "divergence_top_k", "divergence_on"),
            *("hold", "hold_gain", "floor", "budget", "strict", "strict_scale"),
        }
    )

    def beside(self, options: DecodeOptions) -> Beside | None:
        """Return the speculative test for ``fallback``, that of the arg-max for ``union``."""
        if options.semantics == "research":
            return None
        return "ratio" if options.semantics == "fallback" else "first"

    def reads_warped(self, options: DecodeOptions) -> bool:
        """Whether it is p as it is drawn from that is compared."""
        return options.divergence_on == "warped"

    def reads_numbers(self, options: DecodeOptions) -> bool:
        """Whether the divergence is of whole, raw distributions."""
        return options.divergence_on == "raw" and not options.divergence_top_k

    def limits(self, tokens: Ints, state: ThresholdState, options: DecodeOptions) -> Doubles:
        """Return the answer's threshold, of strict tokens a share of it."""
        most = state.threshold[:, None]
        if not options.strict_ids:
            return most
        strict = np.isin(tokens, options.strict_ids)
        # An infinite threshold times zero would be NaN.
        tight = most * options.strict_scale if options.strict_scale else np.zeros_like(most)
        scaled: Doubles = np.where(strict, tight, most)
        return scaled

    def compare(
        self, logits: Tensor, probs: Tensor | None, proposal: Proposal, options: DecodeOptions
    ) -> Closeness:
        """Measure the divergence, and p where a floor asks for it."""
        import torch

        from llmx.papers.fsd.divergence import log_probs, measure, warped_log_probs

        if _fused(logits, options):
            from llmx.kernels import Pairs, divergence_of

            pairs = Pairs(logits, proposal.logits, proposal.tokens)
            d = divergence_of(pairs, (options.divergence,))[options.divergence]
            return Closeness(on_host(d), None)
        if options.divergence_on == "warped":
            assert probs is not None
            p, q = warped_log_probs(probs), warped_log_probs(drafted_probs(proposal, options))
        else:
            p, q = log_probs(logits), log_probs(proposal.logits)
        d = measure(options.divergence, p, q, proposal.tokens, options.divergence_top_k)
        if options.floor == 0:
            return Closeness(on_host(d), None)
        chance = p.gather(-1, proposal.tokens.unsqueeze(-1)).squeeze(-1).exp()
        both = on_host(torch.stack((d, chance)))
        return Closeness(both[0], both[1])

    def decide(
        self,
        close: Closeness,
        tokens: Ints,
        exempt: Flags | None,
        state: ThresholdState,
        options: DecodeOptions,
    ) -> Decision:
        """Apply threshold and guards; a token costs its divergence."""
        most = self.limits(tokens, state, options)
        d = close.divergence
        passes, margin = accept.research(d, most), np.abs(d - most)
        if close.chance is not None:
            passes = passes & (close.chance >= options.floor)
            margin = np.minimum(margin, np.abs(close.chance - options.floor))
        charge = np.where(passes if exempt is None else passes & ~exempt, d, 0.0).astype(np.float64)
        if options.budget < np.inf:
            passes, margin, charge = _within_budget(passes, margin, charge, state, options)
        return Decision(passes, margin.astype(np.float32), charge)


FUZZY = FuzzyRule()


def _fused(logits: Tensor, options: DecodeOptions) -> bool:
    """Whether one kernel can read both rows of logits, and write nothing of their size."""
    from llmx.kernels import fuses

    raw = options.divergence_on == "raw" and not options.divergence_top_k
    return raw and options.floor == 0 and fuses(logits.device)


def drafted_probs(proposal: Proposal, options: DecodeOptions) -> Tensor:
    """Return the draft's warped distribution, float32 (B, K, V), however it then picked."""
    from llmx.decoding.warp import warp

    probs = proposal.probs
    if probs is not None:
        return probs
    return warp(proposal.scores, options.temperature, options.top_p, options.top_k)


def _within_budget(
    passes: Flags, margin: Doubles, charge: Doubles, state: ThresholdState, options: DecodeOptions
) -> tuple[Flags, Doubles, Doubles]:
    """Refuse what the answer can no longer pay; a refused token costs nothing."""
    spent, passes, charge = state.spent.copy(), passes.copy(), charge.copy()
    for column in range(passes.shape[1]):
        after = spent + charge[:, column]
        margin[:, column] = np.minimum(margin[:, column], np.abs(after - options.budget))
        broke = after > options.budget
        passes[:, column] &= ~broke
        charge[broke, column] = 0.0
        spent += charge[:, column]
    return passes, margin, charge
