"""Write all forms of a report into one folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from markupsafe import Markup

from llmx.core.figure import joined
from llmx.core.record import as_json
from llmx.core.spec import ArmSpec
from llmx.report import brought
from llmx.report.base import render
from llmx.report.families import Look, looks
from llmx.report.figures.by_arm import arms_of, references_of
from llmx.report.figures.read import write_figures
from llmx.report.gather import Gathered
from llmx.report.markdown import More, markdown, timing_note
from llmx.report.picture import caption, picture
from llmx.report.plot import drawn_mark
from llmx.report.results import Results
from llmx.report.samples import SharedProblem, side_by_side
from llmx.report.svg import element
from llmx.report.tables import tables
from llmx.store.files import write_json
from llmx.store.page import write_marked


def write(
    out: Path,
    results: Results,
    found: Gathered,
    arms: Mapping[str, ArmSpec],
    pictures: Sequence[str] = (),
) -> None:
    """Write results and figures as JSON, report.md, report.html, plot.svg and other pictures.

    Times and hosts are in none of them.

    Args:
        pictures: those that rooms bring, by name; drawn where the figures fill them.

    Raises:
        StoreError: if the folder cannot be written.
        RunError: for a picture that cannot be drawn.
    """
    settings = configuration(arms, results.reference)
    write_json(out / "results.json", as_json(results))
    figures = results.figures
    write_figures(out, figures)
    more = More(found.others, brought.drawn(joined([figures, found.figures]), pictures))
    write_marked(out / "report.md", markdown(results, more))
    write_marked(out / "report.html", html(results, settings, side_by_side(found), more))
    write_marked(out / "plot.svg", picture(figures) + "\n")
    for one in more.pictures:
        write_marked(out / one.file, one.svg)


def configuration(arms: Mapping[str, ArmSpec], reference: str | None) -> str:
    """Return YAML: what all arms have in common once, and of each arm only what differs."""
    settings = {name: _settings(spec) for name, spec in arms.items()}
    shared = _shared(list(settings.values()))
    own = {name: _without(values, shared) for name, values in settings.items()}
    document = {"reference": reference, "all_arms": shared, "arms": own}
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)


def _settings(spec: ArmSpec) -> dict[str, Any]:
    """Return the settings of an arm as a recipe writes them: sections of plugins beside others."""
    written = as_json(spec)
    sections = written.pop("more", {})
    return {**written, **sections}


def _shared(settings: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the keys that have one value everywhere; mappings are compared key by key."""
    first, *rest = settings
    found: dict[str, Any] = {}
    for key, value in first.items():
        others = [other.get(key) for other in rest]
        if all(other == value for other in others):
            found[key] = value
        elif all(isinstance(one, dict) for one in [value, *others]):
            found[key] = _shared([value, *(dict(other or {}) for other in others)])
    return {key: value for key, value in found.items() if value != {}}


def _without(values: Mapping[str, Any], shared: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in values.items():
        if key not in shared:
            found[key] = value
        elif value != shared[key]:
            found[key] = _without(value, shared[key])
    return found


def html(
    results: Results,
    settings: str,
    samples: Sequence[SharedProblem],
    more: More | None = None,
) -> str:
    """Return the page; the same arguments give the same bytes.

    Args:
        results: what was measured, and what is said of it.
        settings: the resolved configuration as YAML.
        samples: problems to show side by side.
        more: figures and pictures of plugins.
    """
    figures = results.figures
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
        pictures=more.pictures if more else (),
        others=more.table if more else None,
    )


def _key(look: Look) -> Markup:
    """Return the marker of an arm as in the plot, to stand beside its name."""
    drawn = drawn_mark(look, 8, 8, 5)
    return Markup(element("svg", drawn, viewBox="0 0 16 16", class_="key", aria_hidden="true"))
