"""The ``llmx`` command: its verbs, in the order in which a newcomer meets them."""

from __future__ import annotations

from typing import Annotated

import typer

from llmx.cli import (
    compare,
    describe,
    doctor,
    list_recipes,
    parity,
    report,
    reproduce,
    run,
    runs,
    serve,
    trust,
    validate,
)
from llmx.cli.console import say
from llmx.cli.guard import GuardedGroup

app = typer.Typer(
    name="llmx",
    cls=GuardedGroup,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)

app.command("run")(run.run)
app.command("list")(list_recipes.list_recipes)
app.command("describe")(describe.describe)
app.command("validate")(validate.validate)
app.add_typer(runs.app, name="runs")
app.command("report")(report.report)
app.command("compare")(compare.compare)
app.command("reproduce")(reproduce.reproduce)
app.command("parity")(parity.parity)
app.command("serve")(serve.serve)
app.command("trust")(trust.trust)
app.command("doctor")(doctor.doctor)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import PackageNotFoundError, version

        try:
            number = version("llmx-lab")
        except PackageNotFoundError:
            number = "(not installed: run from a checkout)"
        say(f"llmx {number}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Run a paper's experiment from one YAML file.

    \b
    Examples:
      llmx list
      llmx run recipe=fsd_gsm8k
      llmx run recipe=fsd_gsm8k scale=smoke sampler.gamma=3,5 --dry-run
    """
