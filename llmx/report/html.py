"""The report as one HTML file that fetches nothing: style, picture and samples are inside."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from llmx.report.base import render
from llmx.report.families import Look, looks
from llmx.report.figures.decoded import of_results
from llmx.report.markdown import timing_note
from llmx.report.picture import arms_of, caption, picture, references_of
from llmx.report.plot import drawn_mark
from llmx.report.results import Results
from llmx.report.samples import Shown
from llmx.report.svg import element
from llmx.report.tables import tables


def html(results: Results, settings: str, samples: Sequence[Shown]) -> str:
    """Return the page; the same arguments give the same bytes.

    Args:
        results: the measured rows.
        settings: the resolved configuration as YAML.
        samples: problems to show side by side.
    """
    figures = of_results(results)
    look = looks(arms_of(figures), references_of(figures))
    return render(
        "report",
        results=results,
        tables=tables(results),
        wide=Markup(picture(figures, name="wide")),
        narrow=Markup(picture(figures, 380, 420, name="narrow")),
        caption=caption(figures),
        note=timing_note(results),
        settings=settings,
        samples=samples,
        keys={arm: _key(one) for arm, one in look.items()},
    )


def _key(look: Look) -> Markup:
    """Return the marker of an arm as in the plot, to stand beside its name."""
    drawn = drawn_mark(look, 8, 8, 5)
    return Markup(element("svg", drawn, viewBox="0 0 16 16", class_="key", aria_hidden="true"))
