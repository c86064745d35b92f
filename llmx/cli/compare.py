"""``llmx compare``: two arms sample by sample, with intervals, and what flipped."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import llmx.api as api
from llmx.cli import complete
from llmx.cli.console import say, show
from llmx.cli.options import Debug, Plugins, Runs

Name = Annotated[
    str, typer.Argument(metavar="RUN:ARM", autocompletion=complete.runs, show_default=False)
]


def compare(
    first: Name,
    second: Name,
    flips: Annotated[
        int, typer.Option("--flips", min=0, metavar="N", help="Samples to show each way.")
    ] = 10,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Write compare.html, .md and .json, every flip."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the document as JSON.")] = False,
    runs: Runs = None,
    plugins: Plugins = None,
    debug: Debug = False,
) -> None:
    """Compare two arms on the problems that both have answered: B against A.

    RUN is a run's folder or the beginning of its name, ARM an arm with all its seeds, or one of
    them (sd@seed=1). RUN alone means every arm that both runs have; :ARM means the newest run.

    \b
    Examples:
      llmx compare :sd :fsd_h_mid
      llmx compare fsd_gsm8k-1a2b3c:sd fsd_gsm8k-4d5e6f:sd --out sd-compared
      llmx compare fsd_gsm8k-1a2b3c fsd_gsm8k-4d5e6f --flips 0
    """
    found = api.compare(first, second, runs=runs)
    for note in found.notes:
        say(note, err=True)
    if as_json:
        say(found.model_dump_json(indent=1))
    else:
        from llmx.claims.compare.terminal import render

        show(render(found, flips))
    if out is not None:
        from llmx.claims.compare.write import write

        written = write(found, out)
        if not as_json:
            show(*(f"{label:<10}{path}" for label, path in written.items()))
