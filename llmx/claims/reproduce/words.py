"""How the parts of the page are said, the same in every rendering."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from llmx.claims.paper import Claim
from llmx.claims.reproduce.claims import Published
from llmx.claims.reproduce.page import Estimate, Page, Source, Tested
from llmx.claims.reproduce.table import published_value
from llmx.core.names import several
from llmx.report.verdict.decide import said_over_all
from llmx.report.verdict.model import Verdict

GRADES = {
    "paper": "the paper itself",
    "code": "the research code",
    "secondary": "a report by others",
    "assumed": "assumed",
}


def said_figure(claim: Claim) -> str:
    """Return what was published: ``gain over SD, tokens/s: > 5 tokens/s``."""
    metric = claim.metric or "figures"
    return metric if claim.value is None else f"{metric}: {published_value(claim)} {claim.unit}"


@dataclass(frozen=True)
class Reason:
    """Why figures are compared as they are: one of them, or all of a table with nothing of ours."""

    figure: str
    where: str
    claim: Claim
    word: str
    reason: str


def reasons(claims: Sequence[Published]) -> Iterator[Reason]:
    """Yield why each figure is compared as it is; those that no recipe measures come together."""
    read = enumerate(one for one in claims if one.claim.value is not None)
    for _, group in groupby(read, key=_together):
        found = [one for _, one in group]
        yield _reason(found[0], len(found))


def _together(placed: tuple[int, Published]) -> tuple[object, ...]:
    place, one = placed
    claim = one.claim
    kind = (claim.table, claim.source, claim.evidence, one.word, one.reason)
    return kind if claim.ours is None else (place, *kind)


def _reason(one: Published, count: int) -> Reason:
    claim = one.claim
    figure = said_figure(claim) if count == 1 else several(count, "figure")
    where = f"{claim.table}: {claim.setting}" if count == 1 else claim.table
    return Reason(figure, where, claim, one.word, one.reason)


def said_source(source: Source) -> str:
    """Return one line on a stored run."""
    seeds = "one seed" if source.seeds == 1 else f"{source.seeds} seeds"
    card = source.card
    basis = f"{several(source.problems, 'problem')}, {seeds}, " if source.problems else ""
    return f"{card.recipe}, scale={card.scale}: {basis}{card.date}, {card.machine} (run {card.run})"


def said_grade(tested: Tested) -> str:
    """Return where a statement comes from."""
    if tested.grade is None:
        return tested.where
    return f"{tested.where}; source: {GRADES[tested.grade]}"


def said_stands(verdict: Verdict) -> str:
    """Say whether a decisive word stands over all findings of the page; else nothing."""
    return said_over_all(verdict.word, verdict.p_all, verdict.tested)


def said_missing(tested: Tested) -> str:
    """Return what would test a statement that no stored run has tested."""
    if not tested.tested_by:
        return "No recipe tests it" + (f": it needs {tested.needs}." if tested.needs else ".")
    return f"Not run here; tested by {', '.join(tested.tested_by)}."


def said_time(seconds: float) -> str:
    """Return a duration in the unit that a person would take."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def said_estimate(estimate: Estimate) -> str:
    """Return what a run would take, or why it cannot be run."""
    if estimate.refusal:
        return f"cannot be run: {estimate.refusal}"
    if not estimate.complete:
        return f"{several(estimate.stages, 'stage')}, time unknown until the models are here"
    seconds = said_time(estimate.seconds)
    return f"{several(estimate.stages, 'stage')}, about {seconds} on this machine"


def deviations(page: Page) -> dict[str, tuple[str, ...]]:
    """Return how our runs differ from the paper, by deviation: the recipes that it holds for."""
    found: dict[str, list[str]] = {}
    for source in page.sources:
        for text in source.card.deviations:
            found.setdefault(text, []).append(source.card.recipe)
    return {text: tuple(recipes) for text, recipes in found.items()}
