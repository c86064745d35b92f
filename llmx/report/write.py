"""Write all forms of a report into one folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from llmx.core.record import as_json
from llmx.core.spec import ArmSpec
from llmx.report.configuration import configuration
from llmx.report.figures.decoded import of_results
from llmx.report.figures.read import write_figures
from llmx.report.gather import Gathered
from llmx.report.html import html
from llmx.report.markdown import markdown
from llmx.report.picture import picture
from llmx.report.results import Results
from llmx.report.samples import side_by_side
from llmx.store.files import write_json
from llmx.store.page import write_marked


def write(out: Path, results: Results, found: Gathered, arms: Mapping[str, ArmSpec]) -> None:
    """Write results and figures as JSON, report.md, report.html and plot.svg.

    Times and hosts are in none of them.

    Raises:
        StoreError: if the folder cannot be written.
    """
    settings = configuration(arms, results.reference)
    write_json(out / "results.json", as_json(results))
    figures = of_results(results)
    write_figures(out, figures)
    write_marked(out / "report.md", markdown(results))
    write_marked(out / "report.html", html(results, settings, side_by_side(found)))
    write_marked(out / "plot.svg", picture(figures) + "\n")
