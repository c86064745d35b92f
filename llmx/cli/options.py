"""Options that several verbs share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from llmx.cli import complete
from llmx.core import plugins

Recipes = Annotated[
    list[Path] | None,
    typer.Option("--recipes", metavar="DIR", help="Folder with recipes of your own (repeatable)."),
]


Plugins = Annotated[
    list[Path] | None,
    typer.Option(
        "--plugin",
        metavar="DIR",
        callback=plugins.use,
        help="Folder with kinds, recipes and code of your own (repeatable) [$LLMX_PLUGINS].",
    ),
]
Runs = Annotated[
    Path | None,
    typer.Option("--runs", metavar="DIR", help="Folder of the runs [$LLMX_RUNS or ./runs]."),
]
TrustCode = Annotated[
    bool,
    typer.Option("--trust-remote-code", help="Run the code that a model's folder brings: read it."),
]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
RecipeNames = Annotated[
    list[str] | None,
    typer.Argument(metavar="[RECIPE]...", autocompletion=complete.recipes, show_default=False),
]
RecipeName = Annotated[
    str, typer.Argument(metavar="RECIPE", autocompletion=complete.recipes, show_default=False)
]
