"""The target's half of a step: which drafted tokens stand, and what follows them.

The rules themselves are those of :mod:`llmx.decoding`; here they are fed with vLLM's logits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from llmx.core.philox import Purpose
from llmx.decoding import DecodeOptions
from llmx.decoding.accept import Flags, Floats, Ints, leading, valid_lengths
from llmx.decoding.cached_model import on_host, tokens_on_host
from llmx.decoding.draw import FRAGILE, band, draw, is_split, residual
from llmx.decoding.propose import Proposal, at_column
from llmx.decoding.rounds import Final, final_token
from llmx.decoding.stateful_rule import ThresholdState, remembered
from llmx.decoding.verification import Verification
from llmx.decoding.verify import apply_rule
from llmx.engines.vllm_plugin.groups import Row


@dataclass(frozen=True)
class Verified:
    """The target's logits of one step.

    Attributes:
        logits: raw, float32 (N, V): for each request its drafted tokens' columns and one more.
        scores: the same after penalties and masks; a forbidden token is at minus infinity.
        drafted: tokens drafted, for each request of the batch.
        tokens: those tokens, for each request.
    """

    logits: Tensor
    scores: Tensor
    drafted: Sequence[int]
    tokens: Sequence[Sequence[int]]

    def columns(self, rows: Sequence[Row]) -> Tensor:
        """Return int64 (R, K+1): where each row's columns are; short rows repeat their last."""
        starts = np.concatenate(([0], np.cumsum(np.asarray(self.drafted) + 1)))
        own = np.array([self.drafted[place] for place, _, _ in rows])
        ahead = np.minimum(np.arange(own.max() + 1), own[:, None])
        first = np.array([starts[place] for place, _, _ in rows])
        return torch.from_numpy(first[:, None] + ahead).to(self.logits.device)


@dataclass(frozen=True)
class StepOutcome:
    """What a step gives each row of a group: ``tokens[: count]``.

    Attributes:
        tokens: int64 (R, K+1).
        count, drafted, accepted: (R,).
        fragile: (R, K+1).
        divergence: float32 (R, K), None where the rule has none.
    """

    tokens: Ints
    count: Ints
    drafted: Ints
    accepted: Ints
    fragile: Flags
    divergence: Floats | None = None


def outcome(seen: Verified, rows: Sequence[Row], options: DecodeOptions) -> StepOutcome:
    """Decide one step of rows of equal options."""
    index = seen.columns(rows)
    valid = _usable(seen, rows, options)
    if not valid.any():
        return _alone(seen.scores[index[:, 0]], rows, options)
    index = index[:, : int(valid.max()) + 1]
    logits, scores = seen.logits[index], seen.scores[index]
    proposal = _proposal(rows, index.shape[1] - 1)
    drafted = tokens_on_host(proposal.tokens)
    closing = np.isin(drafted, options.eos_ids)
    valid = valid_lengths(closing, valid)
    state = _state(rows, options)
    u = _draws(rows, Purpose.ACCEPT, drafted.shape[1])
    verdict = apply_rule(logits, scores, proposal, u, state, options, valid)
    run = leading(verdict.accept & _allowed(scores, proposal), valid)
    final = _follow(verdict, proposal, rows, run, valid, options)
    _settle(rows, state, verdict, run, valid)
    tokens = np.concatenate((drafted, final.token[:, None]), 1)
    tokens[np.arange(len(rows)), run] = final.token
    # An accepted EOS ends the answer: no bonus follows it.
    over = (run == valid) & (run > 0) & closing[np.arange(len(rows)), run - 1]
    fragile = _fragile(proposal, verdict, run, valid, final, options)
    return StepOutcome(tokens, run + 1 - over, valid, run, fragile, verdict.divergence)


def _alone(scores: Tensor, rows: Sequence[Row], options: DecodeOptions) -> StepOutcome:
    """One token of one model; the draft alone counts what it emits as its own."""
    purpose = Purpose.TARGET if options.uses_target else Purpose.DRAFT
    u = torch.from_numpy(band(_draws(rows, purpose, 1)[:, 0])).to(scores.device)
    final = final_token(scores, u, options)
    own = np.full(len(rows), int(not options.uses_target))
    one = np.ones_like(own)
    return StepOutcome(final.token[:, None], one, own, own, final.fragile[:, None])


