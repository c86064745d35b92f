"""From the files of two arms to their comparison: figures, and which samples only one got right."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from llmx.claims.compare.model import Agreed, Changed, Compared, Comparison, Flip, Side
from llmx.core.errors import RunError
from llmx.core.figure import Figure, Figures, Span
from llmx.core.permuted import in_draw
from llmx.core.record import Record, as_json
from llmx.core.spec import ArmSpec
from llmx.report.figures.names import LENGTH
from llmx.report.gather import ArmFiles
from llmx.report.measure import arm_figures, beside_figures, counts_of, speed_ratios
from llmx.report.paired_table import PairedTable, common_seeds, paired_table, ratio_of, tokens
from llmx.report.timing import Timing
from llmx.stats.multiple import holm


def flips(table: PairedTable) -> tuple[Flip, ...]:
    """Return the samples whose verdicts differ: lost ones first, in the order of ids and seeds.

    Args:
        table: the second side as its `first`, the first as its `second`: differences are gains.
    """
    found = [
        _flip(name, seed, before, after)
        for name, seed, before, after in _samples(table)
        if before.scores[name].correct != after.scores[name].correct
    ]
    return tuple(sorted(found, key=lambda flip: flip.becomes == "right"))


def _samples(table: PairedTable) -> Iterator[tuple[str, int, ArmFiles, ArmFiles]]:
    pairs = list(zip(table.runs(table.second), table.runs(table.first), strict=True))
    for name in table.ids:
        for seed, (before, after) in enumerate(pairs):
            yield name, seed, before, after


def _flip(name: str, seed: int, before: ArmFiles, after: ArmFiles) -> Flip:
    problem = before.problems.get(name) or after.problems.get(name)
    sides = (before, after)
    records = [side.records.get(name) for side in sides]
    texts = [record.text.strip() if record else "" for record in records]
    return Flip(
        id=name,
        seed=seed,
        becomes="right" if after.scores[name].correct else "wrong",
        question=in_draw(problem, before.scores[name].draw).question if problem else "",
        expected=before.scores[name].expected,
        answers=(before.scores[name].strict, after.scores[name].strict),
        texts=(texts[0], texts[1]),
        differs_at=_first_difference(records),
    )


def _first_difference(records: Sequence[Record | None]) -> int | None:
    one, other = records
    if one is None or other is None or one.received == other.received:
        return None
    pairs = zip(one.completion_ids, other.completion_ids, strict=False)
    shorter = min(len(one.completion_ids), len(other.completion_ids))
    return next((place for place, (a, b) in enumerate(pairs) if a != b), shorter)


def layers(table: PairedTable) -> Agreed:
    """Count the samples that are alike in what was sent, received, read and judged."""
    prompt = tokens = answer = verdict = count = 0
    for name, _, before, after in _samples(table):
        one, other = before.records.get(name), after.records.get(name)
        count += 1
        if one is not None and other is not None:
            prompt += one.sent == other.sent
            tokens += one.received == other.received
        answer += before.scores[name].strict == after.scores[name].strict
        verdict += before.scores[name].correct == after.scores[name].correct
    return Agreed(
        samples=count,
        same_prompt=prompt,
        same_tokens=tokens,
        same_answer=answer,
        same_verdict=verdict,
    )


@dataclass(frozen=True)
class GivenSide:
    """One side: an arm of a run, its seeds pooled.

    Attributes:
        clock: timed rounds of the run, by arm.
    """

    run: str
    arm: str
    spec: ArmSpec
    files: ArmFiles
    clock: Timing

    @property
    def label(self) -> str:
        """``RUN:ARM``, as it is typed."""
        return f"{self.run}:{self.arm}"


def compare(pairs: Sequence[tuple[GivenSide, GivenSide]]) -> Compared:
    """Compare each second side with its first.

    Raises:
        RunError: if a pair has no seed or no scored problem in common.
    """
    found = [_one(*_to_be_paired(first, second)) for first, second in pairs]
    adjusted = holm([_p(one.difference) for one in found])
    return Compared(
        comparisons=tuple(
            one.model_copy(update={"holm": float(p)})
            for one, p in zip(found, adjusted, strict=True)
        )
    )


def _to_be_paired(first: GivenSide, second: GivenSide) -> tuple[GivenSide, GivenSide]:
    """Return both with the names of their seeds.

    Two runs that were named one by one are compared as they are, whatever their seeds. A run
    whose name has no seed is that of its settings.
    """
    if not (first.files.seeds or second.files.seeds):
        return _seeded(first, ""), _seeded(second, "")
    one, other = (
        _seeded(side, side.files.seed or f"seed={side.spec.seed}") for side in (first, second)
    )
    if not common_seeds([one.files, other.files]):
        raise RunError(
            f"{first.label} and {second.label} have no seed in common",
            f"name one seed of each, as {(second if second.files.seeds else first).label}@seed=1",
        )
    return one, other


def _seeded(given: GivenSide, seed: str) -> GivenSide:
    return replace(given, files=replace(given.files, seed=seed))


def _p(difference: Figure) -> float:
    assert difference.p is not None
    return difference.p


def _one(first: GivenSide, second: GivenSide) -> Comparison:
    table = paired_table(second.files, first.files)
    if table is None:
        raise RunError(
            f"{first.label} and {second.label} have no scored problem in common",
            "compare runs of one dataset and split",
        )
    one, other = _sides(first, second)
    figures = tuple(_figures((first, one.name), (second, other.name), table))
    metrics = [metric for metric in first.files.metrics if metric in second.files.metrics]
    made = Comparison(
        first=one,
        second=other,
        problems=len(table.ids),
        only_first=len(first.files.scores) - len(table.ids),
        only_second=len(second.files.scores) - len(table.ids),
        figures=Figures(figures=figures, metrics=tuple(metrics)),
        holm=1.0,
        layers=layers(table),
        changed=changed(first.spec, second.spec),
        flips=flips(table),
    )
    return made.model_copy(update={"holm": _p(made.difference)})


def _sides(first: GivenSide, second: GivenSide) -> tuple[Side, Side]:
    one, other = (
        Side(run=of.run, arm=of.arm, name=of.arm if first.run == second.run else of.label)
        for of in (first, second)
    )
    return one, other


Named = tuple[GivenSide, str]
"""A side, and what figures call it."""


def _figures(first: Named, second: Named, table: PairedTable) -> Iterator[Figure]:
    """Yield what each side comes to, then the second beside the first."""
    (one, name), (other, called) = first, second
    yield from arm_figures(name, one.spec, one.files)
    yield from arm_figures(called, other.spec, other.files)
    yield from beside_figures(called, other.files, name, one.files)
    if (span := _length(table)) is not None:
        counts = counts_of(other.files)
        yield Figure(quantity=LENGTH, arm=called, against=name, span=span, unit="times", **counts)
    if one.run == other.run:
        yield from speed_ratios(one.clock, other.arm, one.arm)


def _length(table: PairedTable) -> Span | None:
    """Return mean tokens of the second side over the first's; None where that has none."""
    after, before = (table.values(which, tokens) for which in (table.first, table.second))
    return ratio_of(table, after, before).span if before.sum() > 0 else None


def changed(first: ArmSpec, second: ArmSpec) -> tuple[Changed, ...]:
    """Return every dotted key whose values differ, in the order of the specification."""
    one, other = dict(_flat(as_json(first))), dict(_flat(as_json(second)))
    keys = [*one, *(key for key in other if key not in one)]
    return tuple(
        Changed(key=key, first=one.get(key), second=other.get(key))
        for key in keys
        if one.get(key) != other.get(key)
    )


def _flat(values: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    for key, value in values.items():
        name = f"{above}{key}"
        if isinstance(value, dict):
            yield from _flat(value, f"{name}.")
        else:
            yield name, json.dumps(value, ensure_ascii=False)
