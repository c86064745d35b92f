"""``llmx validate``: every scale and arm of a recipe, all errors at once."""

from __future__ import annotations

from pathlib import Path

from llmx.cli.console import say
from llmx.cli.options import Debug, Plugins, RecipeNames, Recipes
from llmx.core.errors import ConfigError


def validate(
    names: RecipeNames = None,
    recipes: Recipes = None,
    plugins: Plugins = None,
    debug: Debug = False,
) -> None:
    """Check recipes without running them: the file, every scale, every arm. All if none is named.

    \b
    Examples:
      llmx validate fsd_gsm8k
      llmx validate ./recipes/decode/mine.yaml
      llmx validate
    """
    from llmx.config.check import validate as check
    from llmx.config.compose import load
    from llmx.config.index import entries
    from llmx.config.problems import Problems
    from llmx.config.reaches import reaches
    from llmx.config.yaml_file import shown

    problems = Problems()
    for name in names or [shown(Path(entry.path)) for entry in entries(recipes or ())]:
        try:
            scales = check(name, recipes or ())
        except ConfigError as error:
            problems.take(error)
        else:
            say(f"ok: {name} ({', '.join(scales)})")
            recipe = load(name, recipes or ()).recipe
            for one in reaches(recipe):
                say(f"{shown(recipe.document.path)}:{one.line}: {one.text}")
    problems.raise_any()
