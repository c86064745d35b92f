"""Which stored runs a paper's page rests on, and what is still to run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from llmx.claims.paper import Paper
from llmx.claims.reproduce.html import html
from llmx.claims.reproduce.markdown import markdown
from llmx.claims.reproduce.page import Estimate, Page, page
from llmx.claims.reproduce.shown import drawn, drift_sentence, run_tables
from llmx.claims.reproduce.stored import (
    CARD,
    PLOT,
    Stored,
    holds_results,
    keep,
    load_stored,
)
from llmx.core.errors import LlmxError, StoreError
from llmx.core.record import as_json
from llmx.core.spec import RunSpec
from llmx.graph.accesses import state_of
from llmx.graph.folder import RunFolder, list_runs
from llmx.graph.plan import plan
from llmx.report.figures.names import ACCURACY, PROBLEMS, WIN_RATE
from llmx.store.files import inside, write_json
from llmx.store.page import write_marked


@dataclass(frozen=True)
class PaperPage:
    """A page and the runs that it rests on."""

    page: Page
    stored: tuple[Stored, ...]
    notes: tuple[str, ...] = ()
    """Lines about newer runs that have not ended."""


def paper_page(
    paper: Paper,
    specs: Mapping[str, Mapping[str, RunSpec]],
    stored: Sequence[Stored],
    runs: Path,
) -> PaperPage:
    """Return the page of a paper.

    Args:
        specs: recipe -> scale -> what it resolves to; the scales that are offered where no run
            of the recipe is stored.
        stored: from :func:`stored_runs` or :func:`given_runs`.
        runs: for the plan: what is cached costs nothing.
    """
    there = {run.card.recipe for run in stored}
    missing = [
        _estimate(spec, scale, runs)
        for recipe, scales in specs.items()
        if recipe not in there
        for scale, spec in scales.items()
    ]
    tests = {name: _tests(next(iter(scales.values()))) for name, scales in specs.items()}
    return PaperPage(page(paper, stored, tests, missing), tuple(stored))


def stored_runs(runs: Path, recipes: Iterable[str]) -> list[Stored]:
    """Return the best finished run of each recipe: most answers, then newest."""
    found: dict[str, list[Stored]] = {name: [] for name in recipes}
    for folder in list_runs(runs):
        name = folder.name.rpartition("-")[0]
        if folder.finished and name in found and holds_results(folder.path):
            try:
                found[name].append(load_stored(folder.path))
            except LlmxError:
                continue  # a run of another version stays on disk, and is no evidence here
    return [max(same, key=_weight) for same in found.values() if same]


def unended(runs: Path, recipes: Iterable[str]) -> tuple[str, ...]:
    """Return a line for each recipe whose newest run has not ended, and so is not on the page."""
    newest: dict[str, RunFolder] = {}
    for folder in list_runs(runs):
        newest.setdefault(folder.name.rpartition("-")[0], folder)
    return tuple(
        f"the newest run of {name}, {newest[name].name}, is {state_of(newest[name])}; "
        "the page rests on finished ones"
        for name in recipes
        if name in newest and not newest[name].finished
    )


def given_runs(folders: Sequence[Path], recipes: Iterable[str]) -> list[Stored]:
    """Return the runs in folders that were named: runs, or folders of committed results.

    Raises:
        StoreError: if a folder holds no result, one of another paper, or a recipe comes twice.
    """
    known = list(recipes)
    found: dict[str, Stored] = {}
    for folder in folders:
        for place in _places(folder):
            run = load_stored(place)
            name = run.card.recipe
            if name not in known:
                raise StoreError(f"{place} is a run of {name}", f"name runs of {', '.join(known)}")
            if name in found:
                raise StoreError(f"two runs of {name} are named: {found[name].folder} and {place}")
            found[name] = run
    return [found[name] for name in known if name in found]


def write_page(made: PaperPage, out: Path, keep_results: bool = False) -> dict[str, Path]:
    """Write the page as HTML, Markdown and JSON; return the paths by what they are.

    Args:
        keep_results: also what the page rests on, a folder a recipe, for :func:`given_runs`.

    Raises:
        StoreError: if the folder cannot be written.
    """
    name = f"reproduce-{made.page.paper}"
    paths = {kind: inside(out, f"{name}.{kind}") for kind in ("html", "md", "json")}
    if keep_results:
        for run in made.stored:
            keep(run, inside(out, run.card.recipe))
    write_marked(paths["html"], html(made.page, made.stored))
    tables = {run.card.recipe: found for run in made.stored if (found := run_tables(run))}
    write_marked(paths["md"], markdown(made.page, _pictures(made, out), tables))
    write_json(paths["json"], as_json(made.page))
    return {"page": paths["html"], "markdown": paths["md"], "json": paths["json"]}


def _pictures(made: PaperPage, out: Path) -> list[tuple[str, str]]:
    """Return the pictures that lie beside the page."""
    named = [(run.results.title, f"{run.card.recipe}/{PLOT}") for run in made.stored]
    named += [
        (f"What a draft share costs. {drift_sentence(run)}", f"{run.card.recipe}/explore.svg")
        for run in made.stored
    ]
    named += [
        (f"{run.card.recipe}: {caption}", f"{run.card.recipe}/{name}")
        for run in made.stored
        for caption, name in drawn(run)
    ]
    return [(title, path) for title, path in named if inside(out, path).exists()]


def _places(folder: Path) -> list[Path]:
    if holds_results(folder):
        return [folder]
    held = sorted(path.parent for path in folder.glob(f"*/{CARD}"))
    if not held:
        hint = "name a run folder, or a folder that `--keep` has written"
        raise StoreError(f"{folder} holds no result", hint)
    return held


def _weight(run: Stored) -> tuple[int, str]:
    answers = {one.arm: one.n * one.seeds for one in run.figures.of(PROBLEMS)}
    answers |= {one.arm: one.n for one in run.figures.of(WIN_RATE)}
    for one in run.figures.of(ACCURACY):
        answers.setdefault(one.arm, one.n)
    return sum(answers.values()), run.card.written


def _tests(spec: RunSpec) -> tuple[str, ...]:
    return tuple(
        str(finding["id"])
        for stage in spec.stages
        if stage.kind == "verdicts"
        for finding in stage.options.get("findings", ())
    )


def _estimate(spec: RunSpec, scale: str, runs: Path) -> Estimate:
    planned = plan(spec, runs=runs)
    todo = [stage for stage in planned.stages if not stage.cached]
    refused = planned.refusal()
    return Estimate(
        recipe=spec.name,
        scale=scale,
        command=f"llmx run recipe={spec.name} scale={scale}",
        stages=len(planned.stages),
        seconds=planned.seconds,
        complete=all(stage.cost.seconds is not None for stage in todo),
        refusal=refused.message if refused else "",
    )
