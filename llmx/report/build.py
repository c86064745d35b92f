"""Put the results of a run together."""

from __future__ import annotations

from collections.abc import Mapping

from llmx.core.spec import ArmSpec
from llmx.report.findings import findings, verdict_line
from llmx.report.gather import Gathered
from llmx.report.measure import baseline_of, measure
from llmx.report.results import Results


def build(
    found: Gathered,
    arms: Mapping[str, ArmSpec],
    reference: str | None,
    title: str,
    references: Mapping[str, str] | None = None,
) -> Results:
    """Return the results of a run: rows in the order of `arms`, sentences computed from them.

    In a sweep every arm is compared with the reference and the baseline at its own point; the
    headings then name them without a point.
    """
    baseline = baseline_of(arms)
    rows = measure(found, arms, reference, baseline, references)
    reference, baseline = _common(reference, arms), _common(baseline, arms)
    sizes = {block.batch_size for block in found.blocks}
    return Results(
        title=title,
        reference=reference,
        baseline=baseline,
        batch_size=sizes.pop() if len(sizes) == 1 else None,
        speed_rounds=len({block.round for block in found.blocks}),
        speed_engines="one at a time" if any(b.engines for b in found.blocks) else None,
        rows=rows,
        findings=(*findings(rows, reference, baseline), *verdict_line(found.verdicts)),
    )


def _common(name: str | None, arms: Mapping[str, ArmSpec]) -> str | None:
    """Drop the sweep point from a name that stands for several arms."""
    if name is None:
        return None
    root = name.partition("@")[0]
    return root if sum(arm.partition("@")[0] == root for arm in arms) > 1 else name
