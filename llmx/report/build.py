"""Put the results of a run together."""

from __future__ import annotations

from collections.abc import Mapping

from llmx.core.spec import ArmSpec
from llmx.report.findings import findings
from llmx.report.gather import Gathered
from llmx.report.measure import baseline_of, measure
from llmx.report.results import Results


def build(
    found: Gathered, arms: Mapping[str, ArmSpec], reference: str | None, title: str
) -> Results:
    """Return the results of a run: rows in the order of `arms`, sentences computed from them."""
    baseline = baseline_of(arms)
    rows = measure(found, arms, reference, baseline)
    sizes = {block.batch_size for block in found.blocks}
    return Results(
        title=title,
        reference=reference,
        baseline=baseline,
        batch_size=sizes.pop() if len(sizes) == 1 else None,
        speed_rounds=len({block.round for block in found.blocks}),
        rows=rows,
        findings=findings(rows, reference, baseline),
    )
