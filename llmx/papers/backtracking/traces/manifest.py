"""What a trace set holds, counted: ``traces.json``."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import fmean, quantiles
from typing import Any

from llmx.data.templated import question_key
from llmx.papers.backtracking.traces.arms import TracedProblem
from llmx.papers.backtracking.traces.events import backtracks
from llmx.papers.backtracking.traces.replay import RefusedTrace, replay

_BIN = 100  # characters


def counted(
    traces: Sequence[TracedProblem], rows: Sequence[Mapping[str, Any]], refused: Counter[str]
) -> dict[str, Any]:
    """Return the counts of a trace set.

    ``characters`` are those of the completions, in bins of 100 from 0; ``steps`` the places.
    """
    tried = len(traces) + refused.total()
    found = Counter(backtracks(one.events) for one in traces)
    sizes = [len(row["solution"]) for row in rows]
    bins = Counter(size // _BIN * _BIN for size in sizes)
    questions = Counter(question_key(row["question"]) for row in rows)
    return {
        "problems": tried,
        "rows": len(rows),
        "yield": len(traces) / tried if tried else 0.0,
        "refused": dict(sorted(refused.items())),
        "backtracks": {str(k): count for k, count in sorted(found.items())},
        "characters": {**spread(sizes), "bins": {str(b): n for b, n in sorted(bins.items())}},
        "duplicates": sum(count - 1 for count in questions.values()),
    }


def spread(sizes: Sequence[int]) -> dict[str, float]:
    """Return mean, median, 90 % quantile and maximum; nothing for no sizes."""
    if not sizes:
        return {}
    tenths = quantiles(sizes, n=10, method="inclusive") if len(sizes) > 1 else [*sizes] * 9
    middle, high = float(tenths[4]), float(tenths[8])
    return {"mean": fmean(sizes), "median": middle, "p90": high, "max": float(max(sizes))}


def holding(traces: Sequence[TracedProblem]) -> dict[str, Any]:
    """Return how many traces hold when they are replayed, and what is wrong with the others.

    The reasons are shortened to what an event kind did, so that they can be counted.
    """
    reasons: Counter[str] = Counter()
    for one in traces:
        try:
            replay(one.puzzle, one.events)
        except RefusedTrace as error:
            reasons[_kind(error.message)] += 1
    return {"hold": len(traces) - reasons.total(), "faults": dict(reasons.most_common())}


def _kind(message: str) -> str:
    """Return a message without the event and its numbers."""
    reason = message.rpartition("): ")[2] or message
    return re.sub(r"-?\d+", "#", re.split("[:,]", reason)[0])
