"""``llmx report``: the table and the paths of a run that is there already."""

from __future__ import annotations

from typing import Annotated

import typer

import llmx.api as api
from llmx.cli import complete
from llmx.cli.console import say
from llmx.cli.options import Debug, Plugins, Runs


def report(
    run: Annotated[
        str,
        typer.Argument(
            metavar="[RUN]",
            autocompletion=complete.reported,
            help="Name or folder of a run; the newest if none.",
        ),
    ] = "",
    runs: Runs = None,
    plugins: Plugins = None,
    debug: Debug = False,
) -> None:
    """Print the table of a run again, and where its report lies; of several of the newest.

    A run that has not ended has none: the newest finished one is shown then, with a line about it.

    \b
    Examples:
      llmx report
      llmx report fsd_gsm8k-1a2b3c
    """
    from llmx.cli.result import show_result

    found = api.load_run(run, runs)
    for note in found.notes:
        say(note, err=True)
    show_result(found)
