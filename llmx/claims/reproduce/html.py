"""The page of a paper as one HTML file that fetches nothing."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from llmx.claims.reproduce import words
from llmx.claims.reproduce.page import Page
from llmx.claims.reproduce.shown import (
    address,
    drawn,
    drift_sentence,
    picture_address,
    run_tables,
    training_note,
)
from llmx.claims.reproduce.stored import Stored
from llmx.claims.reproduce.summary import differently, summary
from llmx.claims.reproduce.table import figure_tables, unread
from llmx.report.base import render
from llmx.report.figures.names import TOKEN_RATE
from llmx.report.numbers import p_value
from llmx.report.plot import picture
from llmx.report.svg import element
from llmx.report.verdict.markdown import basis, value

_LOOKS = {
    **dict.fromkeys(("reproduced", "shown here", "same direction"), "good"),
    **dict.fromkeys(("not reproduced", "contradicted here", "other direction"), "bad"),
    **dict.fromkeys(("exploratory", "indicative", "not testable here", "withheld"), "warn"),
    **dict.fromkeys(("within noise", "inconclusive"), "warn"),
}


def html(page: Page, stored: Sequence[Stored]) -> str:
    """Return the page with the picture of every run."""
    return render(
        "paper",
        page=page,
        words=words,
        summary=summary(page),
        differently=differently,
        figures=figure_tables(page.claims),
        unread=unread(page.claims),
        pictures=[_picture(run) for run in stored if _timed(run)],
        runs=[_run(run) for run in stored if drawn(run) or run_tables(run)],
        deviations=words.deviations(page),
        badge=_badge,
        basis=basis,
        value=value,
        p_value=p_value,
    )


def _timed(run: Stored) -> bool:
    """Whether there is accuracy against speed to show."""
    return any(one.against is None for one in run.figures.of(TOKEN_RATE))


def _run(run: Stored) -> dict[str, object]:
    return {
        "name": run.card.recipe,
        "tables": run_tables(run),
        "note": training_note(run),
        "drawn": [(caption, address(run, name)) for caption, name in drawn(run)],
    }


def _badge(word: str) -> Markup:
    return Markup(element("span", word, class_=f"badge {_LOOKS.get(word, 'soft')}"))


def _picture(run: Stored) -> dict[str, Markup | str]:
    name = run.card.recipe
    return {
        "wide": Markup(picture(run.figures, name=f"{name}-wide")),
        "narrow": Markup(picture(run.figures, 380, 420, name=f"{name}-narrow")),
        "caption": f"{run.results.title}: accuracy against speed.",
        "explored": picture_address(run),
        "drift": drift_sentence(run),
    }
