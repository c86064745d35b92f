"""Is a run large enough for a verdict? No word is given for or against anything from a handful.

A finding has a least number of problems of its own. From fewer than find even a difference of
:data:`LARGE` in four runs of five, nothing is said at all. A test of equivalence also needs an
interval that fits into its margin: where it would not although no answer differed, *not shown* says
nothing of the arms. A rehearsal (``scale=smoke``) gives no verdict, whatever its size.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import count
from math import ceil
from typing import TYPE_CHECKING, Any

from llmx.core.names import several
from llmx.core.record import ACCURACY, RIGHT, Metric
from llmx.report.verdict.decide import LEVEL
from llmx.report.verdict.model import Verdict, Word
from llmx.report.verdict.schema import EQUIVALENCE, MARGIN, POWER, comparisons_of
from llmx.stats.interval import two_sided_z
from llmx.stats.power import minimum_detectable_effect

if TYPE_CHECKING:
    from llmx.report.verdict.evidence import Evidence

LARGE = 0.4
"""40 points of accuracy: more than anybody would need a test for."""

SAYS_NOTHING: tuple[Word, ...] = ("not comparable", "withheld", "cannot be recomputed")


@lru_cache(maxsize=256)
def fewest(comparisons: int = 1) -> int:
    """Return the fewest problems on which a difference of :data:`LARGE` is found in four of five.

    Of arms that are half right and err independently, by McNemar's exact test.

    Args:
        comparisons: that share the level.
    """
    level = LEVEL / max(1, comparisons)
    return next(
        n
        for n in count(2)
        if minimum_detectable_effect(n, p=0.5, power=POWER, level=level) <= LARGE
    )


def fewest_within(margin: float) -> int:
    """Return the fewest problems whose 90 % interval fits into a margin, where no answer differs.

    Its half width is then z²/(n + z²) (Tango 1998).

    Args:
        margin: a share in (0, 1].
    """
    z = two_sided_z(1 - 2 * LEVEL)
    return max(1, ceil(z * z * (1 - margin) / margin))


def least(finding: Mapping[str, Any], metric: Metric = RIGHT, seeds: int = 1) -> tuple[int, int]:
    """Return the problems from which a finding says anything, and from which it says everything.

    Args:
        seeds: of an arm; with several, an interval narrows with them too, and may fit its margin.
    """
    some = fewest(comparisons_of(finding))
    counts_right = metric.boolean and metric.aggregate == "mean"
    if finding["test"] not in EQUIVALENCE or not counts_right or seeds > 1:
        return some, some
    return some, max(some, fewest_within(min(1.0, float(finding.get("margin") or MARGIN))))


def needed(findings: Iterable[Mapping[str, Any]], seeds: int = 1) -> int:
    """Return the most problems that any of several findings takes."""
    return max((least(one, seeds=seeds)[1] for one in findings), default=0)


def enough(verdict: Verdict, finding: Mapping[str, Any], e: Evidence) -> Verdict:
    """Return the verdict, *withheld* where the run is too small for it, or is a rehearsal.

    Figures stay. What counts arms or timed rounds alone needs no problems. On a handful every arm
    is near a floor or a ceiling, so that *not testable* says less than how many it takes.
    """
    if verdict.word in SAYS_NOTHING:
        return verdict
    metric = e.metric(str(finding.get("metric") or ACCURACY))
    some, every = least(finding, metric, verdict.seeds)
    if e.rehearsal:
        return _withheld(verdict, f"A run at scale=smoke is a rehearsal{_takes(every)}")
    if 0 < verdict.problems < (every if _undecided(verdict) else some):
        rests = f"It rests on {several(verdict.problems, 'problem')}"
        return _withheld(verdict, f"{rests}{_takes(every)}")
    return verdict


def _undecided(verdict: Verdict) -> bool:
    """Whether it could read so for want of problems alone; an interval may lie outside anywhere."""
    return verdict.word == "not shown here"


def _takes(problems: int) -> str:
    return f"; the test takes at least {several(problems, 'problem')}, so nothing is said."


def _withheld(verdict: Verdict, reason: str) -> Verdict:
    nothing = {"word": "withheld", "reason": reason, "p": None, "leans": None}
    return verdict.model_copy(update=nothing)
