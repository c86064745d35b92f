"""The live progress of a run: a bar for each stage at work, a line for each finished one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from llmx.cli.console import console
from llmx.core.names import marked
from llmx.core.progress import Progress

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

    from llmx.graph.observer import Observer


class Live:
    """An observer that draws on stderr; where nobody looks, only finished stages are printed."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def planned(self, total: int, cached: int) -> None:
        """Say how much there is to do."""
        self.note(f"{total} stages, {cached} of them done already")

    def started(self, title: str) -> Progress:
        """Show a bar for the stage."""
        self._drop(title)
        self._tasks[title] = self._bars.add_task(title, total=None, note="")
        return _Bar(self._bars, self._tasks[title])

    def finished(self, title: str, seconds: float) -> None:
        """Replace the bar by a line."""
        self._drop(title)
        self.note(f"done     {title}  {seconds:.1f} s")

    def reused(self, title: str) -> None:
        """Show that the stage was done before."""
        self._drop(title)
        self.note(f"reused   {title}")

    def waiting(self, title: str, owner: int | None, done: int, total: int) -> None:
        """Show how far another process is."""
        if title not in self._tasks:
            self._tasks[title] = self._bars.add_task(title, total=None, note="")
        who = f"process {owner}" if owner else "another process"
        self._bars.update(self._tasks[title], completed=done, total=total or None, note=who)

    def note(self, text: str) -> None:
        """Print a line above the bars."""
        self._bars.console.print(marked(text), markup=False)

    def _drop(self, title: str) -> None:
        if title in self._tasks:
            self._bars.remove_task(self._tasks.pop(title))


class _Bar:
    def __init__(self, bars: Bars, task: TaskID) -> None:
        self._bars = bars
        self._task = task

    def start(self, total: int, done: int = 0, unit: str = "samples") -> None:
        self._bars.update(self._task, total=total, completed=done, note=unit)

    def advance(self, amount: int = 1) -> None:
        self._bars.advance(self._task, amount)

    def note(self, text: str) -> None:
        self._bars.update(self._task, note=text)


@contextmanager
def watching(quiet: bool) -> Iterator[Observer | None]:
    """Give the observer of one run (None if quiet), and clear its bars afterwards."""
    if quiet:
        yield None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn
    from rich.progress import Progress as Bars
    from rich.progress import TimeRemainingColumn as Remaining

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        Remaining(),
        TextColumn("{task.fields[note]}"),
    )
    with Bars(*columns, console=console(stderr=True), transient=True) as bars:
        yield Live(bars)
