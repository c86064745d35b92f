"""Runs the Triton kernels over a block: three launches to five, no wait for the device."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from llmx.kernels import buffers as made
from llmx.kernels import inputs as given
from llmx.kernels.bound import Bound
from llmx.kernels.buffers import Buffers
from llmx.kernels.inputs import Inputs, Layout, places_of
from llmx.kernels.plan import KernelPlan


class Launcher:
    """The kernels of one plan over inputs of one layout, bound by their first call."""

    def __init__(self, plan: KernelPlan, layout: Layout) -> None:
        constants = _constants(plan, layout)
        names = (*given.NAMES, *made.NAMES, *constants)
        self._places = {name: place for place, name in enumerate(names)}
        self._constants = tuple(constants.values())
        self._steps = (*self._measuring(plan), *self._drawing(plan))

    def _measuring(self, plan: KernelPlan) -> list[Bound]:
        from llmx.kernels.fused.accept import decide
        from llmx.kernels.fused.compare import compare
        from llmx.kernels.fused.survey import survey

        if not plan.pairs:
            return []
        passes, warps = (plan.pairs, plan.spans, 1), plan.shape.warps
        steps = [Bound(survey, passes, self._places, warps)]
        if plan.twice:
            steps.append(Bound(compare, passes, self._places, warps))
        return [*steps, Bound(decide, (plan.pairs, 1, 1), self._places, warps=1)]

    def _drawing(self, plan: KernelPlan) -> list[Bound]:
        from llmx.kernels.fused.draw import pick, weigh

        if plan.rule is None or not plan.rows:
            return []
        chunks, warps = (plan.rows, plan.chunks, 1), plan.shape.warps
        return [
            Bound(weigh, chunks, self._places, warps),
            Bound(pick, (plan.rows, 1, 1), self._places, warps),
        ]

    def run(self, inputs: Inputs, buffers: Buffers) -> None:
        """Launch every kernel in turn.

        Args:
            inputs: of the layout that this was made for.
            buffers: of the plan that this was made for.
        """
        if all(step.ready for step in self._steps):
            where = (*places_of(inputs), *buffers.places, *self._constants)
            for step in self._steps:
                step.again(where)
            return
        values = (*inputs, *buffers.tensors, *self._constants)
        for step in self._steps:
            step.first(values)


@lru_cache(maxsize=256)
def launcher(plan: KernelPlan, layout: Layout) -> Launcher:
    """Return the launcher of a plan and a layout, the same one each time."""
    return Launcher(plan, layout)


def _constants(plan: KernelPlan, layout: Layout) -> dict[str, Any]:
    """Return the arguments that are no tensors: strides, numbers, compile-time flags."""
    held = dict(zip(given.NAMES, layout, strict=True))
    strides: dict[str, int] = {}
    for name, axes in (("target", "bkv"), ("draft", "bkv"), ("threshold", "bk")):
        one = held[name]
        steps = (0,) * len(axes) if one is None else one[2]
        strides |= {f"{name}_{axis}": step for axis, step in zip(axes, steps, strict=True)}
    edged = held["target_edge"] is not None, held["draft_edge"] is not None
    return {**strides, **plan.numbers(), **plan.flags(*edged)}
