"""A verifier that is called many times: its buffers stay, and so may its CUDA graphs."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch

from llmx.core.errors import ConfigError
from llmx.kernels import reference
from llmx.kernels.block import Block, Outcome, Rule, check_names, check_threshold
from llmx.kernels.buffers import Buffers
from llmx.kernels.device import fuses
from llmx.kernels.graphs import Graphs
from llmx.kernels.inputs import inputs_of, layout_of, places_of
from llmx.kernels.launch import launcher
from llmx.kernels.outcome import outcome_of
from llmx.kernels.plan import DEFAULT, KernelPlan, Shape


class Verifier:
    """:func:`llmx.kernels.verify_block` for one rule over blocks of one shape.

    **What a call returns stands until the next call**, which writes into the same arrays; clone
    what has to stay. Calls of one verifier belong on one stream.

    Args:
        rows, width, vocab: B, K and V of every block.
        report: divergences to return besides the one that decides.
        graphs: where calls at addresses that come again are kept as graphs (on a card
            :func:`llmx.kernels.cuda_graph.cuda_graphs`); None = every call launches its kernels.
        fused: whether the Triton kernels do it; None = where the device is CUDA.

    Raises:
        ConfigError: for an unknown divergence.
    """

    def __init__(
        self,
        rule: Rule,
        rows: int,
        width: int,
        vocab: int,
        device: torch.device,
        report: tuple[str, ...] = (),
        graphs: Graphs | None = None,
        shape: Shape = DEFAULT,
        fused: bool | None = None,
    ) -> None:
        check_names(report)
        own = () if rule.divergence is None else (rule.divergence,)
        self.rule, self.report, self.graphs = rule, report, graphs
        # With its index: "cuda" names whichever card is current.
        self.device = torch.empty(0, device=device).device
        self._plan = KernelPlan(rule, frozenset((*own, *report)), rows, width, vocab, shape)
        self._buffers: Buffers | None = None
        if fuses(device) if fused is None else fused:
            self._buffers = Buffers.new(self._plan, device)
            self._outcome = outcome_of(self._plan, self._buffers)

    def __call__(self, block: Block) -> Outcome:
        """Verify a block; see :func:`llmx.kernels.verify_block`.

        Raises:
            ConfigError: for a block of another shape or device, or without its rule's thresholds.
        """
        self._check(block)
        if self._buffers is None:
            return reference.verify(block, self.rule, self.report)
        with self._on_device():
            self._run(block, self._buffers)
        return self._outcome

    def _run(self, block: Block, buffers: Buffers) -> None:
        inputs = inputs_of(block, self._plan)
        layout = layout_of(inputs)

        def work() -> None:
            launcher(self._plan, layout).run(inputs, buffers)

        if self.graphs is None:
            return work()
        # The buffers stand for rule and shape, and are kept alive by the key: a graph writes there.
        self.graphs.run((buffers, layout, places_of(inputs)), work)

    def _on_device(self) -> AbstractContextManager[object]:
        return torch.cuda.device(self.device) if self.device.type == "cuda" else nullcontext()

    def _check(self, block: Block) -> None:
        check_threshold(block, self.rule)
        wanted = (self._plan.rows, self._plan.width, self._plan.vocab)
        if (block.rows, block.width, block.vocab) != wanted:
            text = f"a block of B, K, V = {block.rows}, {block.width}, {block.vocab}"
            raise ConfigError(text, "this verifier is for {}, {}, {}".format(*wanted))
        if block.target.device != self.device:
            text = f"a block on {block.target.device}"
            raise ConfigError(text, f"this verifier is on {self.device}")
