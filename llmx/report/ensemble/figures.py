"""An arm in figures: accuracy, times and tokens, each against the reference with an interval.

Also how the cut of the time to the first token depends on how long drafts are. A mixture waits for
its longest draft, staircase streaming for a first chunk of it: were both paid by the token alone, a
share of 1 − first chunk / length would be cut. Whoever chooses the length of the drafts chooses
this figure; so every length is reported beside that line, and the verdict rests on drafts that end
by themselves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from llmx.core.figure import Span
from llmx.core.record import Frozen
from llmx.report.timing import as_span
from llmx.stats import paired_score_interval, ratio_interval, wilson


class ArmFigures(Frozen):
    """What one arm gave.

    Attributes:
        reference: the arm that this one is compared with; empty of that arm itself.
        accuracy, gain: shares; `gain` is over the reference, paired by problem.
        rounds: answers that were timed, each of a problem of its own; drafts and answers ended by
            themselves. All times are of these.
        ttft, total: seconds, median over rounds. `ttft_cut` is the share of the reference's time
            that is saved; `total_ratio` is of total time over the reference's, `speed` of tokens/s
            end to end over the reference's. Paired by round.
        per_token, stalled, longest_stall: seconds.
        again: answer's prompt tokens that were computed for an earlier request already.
        sent: prompt tokens of the answer. `drafted`: tokens of all others.
        quality_again: the same in the quality stage, a problem, where answers end by themselves.
        repeated: share of chunks that repeat what was shown. `early`: share of answers that ended
            before their sources.
        times, totals: seconds to the first token, and to the last, of every round.
        tokens: of every round's answer.
    """

    arm: str
    reference: str = ""
    problems: int = 0
    accuracy: Span | None = None
    gain: Span | None = None
    rounds: int = 0
    ttft: float | None = None
    ttft_cut: Span | None = None
    total: float | None = None
    total_ratio: Span | None = None
    speed: Span | None = None
    per_token: float | None = None
    stalled: float | None = None
    longest_stall: float | None = None
    again: float | None = None
    sent: float | None = None
    drafted: float | None = None
    repeated: float | None = None
    early: float | None = None
    times: tuple[float, ...] = ()
    totals: tuple[float, ...] = ()
    tokens: tuple[int, ...] = ()


Scores = Mapping[str, Mapping[str, bool]]
"""Arm → problem → right or wrong."""


def figures(
    arms: Sequence[str],
    reference: str,
    scores: Scores,
    rows: Sequence[Mapping[str, Any]],
    members: Mapping[str, Mapping[str, float]],
    references: Mapping[str, str] | None = None,
) -> list[ArmFigures]:
    """Return the figures of every arm.

    Args:
        references: arm → the arm that it is compared with, where that is not `reference`.
        rows: of latency stages, one an answer. Those of a forced length are left out: quality is
            that of answers which end by themselves, and time to it belongs to the same answers.
        members: arm → sums of the quality stage.
    """
    timed: dict[str, list[Mapping[str, Any]]] = {name: [] for name in arms}
    for row in sorted(rows, key=lambda row: int(row["round"])):
        if row["length"] is None:
            timed[row["arm"]].append(row)
    beside = {name: (references or {}).get(name, reference) for name in arms}
    return [
        ArmFigures(
            arm=name,
            reference="" if other == name else other,
            **_quality(name, other, scores),
            **_latency(timed[name], timed.get(other, [])),
            **_members(members.get(name, {})),
        )
        for name, other in beside.items()
    ]


def _quality(arm: str, reference: str, scores: Scores) -> dict[str, Any]:
    mine = scores.get(arm, {})
    if not mine:
        return {}
    found: dict[str, Any] = {
        "problems": len(mine),
        "accuracy": as_span(wilson(sum(mine.values()), len(mine))),
    }
    base = scores.get(reference, {})
    if arm != reference and base.keys() == mine.keys():
        gained = sum(mine[one] and not base[one] for one in mine)
        lost = sum(base[one] and not mine[one] for one in mine)
        found["gain"] = as_span(paired_score_interval(gained, lost, len(mine)))
    return found


def _latency(
    mine: Sequence[Mapping[str, Any]], base: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    if not mine:
        return {}
    found: dict[str, Any] = {
        "rounds": len(mine),
        "times": tuple(row["ttft"] for row in mine),
        "totals": tuple(row["total"] for row in mine),
        "tokens": tuple(int(row["tokens"]) for row in mine),
        "again": float(np.mean([row["answer_again"] for row in mine])),
        "sent": float(np.mean([row["answer_sent"] for row in mine])),
        "drafted": float(np.mean([row["drafted"] for row in mine])),
    }
    for name in ("ttft", "total", "per_token", "stalled", "longest_stall"):
        found[name] = float(np.median([row[name] for row in mine]))
    if base and base is not mine and len(base) == len(mine) >= 2:
        found["ttft_cut"] = cut(mine, base)
        found["total_ratio"] = _ratio(mine, base, "total")
        found["speed"] = _speed(mine, base)
    return found


def cut(mine: Sequence[Mapping[str, Any]], base: Sequence[Mapping[str, Any]]) -> Span:
    """Return the share of the reference's time to the first token that is saved, by round."""
    ratio = _ratio(mine, base, "ttft")
    return Span(
        estimate=1 - ratio.estimate,
        low=1 - ratio.high if ratio.high else None,
        high=1 - ratio.low if ratio.low else None,
    )


