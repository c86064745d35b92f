"""``llmx runs``: what lies in the run folder, and how to get the space back."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from llmx.cli import api
from llmx.cli.console import show, size, table
from llmx.cli.options import Debug, Runs
from llmx.core.errors import StoreError

if TYPE_CHECKING:
    from llmx.run.api import RunFolder

app = typer.Typer(
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


@app.callback()
def runs(context: typer.Context, runs: Runs = None, debug: Debug = False) -> None:
    """List the runs with their size; `rm` deletes one, `gc` what no run uses.

    \b
    Examples:
      llmx runs
      llmx runs rm fsd_gsm8k-1a2b3c
      llmx runs gc
    """
    if context.invoked_subcommand is not None:
        context.obj = runs
        return
    found = api.list_runs(runs)
    rows = [(r.name, _state(r), _changed(r), size(r.size()), _settings(r)) for r in found]
    columns = ("run", "state", "changed", "size", "settings")
    show(table(columns, rows, right=("size",)) if rows else "no runs yet")


def _state(run: RunFolder) -> str:
    return "finished" if run.finished else "unfinished"


def _settings(run: RunFolder) -> str:
    """Return what tells runs of one recipe apart; empty for a folder of another version."""
    try:
        spec = run.spec()
    except StoreError:
        return ""
    scale = [] if any(word.startswith("scale=") for word in spec.overrides) else [spec.scale]
    return " ".join([*scale, *spec.overrides])


def _changed(run: RunFolder) -> str:
    return datetime.fromtimestamp(run.path.stat().st_mtime).strftime("%Y-%m-%d %H:%M")


@app.command()
def rm(
    context: typer.Context,
    names: Annotated[list[str], typer.Argument(metavar="RUN...", show_default=False)],
    runs: Runs = None,
    debug: Debug = False,
) -> None:
    """Delete runs. Stage outputs that other runs share stay; `gc` deletes the rest.

    \b
    Examples:
      llmx runs rm fsd_gsm8k-1a2b3c
    """
    for name in names:
        api.remove_run(name, runs or context.obj)
        show(f"deleted {name}; `llmx runs gc` frees what no other run uses")


@app.command()
def gc(context: typer.Context, runs: Runs = None, debug: Debug = False) -> None:
    """Delete the stage outputs that no run uses any more.

    \b
    Examples:
      llmx runs gc
    """
    count, freed = api.collect_garbage(runs or context.obj)
    show(f"deleted {count} stage outputs, {size(freed)}")
