"""The two ways to decode a list of prompts: one fixed batch, or slots refilled from a queue."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import numpy as np

from llmx.core.errors import EngineError
from llmx.core.philox import Purpose
from llmx.decoding.accept import Flags
from llmx.decoding.block_model import is_exact, reads
from llmx.decoding.cached_model import CachedModel
from llmx.decoding.constraint import Constraint, allowed_tokens
from llmx.decoding.options import DecodeOptions
from llmx.decoding.rounds import block_round, solo_round
from llmx.decoding.rows import Decoded, RoundTokens, Rows, Stop
from llmx.decoding.step_model import StepModel

Found = TypeVar("Found")


def decode(
    target: StepModel | None,
    draft: StepModel | None,
    prompts: Sequence[Sequence[int]],
    ids: Sequence[str],
    options: DecodeOptions,
    seed: int,
    stop: Stop | None = None,
    first: Sequence[int] | None = None,
) -> list[Decoded]:
    """Decode prompts as one batch in which a finished row keeps its place.

    So the result is a pure function of the arguments, and of the arithmetic of the models. If both
    models are given, only the tokens that both know are ever emitted, whatever the algorithm: pass
    the draft also for ``algorithm=target`` where vocabularies are padded differently.

    Args:
        prompts: token ids, at least one each.
        ids: stable names of the samples; with `seed` they fix every random number.
        stop: called with the output so far after each new token; True ends it there.
        first: tokens of each answer that its prompt holds already; the random numbers go on from
            there, so that an answer decoded in parts is the answer decoded at once.

    Raises:
        EngineError: if a model that the algorithm needs is missing, or a prompt is empty.
    """
    slots = len(prompts)
    return decode_refill(target, draft, prompts, ids, options, seed, stop, first, slots=slots)


def decode_refill(
    target: StepModel | None,
    draft: StepModel | None,
    prompts: Sequence[Sequence[int]],
    ids: Sequence[str],
    options: DecodeOptions,
    seed: int,
    stop: Stop | None = None,
    first: Sequence[int] | None = None,
    *,
    slots: int,
) -> list[Decoded]:
    """Like :func:`decode`, with `slots` rows; a finished one takes the next prompt of the queue.

    Which samples share a batch depends on their lengths. Over block models that changes nothing;
    over others a text can differ from :func:`decode`'s where a margin is tiny.
    """
    found = dict(
        decode_stream(target, draft, prompts, ids, options, seed, stop, first, slots=slots)
    )
    return [found[at] for at in range(len(prompts))]


def decode_stream(
    target: StepModel | None,
    draft: StepModel | None,
    prompts: Sequence[Sequence[int]],
    ids: Sequence[str],
    options: DecodeOptions,
    seed: int,
    stop: Stop | None = None,
    first: Sequence[int] | None = None,
    *,
    slots: int,
    shared: bool = False,
    constraints: Sequence[Constraint | None] | None = None,
) -> Iterator[tuple[int, Decoded]]:
    """Yield (place among the prompts, output) as outputs are over; see :func:`decode_refill`.

    Args:
        shared: equal prompts are computed once. Over models that are not exact this can move the
            last bits of an answer.
        constraints: what each output is held to, where one model decodes alone.
    """
    _check(target, draft, prompts, ids, options)
    if constraints is not None and options.uses_target and options.uses_draft:
        text = f"sampler.algorithm={options.algorithm} drafts, and answers are held to a form"
        raise EngineError(text, "set sampler.algorithm=target")
    if not prompts:
        return iter(())
    rows = min(slots, len(prompts))

    def outputs() -> Iterator[tuple[int, Decoded]]:
        session = DecodeSession(
            target, draft, prompts, ids, options, seed, rows, first, shared, constraints
        )
        yield from session.run(stop)

    return outputs() if is_exact(target, draft) else without_gradients(outputs)()


def without_gradients(work: Callable[[], Found]) -> Callable[[], Found]:
    """Return work that keeps no graph of its tensors; of a generator, each of its steps."""
    import torch

    wrapped: Callable[[], Found] = torch.inference_mode()(work)
    return wrapped


def decode_all(
    target: StepModel | None,
    draft: StepModel | None,
    prompts: Sequence[Sequence[int]],
    ids: Sequence[str],
    options: DecodeOptions,
    seed: int,
    stop: Stop | None = None,
    batch: int | None = None,
) -> list[Decoded]:
    """Decode prompts, `batch` of them at once (None = all), in the fastest way that is repeatable.

    Rows are refilled where that cannot change an answer; otherwise batches are fixed.
    """
    size = batch or max(1, len(prompts))
    if is_exact(target, draft):
        return decode_refill(target, draft, prompts, ids, options, seed, stop, slots=size)
    parts = batches(prompts, ids, size)
    return [one for part in parts for one in decode(target, draft, *part, options, seed, stop)]


def batches(
    prompts: Sequence[Sequence[int]], ids: Sequence[str], size: int | None
) -> list[tuple[Sequence[Sequence[int]], Sequence[str]]]:
    """Cut prompts and their ids into batches of `size` rows, in order."""
    size = size or max(1, len(prompts))
    return [(prompts[at : at + size], ids[at : at + size]) for at in range(0, len(prompts), size)]


class DecodeSession:
    """A batch in flight: lanes, rows, and which prompt each row holds."""

    def __init__(
        self,
        target: StepModel | None,
        draft: StepModel | None,
        prompts: Sequence[Sequence[int]],
        ids: Sequence[str],
        options: DecodeOptions,
        seed: int,
        slots: int,
        first: Sequence[int] | None = None,
        shared: bool = False,
        constraints: Sequence[Constraint | None] | None = None,
    ) -> None:
        self.prompts, self.ids, self.options, self.shared = prompts, ids, options, shared
        self.constraints = constraints
        self.first = list(first) if first is not None else [0] * len(prompts)
        capacity = max(map(len, prompts)) + options.max_tokens + options.gamma + 2
        vocab = min(model.vocab_size for model in (target, draft) if model is not None)
        self.rows = Rows(slots, capacity, options, seed)
        self.ends: Flags = np.zeros(vocab, dtype=np.bool_)
        self.ends[[token for token in options.eos_ids if token < vocab]] = True
        # Arrays all the way, where both models take them and the rule needs nothing else.
        host = is_exact(target, draft) and reads(options)
        lanes = (
            CachedModel(model, slots, capacity, vocab, host) if model is not None and used else None
            for model, used in ((target, options.uses_target), (draft, options.uses_draft))
        )
        self.target, self.draft = lanes
        self.holds = np.full(slots, -1)
        self.queue = 0
        # Where a row's bits are its own, rows that are over need not be computed on.
        self.exact = all(lane.blocks is not None for lane in lanes_of(self))

    def run(self, stop: Stop | None) -> Iterator[tuple[int, Decoded]]:
        """Decode until every prompt has its output; yield each as it is over."""
        self.fill()
        while not self.rows.done.all():
            self.rows.append(self.round(), self.ends, stop)
            if self.rows.done.any():
                yield from self.harvest()
                self.fill()
                self.narrow()

    def round(self) -> RoundTokens:
        """Run one round of the algorithm over all rows."""
        if self.target is None:
            assert self.draft is not None
            return solo_round(
                self.draft, self.rows, self.options, Purpose.DRAFT, self.allowed(self.draft)
            )
        if self.draft is None:
            return solo_round(
                self.target, self.rows, self.options, Purpose.TARGET, self.allowed(self.target)
            )
        return block_round(self.target, self.draft, self.rows, self.options, self.ends)

    def allowed(self, lane: CachedModel) -> Flags | None:
        """Return the tokens that each row may draw next, bool (B, V); None = all."""
        if self.constraints is None:
            return None
        held = [self.constraints[at] if at >= 0 else None for at in self.holds]
        return allowed_tokens(self.rows, held, lane.vocab)

    def harvest(self) -> list[tuple[int, Decoded]]:
        """Take the outputs of newly finished rows."""
        over = np.flatnonzero(self.rows.done & (self.holds >= 0))
        found = [(int(self.holds[row]), self.rows.result(int(row))) for row in over]
        self.holds[over] = -1
        return found

    def fill(self) -> None:
        """Give the next prompts of the queue to the rows that hold none."""
        free = np.flatnonzero(self.holds < 0)[: len(self.prompts) - self.queue]
        if not len(free):
            return
        taken = range(self.queue, self.queue + len(free))
        self.queue = taken.stop
        self.holds[free] = taken
        span = slice(taken.start, taken.stop)
        self.rows.admit(free, self.prompts[span], self.ids[span], self.first[span])
        for lane in lanes_of(self):
            lane.prefill(self.rows, free, self.shared)

    def narrow(self) -> None:
        """Let go of rows that are over, once no prompt is left to take their place."""
        kept = np.flatnonzero(~self.rows.done)
        if not self.exact or not len(kept) or len(kept) == len(self.holds):
            return
        self.rows.narrow(kept)
        self.holds = self.holds[kept]
        for lane in lanes_of(self):
            lane.narrow(kept)


def lanes_of(session: DecodeSession) -> list[CachedModel]:
    """Return the lanes that a session feeds."""
    return [lane for lane in (session.target, session.draft) if lane is not None]


def _check(
    target: StepModel | None,
    draft: StepModel | None,
    prompts: Sequence[Sequence[int]],
    ids: Sequence[str],
    options: DecodeOptions,
) -> None:
    for name, model, used in (
        ("target", target, options.uses_target),
        ("draft", draft, options.uses_draft),
    ):
        if used and model is None:
            hint = f"set model.{name}, or choose another sampler"
            raise EngineError(f"algorithm={options.algorithm} needs a {name} model", hint)
    if len(ids) != len(prompts):
        raise EngineError(f"{len(prompts)} prompts came with {len(ids)} sample ids")
    empty = [name for name, prompt in zip(ids, prompts, strict=True) if not len(prompt)]
    if empty:
        raise EngineError(f"sample '{empty[0]}' has an empty prompt", "give it at least one token")
