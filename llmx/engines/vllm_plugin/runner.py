"""The places of vLLM's model runner that ask llmx: sample, draft, and what is scheduled next."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from llmx.engines.vllm_plugin.acceptance import Verified
from llmx.engines.vllm_plugin.drafting import Drafting
from llmx.engines.vllm_plugin.engine_state import EngineState
from llmx.engines.vllm_plugin.groups import Row
from llmx.engines.vllm_plugin.rule import NAME

Own = Callable[..., Any]
_EMPTY = -1  # vLLM's mark for a column that holds no token


def state_of(runner: Any) -> EngineState | None:
    """Return the runner's engine state; None in an engine that was started without llmx."""
    if not hasattr(runner, "llmx_state"):
        config = (runner.vllm_config.additional_config or {}).get(NAME)
        gamma = runner.num_spec_tokens
        runner.llmx_state = None if config is None else EngineState(config, gamma)
    found: EngineState | None = runner.llmx_state
    return found


def show_state(own: Own, runner: Any, *given: Any, **named: Any) -> Any:
    """Show the engine state to the batch, which is all that a grammar sees (``sample_tokens``)."""
    runner.input_batch.llmx_state = state_of(runner)
    return own(runner, *given, **named)


def sample(own: Own, runner: Any, logits: Tensor, metadata: Any) -> Any:
    """Sample one step (in the place of ``GPUModelRunner._sample``)."""
    engine_state = state_of(runner)
    if engine_state is None or logits is None:
        return own(runner, logits, metadata)
    if metadata is not None and not any(metadata.num_draft_tokens):
        # At the length cap vLLM schedules blocks of no token, and its top-k fails on no rows.
        metadata = None
    names = runner.input_batch.req_ids
    engine_state.forget([name for name in engine_state.answers if name not in runner.requests])
    rows = engine_state.rows(names, runner.requests, ahead=False)
    unmasked, engine_state.unmasked = engine_state.unmasked, None
    if not rows:
        return own(runner, logits, metadata)
    seen = _verified(runner, logits, metadata, unmasked)
    given = engine_state.accept(seen, rows, names, runner.discard_request_mask.np)
    if len(rows) == len(names):
        output = _output(logits, len(names), max(seen.drafted, default=0) + 1)
    else:
        output = own(runner, logits.clone(), metadata)  # vLLM may write into its logits
    _write(output, given)
    _add_logprobs(runner, output, logits, metadata)
    return output


def _verified(runner: Any, logits: Tensor, metadata: Any, unmasked: Tensor | None) -> Verified:
    """Gather raw logits, what vLLM makes of them, and the drafted tokens."""
    state = runner.input_batch.sampling_metadata
    scores = logits.float().clone()
    raw = (logits if unmasked is None else unmasked).float()
    count = len(runner.input_batch.req_ids)
    if metadata is None:
        scores = runner.sampler.apply_logits_processors(scores, state, False)
        return Verified(raw, scores, [0] * count, [[]] * count)
    bonus, target = metadata.bonus_logits_indices, metadata.target_logits_indices
    sampler = runner.rejection_sampler
    scores[target] = sampler.apply_logits_processors(scores[target], state, metadata)
    scores[bonus] = runner.sampler.apply_logits_processors(scores[bonus], state, True)
    tokens = torch.split(metadata.draft_token_ids.cpu(), metadata.num_draft_tokens)
    return Verified(raw, scores, metadata.num_draft_tokens, [one.tolist() for one in tokens])


def _output(logits: Tensor, rows: int, width: int) -> Any:
    from vllm.v1.outputs import SamplerOutput

    tokens = torch.full((rows, width), _EMPTY, dtype=torch.int32, device=logits.device)
    return SamplerOutput(sampled_token_ids=tokens, logprobs_tensors=None)


def _write(output: Any, given: list[tuple[int, list[int]]]) -> None:
    ids = output.sampled_token_ids
    rows = [tokens + [_EMPTY] * (ids.shape[1] - len(tokens)) for _, tokens in given]
    places = torch.tensor([place for place, _ in given], device=ids.device)
    ids[places] = torch.tensor(rows, dtype=ids.dtype, device=ids.device)


