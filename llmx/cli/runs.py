"""``llmx runs``: what lies in the run folder, and how to get the space back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

import llmx.api as api
from llmx.cli import complete
from llmx.cli.console import show, size, table
from llmx.cli.options import Debug, Runs
from llmx.core.errors import StoreError
from llmx.core.secrets import without_secrets

if TYPE_CHECKING:
    from llmx.graph.folder import RunFolder
    from llmx.runs.check import Checked

app = typer.Typer(
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


@app.callback()
def runs(context: typer.Context, runs: Runs = None, debug: Debug = False) -> None:
    """List the runs; `rm` deletes one, `gc` what no run uses, `check` reads all of it again.

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
    states = {run.name: api.state_of(run) for run in found}
    rows = [(r.name, f"{states[r.name]}", _changed(r), size(r.size()), _settings(r)) for r in found]
    columns = ("run", "state", "changed", "size", "settings")
    if not rows:
        show("no runs yet")
        return
    show(table(columns, rows, right=("size",), whole=("run",)))
    show(*(f"{name} failed: {one.reason}" for name, one in states.items() if one.reason))


def _settings(run: RunFolder) -> str:
    """Return what tells runs of one recipe apart; empty for a folder of another version."""
    try:
        spec = run.spec()
    except StoreError:
        return ""
    scale = [] if any(word.startswith("scale=") for word in spec.overrides) else [spec.scale]
    return " ".join([*scale, *without_secrets(spec.overrides)])  # of older versions


def _changed(run: RunFolder) -> str:
    return datetime.fromtimestamp(run.path.stat().st_mtime).strftime("%Y-%m-%d %H:%M")


@app.command()
def rm(
    context: typer.Context,
    names: Annotated[
        list[str],
        typer.Argument(metavar="RUN...", autocompletion=complete.run_names, show_default=False),
    ],
    runs: Runs = None,
    debug: Debug = False,
) -> None:
    """Delete runs. Stage outputs that other runs share stay; `gc` deletes the rest.

    A run that is going on is refused. Of a run folder that is a link the link alone goes.

    \b
    Examples:
      llmx runs rm fsd_gsm8k-1a2b3c
    """
    for name in names:
        target = api.remove_run(name, runs or context.obj)
        if target is None:
            show(f"deleted {name}; `llmx runs gc` frees what no other run uses")
        else:
            show(f"deleted the link {name}; {target} stays as it is")


@app.command()
def gc(context: typer.Context, runs: Runs = None, debug: Debug = False) -> None:
    """Delete the stage outputs that no run uses any more, and the damaged ones set aside.

    Nothing is deleted while a run is going on.

    \b
    Examples:
      llmx runs gc
    """
    count, freed = api.collect_garbage(runs or context.obj)
    show(f"deleted {count} stage outputs, {size(freed)}")


@app.command()
def check(
    context: typer.Context,
    run: Annotated[
        str | None,
        typer.Argument(metavar="[RUN]", autocompletion=complete.run_names, show_default=False),
    ] = None,
    repair: Annotated[
        bool, typer.Option("--repair", help="Move aside what is damaged, and what rests on it.")
    ] = False,
    runs: Runs = None,
    debug: Debug = False,
) -> None:
    """Read every file again and compare its hash; of one run, or of all that lies there.

    \b
    Examples:
      llmx runs check
      llmx runs check fsd_gsm8k-1a2b3c --repair
    """
    found, moved = api.check_runs(run, runs or context.obj, repair)
    show(*_damages(found), *(f"moved to {place}" for _, place in moved))
    show(f"read {found.outputs} stage outputs")
    if not found.clean and not repair:
        raise StoreError(*_verdict(found))
    if not found.clean:
        show(_again(found))


def _damages(found: Checked) -> Iterator[str]:
    """Yield a line for each thing that is wrong."""
    for one in found.damages:
        name = "/".join(one.entry.owner)
        yield from (f"{name}: {trouble}" for trouble in one.troubles)
        yield from (f"  {'/'.join(other.owner)} rests on it" for other in one.rests)
    for run, lines in found.linked.items():
        yield from (f"{run}: {line}" for line in lines)


def _verdict(found: Checked) -> tuple[str, str]:
    """Return what to say at the end, and what to do."""
    files = sum(map(len, found.linked.values()))
    what = f"damaged: {len(found.damages)} stage outputs, {files} files of run folders"
    first = "`llmx runs check --repair` moves outputs aside; then " if found.damages else ""
    return what, first + _again(found)


def _again(found: Checked) -> str:
    """Say what makes again what is damaged."""
    hit = sorted({*found.runs, *found.linked})
    return f"run again what made {', '.join(hit)}" if hit else "no run uses them"
