"""``llmx parity``: do two engines give the same greedy completions?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import llmx.api as api
from llmx.cli.console import show, table
from llmx.cli.options import Debug, Plugins

if TYPE_CHECKING:
    from llmx.runs.parity import Mismatch, Parity

_SHOWN = 20


def parity(
    model: Annotated[str, typer.Argument(metavar="MODEL", show_default=False)],
    engines: Annotated[str, typer.Option("--engines", help="Two or more kinds.")] = "hf,vllm",
    prompts: Annotated[
        Path | None, typer.Option("--prompts", metavar="FILE", help="One prompt a line.")
    ] = None,
    number: Annotated[int, typer.Option("--number", "-n", min=1, help="At most N prompts.")] = 64,
    max_tokens: Annotated[int, typer.Option("--max-tokens", min=1, help="Of an answer.")] = 128,
    dtype: Annotated[str, typer.Option("--dtype", help="Of all engines.")] = "float32",
    revision: Annotated[str | None, typer.Option("--revision", help="Of a hub model.")] = None,
    plugins: Plugins = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar.")] = False,
    debug: Debug = False,
) -> None:
    """Complete the same prompts greedily in each engine, and compare token for token.

    For each completion that differs: where, and how much likelier the one token is than the other
    under the model. A gap near zero is a tie that rounding decides.

    \b
    Examples:
      llmx parity zoo:gsm_target --engines hf,vllm
      llmx parity ./my-model --engines hf,vllm --dtype bfloat16 --prompts prompts.txt
    """
    from llmx.cli.progress import watching

    with watching(quiet) as observer:
        found = api.compare_engines(
            model, revision, engines, dtype, prompts, number, max_tokens, observer
        )
    for one in found:
        _show(one)


def _show(found: Parity) -> None:
    first, other = found.engines
    agree = f"{found.agreeing} of {found.prompts} completions agree token for token"
    show(f"{first} and {other}: {agree} ({found.tokens} tokens)")
    if not found.differences:
        return
    rows = [_row(one) for one in found.differences[:_SHOWN]]
    show(table(("prompt", "at token", first, other, "gap, nats"), rows, right=("at token",)))
    if len(found.differences) > _SHOWN:
        show(f"… and {len(found.differences) - _SHOWN} more")
    most = f"more than rounding explains ({found.rounding:g} nats)"
    show(f"{found.unexplained} of {len(found.differences)} differ by {most}")


def _row(one: Mismatch) -> tuple[str, str, str, str, str]:
    if one.position < 0:
        return one.id, "–", "another prompt was sent", "", "–"
    gap = "–" if one.gap is None else f"{one.gap:+.2e}"
    told = [repr(text) if token is not None else "(end)" for token, text in _said(one)]
    return one.id, str(one.position), told[0], told[1], gap


def _said(one: Mismatch) -> list[tuple[int | None, str]]:
    return list(zip(one.tokens, one.texts, strict=True))
