"""``llmx budget``: how many samples, combined how, are enough, and what they cost."""

from __future__ import annotations

from json import dumps
from typing import TYPE_CHECKING, Annotated, Any

import typer

import llmx.api as api
from llmx.cli import complete
from llmx.cli.console import say, show, table
from llmx.cli.options import Debug, Plugins, Runs

if TYPE_CHECKING:
    from llmx.report.priced import PricedPoint
    from llmx.runs.budget import Affordable

_ABOUT = ("arm", "method", "size", "accuracy, %", "from best vote, points")

RunName = Annotated[
    str, typer.Argument(metavar="RUN", autocompletion=complete.run_names, show_default=False)
]


def budget(
    run: RunName,
    gain: Annotated[
        float, typer.Option("--gain", metavar="POINTS", help="How far below the best is enough.")
    ] = 2.0,
    cost: Annotated[
        str | None,
        typer.Option(
            "--cost", metavar="KIND", help="completion, longest, calls, flops, money …; the run's."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the rows as JSON.")] = False,
    runs: Runs = None,
    plugins: Plugins = None,
    debug: Debug = False,
) -> None:
    """Show the cheapest method, and its size, within some points of each arm's best.

    RUN is a run's folder or the beginning of its name. Costs are means of a problem.

    \b
    Examples:
      llmx budget scaling_gsm
      llmx budget scaling_gsm --gain 5 --cost longest
      llmx budget scaling_gsm-1a2b3c --json
    """
    from llmx.report.priced import cost_said

    found = api.budget(run, gain=gain, cost=cost, runs=runs)
    rows = [(one, role) for pair in found.arms for one, role in _both(pair)]
    if as_json:
        say(dumps([_as_json(one, role, found.kind) for one, role in rows], indent=1))
        return
    head = (*_ABOUT, cost_said(found.kind), "")
    show(table(head, [_row(one, role, found.kind) for one, role in rows], right=head[2:6]))


def _both(pair: Affordable) -> list[tuple[PricedPoint, str]]:
    """Return the cheapest and the best; once where they are one."""
    if pair.cheapest == pair.best:
        return [(pair.best, "both")]
    return [(pair.cheapest, "cheapest near the best"), (pair.best, "best")]


def _row(one: PricedPoint, role: str, kind: str) -> tuple[str, ...]:
    from llmx.report.numbers import percent_span, points_span
    from llmx.report.priced import cost_amount

    size = f"{one.size} {one.sizes}"
    told = (percent_span(one.accuracy), points_span(one.behind))
    return (one.arm, one.label, size, *told, cost_amount(one.costs.get(kind)), role)


def _as_json(one: PricedPoint, role: str, kind: str) -> dict[str, Any]:
    kept = {"arm", "method", "size", "accuracy", "behind", "costs", "problems"}
    return {**one.model_dump(mode="json", include=kept), "cost": kind, "role": role}
