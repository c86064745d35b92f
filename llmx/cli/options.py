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
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Show the plan: stages, what is cached, the cost.")
]
Limit = Annotated[
    int | None, typer.Option("--limit", min=1, metavar="N", help="At most N problems.")
]
Workers = Annotated[
    int | None,
    typer.Option("--workers", min=1, metavar="N", help="Processes; default: one a core, to 4."),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar.")]
AskAgain = Annotated[
    bool, typer.Option("--ask-again", help="Ask a judge again where he gave no readable verdict.")
]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
RecipeNames = Annotated[
    list[str] | None,
    typer.Argument(metavar="[RECIPE]...", autocompletion=complete.recipes, show_default=False),
]
RecipeName = Annotated[
    str, typer.Argument(metavar="RECIPE", autocompletion=complete.recipes, show_default=False)
]
