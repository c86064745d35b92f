"""``llmx list``: every recipe, from the index alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from llmx.cli.console import say, show, table
from llmx.cli.options import Debug, Plugins, Recipes
from llmx.config import index


def list_recipes(recipes: Recipes = None, plugins: Plugins = None, debug: Debug = False) -> None:
    """List the recipes: those that come with llmx, and your own.

    Your own lie in ./recipes, in the folders of $LLMX_RECIPES, where --recipes points, or in a
    plugin.

    \b
    Examples:
      llmx list
      llmx list --recipes ./my-recipes
    """
    entries = index.entries(recipes or ())
    good = [entry for entry in entries if not entry.error]
    rows = [(e.name, e.group, e.paper, str(len(e.arms)), e.description) for e in good]
    show(table(("recipe", "group", "paper", "arms", "what it does"), rows, right=("arms",)))
    _outside([entry for entry in good if entry.outside])
    for entry in entries:
        for line in entry.error.splitlines():
            say(f"broken: {line}", err=True)


def _outside(entries: Sequence[index.RecipeEntry]) -> None:
    """Show what files say of programs, hosts and keys."""
    for entry in entries:
        from llmx.config.yaml_file import shown  # not needed where all recipes are harmless

        for line in entry.outside:
            show(f"{shown(Path(entry.path))}:{line}")
