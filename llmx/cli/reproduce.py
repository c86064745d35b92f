"""``llmx reproduce``: a paper's published figures beside what was measured here."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import llmx.api as api
from llmx.cli import complete
from llmx.cli.console import say, show
from llmx.cli.options import Debug, Plugins, Recipes, Runs


def reproduce(
    paper: Annotated[
        str, typer.Argument(metavar="PAPER", autocompletion=complete.papers, show_default=False)
    ],
    source: Annotated[
        list[Path] | None,
        typer.Option("--from", metavar="DIR", help="A run or committed results (repeatable)."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Where the page is written.")
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Write what the page rests on beside it, to commit.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the page as JSON.")] = False,
    recipes: Recipes = None,
    plugins: Plugins = None,
    runs: Runs = None,
    debug: Debug = False,
) -> None:
    """Show a paper's published figures and statements beside what the stored runs found.

    Takes the largest finished run of each of the paper's recipes. Where none is stored, it says
    what to type and what that takes.

    \b
    Examples:
      llmx reproduce fsd
      llmx reproduce fsd --from docs/results/2026-11-24-fsd
      llmx reproduce fsd --out results/fsd --keep
    """
    made = api.reproduce(paper, runs=runs, sources=source or (), recipes=recipes or ())
    for note in made.notes:
        say(note, err=True)
    written = api.write_page(made, runs, out, keep)
    if as_json:
        say(made.page.model_dump_json(indent=1))
        return
    from llmx.claims.reproduce.shown import run_tables
    from llmx.claims.reproduce.terminal import render

    tables = {run.card.recipe: found for run in made.stored if (found := run_tables(run))}
    show(render(made.page, tables))
    for label, path in written.items():
        show(f"{label:<10}{path}")
