"""``llmx batches``: which rows share a batch, which of them should not, and a file of them all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

import llmx.api as api
from llmx.cli import complete
from llmx.cli.console import say, show, table
from llmx.cli.options import Debug, Plugins, Runs

if TYPE_CHECKING:
    from llmx.runs.batches import Meeting, StoredBatches

_LONG = 300  # letters of a text that is shown
_ROWS = 20

RunName = Annotated[
    str, typer.Argument(metavar="RUN:ARM", autocompletion=complete.runs, show_default=False)
]


def batches(
    run: RunName,
    row: Annotated[
        str | None, typer.Option("--row", metavar="ID", help="Who shares this row's batch.")
    ] = None,
    worst: Annotated[
        Literal["leak", "equal"] | None,
        typer.Option("--worst", help="Likely false negatives: of first ranks, of equal targets."),
    ] = None,
    number: Annotated[
        int, typer.Option("--show", min=1, metavar="N", help="So many of them.")
    ] = _ROWS,
    export: Annotated[
        Path | None,
        typer.Option(
            "--export", metavar="DIR", help="Write rows in batch order, and how to train."
        ),
    ] = None,
    stage: Annotated[
        str | None, typer.Option("--stage", metavar="NAME", help="Of several stages `batches`.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the rows as JSON.")] = False,
    runs: Runs = None,
    plugins: Plugins = None,
    debug: Debug = False,
) -> None:
    """Show which rows share a batch in the plan of an arm, and how near they are.

    RUN is a run's folder or the beginning of its name; :ARM means the newest run. Ranks count from
    0: how many targets are nearer to the query than the one that it meets.

    \b
    Examples:
      llmx batches :b3 --row reverse-n292
      llmx batches :b3 --worst leak --show 5
      llmx batches b3_pairs-1a2b3c:b3 --export my-batches
    """
    found = api.batches(run, stage=stage, runs=runs)
    if export is not None:
        show(*(f"{name:<6}{path}" for name, path in api.export_batches(found, export).items()))
    if row is not None:
        _show_row(found, row, number, as_json)
    if worst is not None:
        _show_worst(found, found.worst(worst, number), as_json)
    if row is None and worst is None and export is None:
        show(*_about(found))


def _about(found: StoredBatches) -> Iterator[str]:
    count, size = found.batches.shape
    yield f"{found.run}, arm {found.arm}: {len(found.pairs)} rows, {count} batches of {size}"
    yield "--row ID shows the batch of a row, --worst leak likely false negatives"
    yield "--export DIR writes rows in batch order, with the lines that train on them"


def _show_row(found: StoredBatches, name: str, most: int, as_json: bool) -> None:
    number, met = found.of_row(name)
    if as_json:
        say(dumps([_as_json(found, one) for one in met], indent=1))
        return
    own = found.row(met[0].row)
    show(f"{own.id} in batch {number}: {_short(own.query)} → {_short(own.target)}")
    head = ("rank", "cluster", "", "row", "target")
    show(table(head, [_cells(found, one) for one in met[:most]], right=("rank",)))
    if len(met) > most:
        show(f"{len(met) - most} more: --show {len(met)}")


def _cells(found: StoredBatches, one: Meeting) -> Sequence[str]:
    rank = "" if one.rank is None else str(one.rank)
    other = found.row(one.place)
    return (rank, "own" if one.cluster else "", one.said, other.id, _short(other.target))


def _show_worst(found: StoredBatches, met: Sequence[Meeting], as_json: bool) -> None:
    if as_json:
        say(dumps([_as_json(found, one) for one in met], indent=1))
        return
    if not met:
        show("no such pair shares a batch")
    for one in met:
        own, other = found.row(one.row), found.row(one.place)
        rank = "" if one.rank is None else f"rank {one.rank}, "
        show(
            f"{own.id} meets {other.id} ({rank}{_truth(found, one)})",
            f"  query   {_short(own.query)}",
            f"  target  {_short(own.target)}",
            f"  meets   {_short(other.target)}",
        )


def _truth(found: StoredBatches, one: Meeting) -> str:
    return found.pairs.truth(one.row, one.place) or "nothing known of the two"


def _as_json(found: StoredBatches, one: Meeting) -> dict[str, Any]:
    own, other = found.row(one.row), found.row(one.place)
    told = {"row": own.id, "meets": other.id, "rank": one.rank, "same_cluster": one.cluster}
    texts = {"query": own.query, "target": own.target, "met_target": other.target}
    return {**told, "said": one.said, "truth": found.pairs.truth(one.row, one.place), **texts}


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _LONG else f"{flat[:_LONG]} …"
