"""Which samples only one side got right, and at which layer the two part."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from llmx.claims.compare.model import Agreed, Flip
from llmx.core.record import Record
from llmx.report.gather import ArmFiles
from llmx.report.paired_table import PairedTable


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
        question=problem.question if problem else "",
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
