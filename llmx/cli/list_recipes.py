"""``llmx list``: every recipe, from the index alone; models, data, scorers and so on by name."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from llmx.cli import complete
from llmx.cli.console import say, show, spoken, table
from llmx.cli.options import Debug, Plugins, Recipes
from llmx.config import index
from llmx.config.estimates import estimate_of
from llmx.core.errors import ConfigError, nearest


def list_recipes(
    what: Annotated[
        str,
        typer.Argument(
            metavar="[WHAT]",
            autocompletion=complete.sorts,
            show_default=False,
            help="models, data, scorers, samplers, stages or papers; default: recipes.",
        ),
    ] = "recipes",
    as_json: Annotated[bool, typer.Option("--json", help="Print the list as JSON.")] = False,
    recipes: Recipes = None,
    plugins: Plugins = None,
    debug: Debug = False,
) -> None:
    """List the recipes, or what they can name: those that come with llmx, and your own.

    Your own lie in ./recipes, in the folders of $LLMX_RECIPES, where --recipes points, or in a
    plugin. "laptop" is how long a recipe takes at its usual scale in one process of a machine
    that was not measured (llmx run recipe=NAME --dry-run plans it for yours).

    \b
    Examples:
      llmx list
      llmx list scorers
      llmx list models --json
      llmx list --recipes ./my-recipes
    """
    if what != "recipes":
        _sort(what, recipes or (), as_json)
        return
    entries = index.entries(recipes or ())
    good = [entry for entry in entries if not entry.error]
    if as_json:
        say(json.dumps([_facts(entry) for entry in entries], indent=1, ensure_ascii=False))
    else:
        columns = ("recipe", "group", "paper", "arms", "laptop", "needs", "what it does")
        show(table(columns, [_row(entry) for entry in good], right=("arms", "laptop")))
        _outside([entry for entry in good if entry.outside])
    for entry in entries:
        for line in entry.error.splitlines():
            say(f"broken: {line}", err=True)


def _row(entry: index.RecipeEntry) -> tuple[str, ...]:
    known = estimate_of(entry)
    time = "not known" if known.seconds is None else spoken(known.seconds)
    arms = str(len(entry.arms))
    return (entry.name, entry.group, entry.paper, arms, time, known.needs, entry.description)


def _facts(entry: index.RecipeEntry) -> dict[str, Any]:
    """Return what scripts may want of a recipe; what is not known is null."""
    known = estimate_of(entry)
    names = ("name", "group", "paper", "description", "arms", "scales", "path", "error")
    facts = {name: getattr(entry, name) for name in names}
    return {**facts, "laptop_seconds": known.seconds, "needs": known.needs or None}


def _sort(what: str, recipes: Sequence[Path], as_json: bool) -> None:
    """Show the list of another sort.

    Raises:
        ConfigError: if there is no such sort.
    """
    from llmx.config.listing import SORTS, listing

    if what not in SORTS:
        raise ConfigError(f"there is no list of '{what}'", nearest(what, ["recipes", *SORTS]))
    rows = listing(what, recipes)
    if as_json:
        say(json.dumps(rows, indent=1, ensure_ascii=False))
    else:
        columns = tuple(rows[0]) if rows else ("name",)
        show(table(columns, [tuple(row.values()) for row in rows]))


def _outside(entries: Sequence[index.RecipeEntry]) -> None:
    """Show what files say of programs, hosts and keys."""
    for entry in entries:
        from llmx.config.yaml_file import shown  # not needed where all recipes are harmless

        for line in entry.outside:
            show(f"{shown(Path(entry.path))}:{line}")