def _usable(seen: Verified, rows: Sequence[Row], options: DecodeOptions) -> Ints:
    """Return (R,): how many drafted tokens of each row may stand.

    Raises:
        RuntimeError: if a drafted token has no distribution, or another one's: accepting or
            rejecting it would follow no rule, so nothing is decided at all.
    """
    counts = []
    for place, answer, position in rows:
        count = seen.drafted[place]
        if not count or not answer.drafts or answer.skipped:
            counts.append(0)
            continue
        block, tokens = answer.block, list(seen.tokens[place])
        if block is None or block.ids[:count] != tokens:
            raise RuntimeError(
                f"llmx: request '{answer.rule.id}' has drafted tokens without the distributions "
                "that they came from: no rule can decide them"
            )
        counts.append(min(count, answer.room(position)))
    return np.array(counts, dtype=np.int64)


def _proposal(rows: Sequence[Row], width: int) -> Proposal:
    """Return the blocks of a group; rows that drafted less are filled, and not counted."""
    options = rows[0][1].rule.options
    first = next(a.block for _, a, _ in rows if a.block is not None and not a.skipped)
    blocks = [first if a.block is None or a.skipped else a.block for _, a, _ in rows]
    logits = torch.stack([block.logits[:width] for block in blocks])
    probs = [block.probs[:width] for block in blocks if block.probs is not None]
    bands = [block.bands[:width] for block in blocks if block.bands is not None]
    return Proposal(
        torch.stack([block.tokens[:width] for block in blocks]),
        logits,
        logits,
        options,
        torch.stack(bands) if bands else None,
        torch.stack(probs) if probs else None,
    )


def _draws(rows: Sequence[Row], purpose: Purpose, width: int) -> Floats:
    drawn: Floats = np.stack([a.draws(purpose, position, width) for _, a, position in rows])
    return drawn


def _state(rows: Sequence[Row], options: DecodeOptions) -> ThresholdState:
    """Return what the rule remembers of these answers."""
    state = remembered(len(rows), options)
    for name in state.held:
        setattr(state, name, np.array([answer.held[name] for _, answer, _ in rows], np.float64))
    return state


def _settle(
    rows: Sequence[Row], state: ThresholdState, verdict: Verification, run: Ints, valid: Ints
) -> None:
    if verdict.charge is None:
        return
    state.pay(verdict.charge, run)
    state.turn(run, np.where(valid > 0, run + 1, 0))
    for name in state.held:
        for value, (_, answer, _) in zip(getattr(state, name).tolist(), rows, strict=True):
            answer.held[name] = value


def _allowed(scores: Tensor, proposal: Proposal) -> Flags:
    """Return (R, K): a token that a grammar or a mask forbids never stands, however close."""
    own = scores[:, :-1].gather(-1, proposal.tokens.unsqueeze(-1)).squeeze(-1)
    return on_host(own) > -np.inf


def _follow(
    verdict: Verification,
    proposal: Proposal,
    rows: Sequence[Row],
    run: Ints,
    valid: Ints,
    options: DecodeOptions,
) -> Final:
    """Draw the token after the accepted ones, as :func:`llmx.decoding.rounds.follow` does."""
    device = verdict.scores.device
    places = np.arange(len(rows))
    drawn = _draws(rows, Purpose.TARGET, verdict.logits.shape[1])[places, run]
    u = torch.from_numpy(band(drawn)).to(device)
    row, column = (torch.from_numpy(values).to(device) for values in (places, run))
    if verdict.probs is None:
        return final_token(at_column(verdict.scores, row, column), u, options)
    weights = at_column(verdict.probs, row, column)
    rejected = torch.from_numpy((run < valid).astype(np.float32)).to(device).unsqueeze(1)
    q = proposal.q_at(row, column.clamp(max=proposal.tokens.shape[1] - 1))
    bands = draw(residual(weights, q * rejected), u)
    tokens = tokens_on_host(bands)
    return Final(tokens[:, 0], is_split(tokens))


def _fragile(
    proposal: Proposal,
    verdict: Verification,
    run: Ints,
    valid: Ints,
    final: Final,
    options: DecodeOptions,
) -> Flags:
    """Return (R, K+1): where a draft's draw, the rule or the last draw was nearly another.

    As in llmx's own loop a drafted token that does not count decided nothing.
    """
    fragile: Flags = np.zeros((len(run), verdict.margin.shape[1] + 1), dtype=np.bool_)
    fragile[:, :-1] = verdict.margin < FRAGILE
    if proposal.bands is not None:
        fragile[:, :-1] |= is_split(tokens_on_host(proposal.bands))
    elif options.draft_decides:
        fragile[:, :-1] |= proposal.lead < FRAGILE
    fragile &= np.arange(fragile.shape[1]) < valid[:, None]
    fragile[np.arange(len(run)), run] |= final.fragile
    return fragile
