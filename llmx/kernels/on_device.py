"""The verifier on the Triton kernels: what llmx.kernels.reference does, without its arrays."""

from __future__ import annotations

import torch
from torch import Tensor

from llmx.kernels.block import DIVERGENCES, Block, Outcome, Pairs, Rule
from llmx.kernels.launch import DEFAULT, LN2, ORDER, Launch, Shape


def verify(
    block: Block, rule: Rule, report: tuple[str, ...] = (), shape: Shape = DEFAULT
) -> Outcome:
    """Verify a block; see :func:`llmx.kernels.dispatch.verify_block`."""
    own = () if rule.divergence is None else (rule.divergence,)
    launch = Launch(block, rule, frozenset((*own, *report)), shape)
    if block.rows:
        launch.measure()
        launch.draw()
    return _outcome(launch)


def measure(block: Pairs, names: tuple[str, ...], shape: Shape = DEFAULT) -> dict[str, Tensor]:
    """Compute divergences alone; see :func:`llmx.kernels.dispatch.divergence_of`."""
    launch = Launch(block, None, frozenset(names), shape)
    launch.measure()
    return _divergences(launch)


def _outcome(launch: Launch) -> Outcome:
    """Return views of what the kernels wrote."""
    notes, normalisers = launch.notes, {}
    if launch.names:
        normalisers = {"target": notes[0] + notes[2] * LN2, "draft": notes[1] + notes[3] * LN2}
    if launch.ratio:
        normalisers["target_warped"] = notes[0] * launch.scale + notes[4] * LN2
        if not launch.one_hot:
            normalisers["draft_warped"] = notes[1] * launch.scale + notes[5] * LN2
    return Outcome(
        divergences=_divergences(launch),
        normalisers=normalisers,
        chances=notes[6:8] if launch.ratio else None,
        accept=launch.accept.view(torch.bool),
        length=launch.length,
        token=launch.token,
    )


def _divergences(launch: Launch) -> dict[str, Tensor]:
    return {name: launch.notes[8 + ORDER[name]] for name in DIVERGENCES if name in launch.names}
