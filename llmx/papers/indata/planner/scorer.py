"""Scorer ``plan``: a plan in words is run, and what it comes to is the answer."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from llmx.core import json_text
from llmx.core.errors import DataError
from llmx.core.record import Metric, Record, Sample, Score
from llmx.papers.indata.answers import UNKNOWN, equal, run_program
from llmx.papers.indata.arguments import AnswerType
from llmx.papers.indata.dataset import executor_of
from llmx.papers.indata.planner.dataset import symbols_of
from llmx.papers.indata.planner.plan_text import read_plan
from llmx.papers.indata.program import Program, read_program
from llmx.papers.indata.taxonomy import canonical
from llmx.scoring.scorer import marked

VALID_PLAN = Metric(
    name="valid_plan",
    unit="%",
    low=0.0,
    high=1.0,
    boolean=True,
    explain="Outputs that are a plan, or say that there is none.",
)
SAME_TOOLS = Metric(
    name="same_tools",
    unit="%",
    low=0.0,
    high=1.0,
    boolean=True,
    explain="Plans with the tools of the gold plan in its order: right but for arguments.",
)
SAME_PLAN = Metric(
    name="same_plan",
    unit="%",
    low=0.0,
    high=1.0,
    boolean=True,
    explain="Plans whose calls are those of the gold plan.",
)


class PlanScorer:
    """Right is a plan whose result is the answer, however it gets there."""

    kind: ClassVar[str] = "plan"
    version: ClassVar[int] = 1
    metrics: ClassVar[tuple[Metric, ...]] = (VALID_PLAN, SAME_TOOLS, SAME_PLAN)

    def score(self, record: Record, sample: Sample) -> Score:
        """Return the score of one record.

        Raises:
            DataError: if the sample is no problem of plans.
        """
        expected, answer_type = self.reference(sample)
        text = record.text.strip()
        plan = self._plan(text, sample)
        given = UNKNOWN if text == "unknown" else self._run(plan, sample)
        unknown: AnswerType = "cannot_be_determined"
        compared = unknown if expected == UNKNOWN else answer_type
        right = equal(given, expected, compared, sample.metadata.get("decimals"))
        gold = read_program(sample.metadata["program"])
        parsed = plan is not None or text == "unknown"
        values = {
            "valid_plan": float(parsed),
            "same_tools": float(plan is not None and _tools(plan) == _tools(gold)),
            "same_plan": float(plan is not None and _calls(plan) == _calls(gold)),
        }
        shown = json.dumps(given, ensure_ascii=False) if parsed else None
        reading = shown, right
        return marked(record, sample, sample.answer, reading, reading, values=values)

    def reference(self, sample: Sample) -> tuple[Any, AnswerType]:
        """Return the answer, and its type.

        Raises:
            DataError: if the sample is no problem of plans.
        """
        if "symbols" not in sample.metadata:
            text = f"sample '{sample.id}' has no symbols of a plan"
            raise DataError(text, "scorer plan reads data=indata_plans")
        return json_text.parse(sample.answer), sample.metadata["answer_type"]

    def _plan(self, text: str, sample: Sample) -> Program | None:
        try:
            return read_plan(text, symbols_of(sample))
        except DataError:
            return None

    def _run(self, plan: Program | None, sample: Sample) -> Any:
        if plan is None:
            return None
        return run_program(plan, executor_of(sample), sample.metadata["answer_type"])


def _tools(program: Program) -> list[str]:
    return [step.tool for step in program.steps]


def _calls(program: Program) -> list[Any]:
    return list(canonical(program).values())