def _speed(mine: Sequence[Mapping[str, Any]], base: Sequence[Mapping[str, Any]]) -> Span:
    """Return the ratio of tokens/s end to end, all tokens over all seconds, paired by round."""
    tokens, seconds = ([[row[of] for row in rows] for rows in (mine, base)] for of in _RATE)
    return as_span(ratio_interval(tokens[0], seconds[0], tokens[1], seconds[1]))


_RATE = ("tokens", "total")


def _ratio(mine: Sequence[Mapping[str, Any]], base: Sequence[Mapping[str, Any]], name: str) -> Span:
    """Return the ratio of total seconds, paired by round."""
    ones = [1.0] * len(mine)
    found = ratio_interval(ones, [row[name] for row in base], ones, [row[name] for row in mine])
    return as_span(found)


def _members(sums: Mapping[str, float]) -> dict[str, Any]:
    if not sums.get("chunks"):
        return {}
    return {
        "repeated": sums["repeated"] / sums["chunks"],
        "early": sums["early"] / sums["problems"],
    }


Rows = Sequence[Mapping[str, Any]]


class LengthFigures(Frozen):
    """One arm at one length of drafts.

    Attributes:
        forced: whether every draft had just that length; else drafts ended by themselves, and
            `tokens` is the mean length of the reference's.
        line: 1 − first chunk / tokens.
    """

    arm: str
    forced: bool
    tokens: float
    rounds: int
    cut: Span
    line: float


def length_figures(
    rows: Rows, reference: str, first_chunks: Mapping[str, int]
) -> list[LengthFigures]:
    """Return a figure an arm and length that the reference was timed at too, by arm and length.

    Args:
        rows: of latency stages.
        first_chunks: arm → tokens of its first chunk, for the arms that stream in chunks.
    """
    timed: dict[tuple[str, int | None], list[Mapping[str, Any]]] = {}
    for row in sorted(rows, key=lambda row: int(row["round"])):
        timed.setdefault((row["arm"], row["length"]), []).append(row)
    found = [
        _figure(arm, length, mine, timed[reference, length], first_chunks[arm])
        for (arm, length), mine in timed.items()
        if arm in first_chunks and len(timed.get((reference, length), ())) == len(mine) >= 2
    ]
    places = {arm: place for place, arm in enumerate(first_chunks)}
    return sorted(found, key=lambda one: (places[one.arm], one.tokens))


def _figure(arm: str, length: int | None, mine: Rows, base: Rows, first: int) -> LengthFigures:
    tokens = _drafted(base) if length is None else float(length)
    return LengthFigures(
        arm=arm,
        forced=length is not None,
        tokens=tokens,
        rounds=len(mine),
        cut=cut(mine, base),
        line=max(0.0, 1 - first / tokens),
    )


def _drafted(base: Rows) -> float:
    """Return the mean length of the reference's drafts, which were all written to their end."""
    return float(np.sum([row["drafted"] for row in base]) / np.sum([row["drafts"] for row in base]))
