"""One row of the table per arm, measured from what the stages left behind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from llmx.core.record import Record, Score
from llmx.core.spec import ArmSpec
from llmx.report.gather import ArmFiles, Gathered
from llmx.report.results import Difference, Row, Span
from llmx.report.timing import Timing, as_span, rate, ratio, timing
from llmx.stats.paired import paired_difference
from llmx.stats.power import minimum_detectable_effect
from llmx.stats.proportion import paired_score_interval, wilson

MISS = 0.03 + 1e-9
"""A draft share further than this from what was asked is flagged: over three points."""

FEWEST_CLUSTERS = 20
"""Below this a bootstrap over clusters promises more than it keeps."""

_DRAFTING = ("speculative", "fuzzy", "random")


def measure(
    found: Gathered,
    arms: Mapping[str, ArmSpec],
    reference: str | None,
    baseline: str | None,
    references: Mapping[str, str] | None = None,
) -> tuple[Row, ...]:
    """Return the rows in the order of the arms.

    Args:
        references: arm → the arm it is compared with, where that is not the same for all.
    """
    clock = timing(found.blocks)
    own = {name: (references or {}).get(name, reference) for name in arms}
    return tuple(
        Row(
            arm=name,
            algorithm=_algorithm(spec),
            **_quality(found.arms[name]),
            **_lengths(found.arms[name], _algorithm(spec)),
            **_shares(found.arms[name], spec),
            **_speed(clock, name, own[name], at_point(baseline, name, arms)),
            difference=_compared(found, name, own[name]),
        )
        for name, spec in arms.items()
    )


def _compared(found: Gathered, name: str, reference: str | None) -> Difference | None:
    if name == reference:
        return None
    return _difference(found.arms[name], found.arms.get(reference or ""))


def at_point(arm: str | None, of: str, arms: Mapping[str, ArmSpec]) -> str | None:
    """Return `arm` at the sweep point of another one, or as it is.

    An arm that does not read a swept key has no value of it: ``target@temperature=0`` stands
    beside ``sd@gamma=3@temperature=0``.
    """
    root, point = (arm or "").partition("@")[0], set(of.split("@")[1:])
    fitting = (n for n in arms if n.partition("@")[0] == root and set(n.split("@")[1:]) <= point)
    return max(fitting, key=len, default=arm)


def baseline_of(arms: Mapping[str, ArmSpec]) -> str | None:
    """Return the arm that runs the target alone: `target`, or else the first of that algorithm."""
    alone = [name for name, spec in arms.items() if _algorithm(spec) == "target"]
    named = [name for name in alone if name.partition("@")[0] == "target"]
    return next(iter(named + alone), None)


def _algorithm(spec: ArmSpec) -> str | None:
    return spec.sampler.algorithm if spec.sampler else None


def _quality(files: ArmFiles) -> dict[str, Any]:
    scores = list(files.scores.values())
    n = len(scores)
    if not n:
        return {"problems": len(files.records)}
    return {
        "problems": n,
        "accuracy": as_span(wilson(sum(score.correct for score in scores), n)),
        "accuracy_flexible": sum(score.correct_flexible for score in scores) / n,
        "unparsed_share": sum(score.unparsed for score in scores) / n,
    }


def _lengths(files: ArmFiles, algorithm: str | None) -> dict[str, Any]:
    """Count from the scores, which carry the record's counts, or from the records alone."""
    outputs: Sequence[Score | Record] = list(files.scores.values()) or list(files.records.values())
    n = len(outputs)
    if not n:
        return {}
    rounds, tokens = sum(out.rounds for out in outputs), sum(_tokens(out) for out in outputs)
    accepted, drafts = sum(out.accepted for out in outputs), algorithm in _DRAFTING
    return {
        "target_rounds": rounds / n,
        "accepted_length": accepted / rounds if drafts and rounds else None,
        "draft_share": accepted / tokens if drafts and tokens else None,
        "output_tokens": tokens / n,
        "cut_share": sum(out.finish == "length" for out in outputs) / n,
    }


def _tokens(output: Score | Record) -> int:
    return output.tokens if isinstance(output, Score) else len(output.completion_ids)


def _shares(files: ArmFiles, spec: ArmSpec) -> dict[str, Any]:
    asked = files.calibration.asked_share if files.calibration else None
    if asked is None and spec.sampler is not None:
        asked = spec.sampler.draft_share
    achieved = _lengths(files, _algorithm(spec)).get("draft_share")
    missed = asked is not None and achieved is not None and abs(achieved - asked) > MISS
    return {"asked_share": asked, "calibration": files.calibration, "share_missed": missed}


def _speed(clock: Timing, arm: str, reference: str | None, baseline: str | None) -> dict[str, Any]:
    return {
        "tokens_per_second": rate(clock, arm, "tokens"),
        "problems_per_second": rate(clock, arm, "problems"),
        "speedup": ratio(clock, arm, baseline, "tokens"),
        "speedup_problems": ratio(clock, arm, baseline, "problems"),
        "speedup_reference": ratio(clock, arm, reference, "tokens"),
        "speedup_reference_problems": ratio(clock, arm, reference, "problems"),
    }


def _difference(files: ArmFiles, base: ArmFiles | None) -> Difference | None:
    """Compare on the ids that both arms have, in sorted order, so that seeds mean the same."""
    ids = sorted(files.scores.keys() & base.scores.keys()) if base else []
    if base is None or not ids:
        return None
    first = [float(files.scores[i].correct) for i in ids]
    second = [float(base.scores[i].correct) for i in ids]
    plain, labels = paired_difference(first, second), _labels(files, ids)
    n, discordant = len(ids), plain.better + plain.worse
    return Difference(
        problems=n,
        score=as_span(paired_score_interval(plain.better, plain.worse, n)),
        bootstrap=as_span(plain.difference),
        clustered=_clustered(first, second, labels),
        clusters=len(set(labels)),
        gained=plain.better,
        lost=plain.worse,
        p_value=plain.p_value,
        # Laplace's rule: an observed rate of 0 would promise that any difference is seen.
        detectable=minimum_detectable_effect(n, (discordant + 1) / (n + 2)),
    )


def _labels(files: ArmFiles, ids: Sequence[str]) -> list[str]:
    """Return the cluster of each problem; one without a cluster is one by itself."""
    return [files.scores[name].cluster or name for name in ids]


def _clustered(
    first: Sequence[float], second: Sequence[float], labels: Sequence[str]
) -> Span | None:
    if not FEWEST_CLUSTERS <= len(set(labels)) < len(labels):
        return None
    return as_span(paired_difference(first, second, labels).difference)
