"""``llmx transcript``: one episode in the terminal, and its calls made once more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llmx.cli import complete
from llmx.cli.console import say
from llmx.cli.options import Debug, Plugins, Runs

if TYPE_CHECKING:
    from llmx.core.dialogue import Observation
    from llmx.core.episode import EpisodeTurn
    from llmx.runs.transcript import Transcript

_INDENT = "    "


def transcript(
    name: Annotated[
        str,
        typer.Argument(metavar="RUN:ARM", autocompletion=complete.runs, show_default=False),
    ],
    item: Annotated[str, typer.Argument(metavar="ITEM", show_default=False)],
    replay: Annotated[
        bool, typer.Option("--replay", help="Make its calls once more; no model is asked.")
    ] = False,
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Write it as one HTML file instead."),
    ] = None,
    runs: Runs = None,
    plugins: Plugins = None,
    debug: Debug = False,
) -> None:
    """Show one episode: what the model said, what it called, and what it saw.

    RUN is a run's folder or the beginning of its name; :ARM means the newest run. ITEM is the id
    of a problem, as episodes.jsonl has it; ITEM#2 is a further draw.

    \b
    Examples:
      llmx transcript :model item-17
      llmx transcript indata-1a2b3c:model item-17 --replay
      llmx transcript :model item-17 --html item-17.html
    """
    from llmx.runs.run import default_runs
    from llmx.runs.transcript import html_of
    from llmx.runs.transcript import transcript as stored
    from llmx.store.page import write_marked

    found = stored(runs or default_runs(), name, item)
    if html is None:
        for line in _lines(found):
            say(line)
    else:
        write_marked(html, html_of(found))
        say(f"written: {html}")
    if replay:
        _replay(found)


def _lines(found: Transcript) -> Iterator[str]:
    yield f"{found.run.name}:{found.arm}  {found.episode.id}"
    for turn in found.turns:
        yield ""
        yield _head(turn, *found.seconds.get(turn.turn, (0.0, 0.0)))
        yield from _turn(turn)
    yield ""
    end, use = found.episode, found.episode.use
    limit = f" after its {end.limit} were used up" if end.limit else ""
    yield f"{end.ending}{limit}: {end.answer}" if end.answer else f"{end.ending}{limit}"
    yield f"{use.turns} turns, {use.calls} calls, {use.tokens} tokens, {use.malformed} malformed"


def _head(turn: EpisodeTurn, model: float, tools: float) -> str:
    tokens = "" if turn.record is None else f", {turn.record.tokens} tokens"
    final = ", asked for the answer" if turn.final else ""
    return f"turn {turn.turn}{tokens}, {model:.2f} s and {tools:.2f} s of calls{final}"


def _turn(turn: EpisodeTurn) -> Iterator[str]:
    if turn.record is not None:
        yield from _block("thinks", turn.record.reasoning)
        yield from _block("says", turn.record.text)
    yield from _block("cannot be read", turn.fault)
    seen = {one.call: one for one in turn.observations}
    for call in turn.calls:
        yield from _block("calls", f"{call.name}({call.arguments})")
        if call.id in seen:
            yield from _block("sees", _seen(seen[call.id]))


def _seen(one: Observation) -> str:
    marks = [one.fault or "", f"exit {one.exit}" if one.exit is not None else ""]
    marks += [f"{one.bytes} bytes, cut" if one.cut else ""]
    said = ", ".join(mark for mark in marks if mark)
    return f"[{said}] {one.text}" if said else one.text


def _block(label: str, text: str) -> Iterator[str]:
    if text:
        first, *more = text.split("\n")
        yield f"  {label}: {first}"
        yield from (f"{_INDENT}{line}" for line in more)


def _replay(found: Transcript) -> None:
    again = found.replay()
    say("")
    if again.changed is None:
        say(f"replayed without a model: {again.calls} calls gave what they had given")
    else:
        say(f"replayed without a model: turn {again.changed} gave something else")
        raise typer.Exit(2)
