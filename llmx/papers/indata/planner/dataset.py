"""Data kind ``indata_plans``: InData's questions, to be answered by a plan in words."""

from __future__ import annotations

from random import Random
from typing import Any, ClassVar

from llmx.core.record import Sample
from llmx.papers.indata.dataset import Indata, world_of
from llmx.papers.indata.planner.plan_text import (
    PlanSymbols,
    drawn_symbols,
    plan_text,
    prompt_text,
)
from llmx.papers.indata.program import read_program


class IndataPlans(Indata):
    """`data: {kind: indata_plans}`: the same problems; what a model learns to write is the plan.

    Questions that cannot be answered have the plan ``unknown``.
    """

    scorer: ClassVar[str] = "plan"

    def _sample(self, name: str, found: Any, without: dict[str, str]) -> Sample:
        if "tool" in without:  # a planner is shown no list of tools, so it could not know
            without = {}
        made = super()._sample(name, found, without)
        catalogue = world_of(made).catalogue
        symbols = drawn_symbols(catalogue, Random(f"symbols/{self.spec.seed}/{name}"))
        asked = made.metadata["asked"]
        plan = "unknown" if without else plan_text(read_program(found.program), symbols)
        told = {"tables": dict(symbols.tables), "columns": dict(symbols.columns)}
        return made.model_copy(
            update={
                "question": prompt_text(catalogue, symbols, asked),
                "solution": plan,
                "turns": (),
                "metadata": {**made.metadata, "symbols": told},
            }
        )


def symbols_of(sample: Sample) -> PlanSymbols:
    """Return the symbols of a problem."""
    return PlanSymbols(**sample.metadata["symbols"])
