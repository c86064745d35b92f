"""The stage `count`: a reader with a section of its own counts the stones of an arm."""

from counting.effort import EffortSpec
from counting.names import DIGITS

from llmx.core.audit import Audit, Check
from llmx.core.figure import Figure, Figures, Span
from llmx.core.record import Record, as_json
from llmx.core.stage import Cost
from llmx.data import evaluation_identity, load
from llmx.report.figures.read import write_figures
from llmx.store.files import write_json, write_lines


class CountStage:
    """Writes what `decode` writes, and says that it looked at all of it."""

    kind, version, timing = "count", 1, False
    sections = (EffortSpec,)

    def identity(self, given):
        """The problems and their number; the effort is added, as it is among the sections."""
        problems = given.arm.scale.problems
        return {"data": evaluation_identity(given.arm.data, "test"), "problems": problems}

    def applies(self, given):
        """Where there is a reader."""
        return given.arm.section(EffortSpec) is not None

    def plan(self, given):
        """No time at all."""
        return Cost(samples=given.arm.scale.problems or 0, seconds=0.1)

    def run(self, context):
        """Count every heap, one off where the reader slips."""
        arm = context.given.arm
        effort = arm.section(EffortSpec)
        heaps = load(arm.data, "test", arm.scale.problems)
        slips = round(effort.slips * len(heaps))
        records = [_record(heap, effort.care, at < slips) for at, heap in enumerate(heaps)]
        write_lines(context.out / "samples.jsonl", map(as_json, records))
        whole = Check(check="counted", level="fail", passed=True, found=len(records), of=len(heaps))
        write_json(context.out / "audit.json", as_json(Audit(passed=True, checks=(whole,))))
        name = next(iter(context.given.arms))
        write_figures(context.out, Figures(figures=tuple(_figures(name, records))))


def _figures(arm, records):
    """Yield the digits of an answer: over all heaps, and of each."""
    digits = [len(record.text) for record in records]
    span = Span(estimate=sum(digits) / len(digits), low=min(digits), high=max(digits), level=1.0)
    yield Figure(quantity=DIGITS, arm=arm, span=span, unit="digits", n=len(digits), seeds=1)
    for heap, count in enumerate(digits, start=1):
        one = Span(estimate=count)
        yield Figure(quantity=DIGITS, arm=arm, span=one, unit="digits", setting="stones", at=heap)


def _record(heap, care, slipped):
    text = str(int(heap.answer) + slipped).zfill(care)
    ids = tuple(map(ord, text))
    return Record(
        id=heap.id,
        prompt_ids=tuple(map(ord, heap.question)),
        completion_ids=ids,
        prompt=heap.question,
        text=text,
        finish="eos",
        rounds=len(ids),
    )