def _add_logprobs(runner: Any, output: Any, logits: Tensor, metadata: Any) -> None:
    """Give every emitted token the target's log-probability, however it was accepted."""
    most = runner.input_batch.sampling_metadata.max_num_logprobs
    if most is None:
        return
    if metadata is None:
        raw = runner.sampler.compute_logprobs(logits)
        ids = output.sampled_token_ids[:, 0].long()
        output.logprobs_tensors = runner.sampler.gather_logprobs(raw, most, ids)
        return
    output.logprobs_tensors = runner.rejection_sampler._get_logprobs_tensors(
        most,
        metadata,
        logits,
        logits[metadata.target_logits_indices].float(),
        logits[metadata.bonus_logits_indices].float(),
        output.sampled_token_ids,
    )


def propose(own: Own, runner: Any, *given: Any, **named: Any) -> Any:
    """Draft the next block (in the place of ``GPUModelRunner.propose_draft_token_ids``)."""
    engine_state = state_of(runner)
    if engine_state is None:
        return own(runner, *given, **named)
    rows = engine_state.rows(runner.input_batch.req_ids, runner.requests, ahead=True)
    # Positions count the tokens of this step; where vLLM sampled them itself there is no rule.
    engine_state.drafting = runner.drafter.llmx_drafting = Drafting(rows)
    try:
        drafted = own(runner, *given, **named)
    finally:
        runner.drafter.llmx_drafting = None
    engine_state.drafting.finish()
    return drafted


def pick(own: Own, proposer: Any, hidden: Tensor, state: Any) -> tuple[Tensor, Tensor | None]:
    """Draft one column (in the place of ``SpecDecodeBaseProposer._sample_draft_tokens``)."""
    drafting: Drafting | None = getattr(proposer, "llmx_drafting", None)
    if drafting is None or not drafting.rows:
        return own(proposer, hidden, state)  # type: ignore[no-any-return]
    logits = proposer.model.compute_logits(hidden)
    tokens, probs = logits.argmax(-1), None
    if len(drafting.rows) < len(logits):
        # Some rows are vLLM's own: it draws for them, from a copy that it may write into.
        tokens, probs = proposer._sample_from_logits(logits.clone(), state)
    return drafting.pick(logits, tokens), probs


def copy_drafts(own: Own, runner: Any, scheduled: Any, zeros_only: bool = False) -> Any:
    """Note that nothing was drafted (``GPUModelRunner._copy_draft_token_ids_to_cpu``).

    Near the end of the context vLLM schedules zeros in the place of drafted tokens.
    """
    engine_state = state_of(runner)
    if engine_state is not None and zeros_only:
        for _, answer, _ in engine_state.rows(
            runner.input_batch.req_ids, runner.requests, ahead=False
        ):
            answer.skipped = True
    return own(runner, scheduled, zeros_only)


def take_drafts(own: Own, runner: Any) -> Any:
    """Schedule no more tokens than can stand (``GPUModelRunner.take_draft_token_ids``)."""
    engine_state, taken = state_of(runner), own(runner)
    if engine_state is None or taken is None:
        return taken
    ids = [list(tokens) for tokens in taken.draft_token_ids]
    for place, answer, position in _known(engine_state, runner, taken.req_ids):
        room = answer.room(position) if answer.drafts and not answer.skipped else 0
        ids[place] = ids[place][:room]
    return type(taken)(taken.req_ids, ids)


def _known(engine_state: EngineState, runner: Any, names: list[str]) -> list[Row]:
    present = [name for name in names if name in runner.requests]
    places = {name: place for place, name in enumerate(names)}
    rows = engine_state.rows(present, runner.requests, ahead=False)
    return [(places[present[at]], answer, position) for at, answer, position in rows]


def mask(own: Own, scheduled: Any, grammar: Any, batch: Any, logits: Tensor) -> Any:
    """Keep the logits from before a grammar's mask: divergences are of raw distributions."""
    engine_state = getattr(batch, "llmx_state", None)
    if engine_state is not None:
        engine_state.unmasked = logits.clone()
    return own(scheduled, grammar, batch, logits)
