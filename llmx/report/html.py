"""The report as one HTML file that fetches nothing: style, picture and samples are inside."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib.resources import files

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup, escape

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
    source, figures = files("llmx.report"), of_results(results)
    look = looks(arms_of(figures), references_of(figures))
    page = environment().from_string(source.joinpath("page.html.jinja").read_text("utf-8"))
    return page.render(
        results=results,
        tables=tables(results),
        style=Markup(source.joinpath("page.css").read_text("utf-8")),
        wide=Markup(picture(figures, name="wide")),
        narrow=Markup(picture(figures, 380, 420, name="narrow")),
        caption=caption(figures),
        note=timing_note(results),
        settings=settings,
        samples=samples,
        keys={arm: _key(one) for arm, one in look.items()},
    )


def environment() -> Environment:
    """Return the templates' environment: everything is escaped, a missing value is an error."""
    made = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    made.filters["names"] = names
    return made


def names(text: str) -> Markup:
    """Turn `name` into code, escaping everything."""
    return Markup(re.sub(r"`([^`]*)`", r"<code>\1</code>", str(escape(text))))


def _key(look: Look) -> Markup:
    """Return the marker of an arm as in the plot, to stand beside its name."""
    drawn = drawn_mark(look, 8, 8, 5)
    return Markup(element("svg", drawn, viewBox="0 0 16 16", class_="key", aria_hidden="true"))
