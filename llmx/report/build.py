"""Put the results of a run together."""

from __future__ import annotations

from collections.abc import Mapping

from llmx.core.spec import ArmSpec
from llmx.report.figures.decoded import rows_of
from llmx.report.findings import findings, verdict_lines
from llmx.report.gather import Gathered
from llmx.report.measure import baseline_of, common, measure
from llmx.report.results import Results
from llmx.report.sweeps import best_points


def build(
    found: Gathered,
    arms: Mapping[str, ArmSpec],
    reference: str | None,
    title: str,
    references: Mapping[str, str] | None = None,
) -> Results:
    """Return the results of a run: figures in the order of `arms`, sentences computed from them.

    In a sweep every arm is compared with the reference and the baseline at its own point; the
    headings then name them without a point.
    """
    baseline = baseline_of(arms)
    figures = measure(found, arms, reference, baseline, references)
    reference, baseline = common(reference, arms), common(baseline, arms)
    sizes = {block.batch_size for block in found.blocks}
    calibrated = {
        name: [run.calibration for run in files.runs() if run.calibration is not None]
        for name, files in found.arms.items()
    }
    notes = {
        name: tuple(dict.fromkeys(one.note for one in known if one.note))
        for name, known in calibrated.items()
    }
    said = findings(figures, reference, baseline, notes)
    return Results(
        title=title,
        reference=reference,
        baseline=baseline,
        batch_size=sizes.pop() if len(sizes) == 1 else None,
        speed_rounds=len({block.round for block in found.blocks}),
        speed_engines="one at a time" if any(b.engines for b in found.blocks) else None,
        rows=tuple(rows_of(figures, reference, baseline, calibrated)),
        findings=(*said, *best_points(figures), *verdict_lines(found.verdicts)),
        figures=figures,
    )
