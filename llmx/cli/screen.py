"""The progress of a run on a terminal: a line for each stage at work, and one for the whole run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.live import Live
from rich.text import Text

from llmx.cli.console import console, is_copied
from llmx.core.names import marked

if TYPE_CHECKING:
    from llmx.cli.progress import AtWork, Course

SHORT = 1.0  # seconds; shorter stages share a line
_PER_SECOND = 4
_BAR = 16  # columns
_MOST = 6  # stages at work that are shown
_TURNING = {True: "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏", False: "|/-\\"}
_FULL, _EMPTY = {True: "━", False: "#"}, {True: "─", False: "."}


class Screen:
    """Draws on stderr, and leaves a line for each long stage, and one for several short ones."""

    def __init__(self, course: Course) -> None:
        self._course = course
        self._short: list[tuple[str, float]] = []
        self._console = console(stderr=True)
        self._unicode = self._console.encoding.lower().startswith("utf")
        self._live = Live(
            get_renderable=self._drawn,
            console=self._console,
            refresh_per_second=_PER_SECOND,
            transient=True,
        )

    def __enter__(self) -> Screen:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._short:
            self.note(self._folded())
        self._live.stop()

    def note(self, text: str) -> None:
        """Print a line above what is drawn."""
        self._console.print(marked(text), markup=False, soft_wrap=is_copied(text))

    def ended(self, work: AtWork, seconds: float) -> None:
        """Print a line for a long stage; short ones share one, which stands at the end."""
        if seconds < SHORT:
            self._short.append((work.title, seconds))
        else:
            self.note(f"done     {work.title}  {seconds:.1f} s")

    def _folded(self) -> str:
        """Return ``6 short stages done  1.2 s``; a single one by its name."""
        seconds = sum(taken for _, taken in self._short)
        if len(self._short) == 1:
            return f"done     {self._short[0][0]}  {seconds:.1f} s"
        return f"done     {len(self._short)} short stages  {seconds:.1f} s"

    def _drawn(self) -> Text:
        return Text("\n", no_wrap=True, overflow="crop").join(
            Text(marked(line)[: self._console.width - 1]) for line in self.lines()
        )

    def lines(self) -> Iterator[str]:
        """Yield what is drawn: short stages so far, each stage at work, the whole run."""
        width = self._console.width - 1
        frames = _TURNING[self._unicode]
        turning = frames[int(self._course.clock() * 2 * _PER_SECOND) % len(frames)]
        if self._short:
            yield self._folded()
        works = list(self._course.work.values())
        for work in works[:_MOST]:
            start = f"  {self._bar(work, width)} {_brief(work.title, width // 3)}  "
            yield start + work.line(width - len(start))
        if len(works) > _MOST:
            yield f"  and {len(works) - _MOST} more"
        yield f"{turning} {self._course.footer(width - 2)}"

    def _bar(self, work: AtWork, width: int) -> str:
        long = min(_BAR, width // 8)
        full = round(work.share * long)
        return _FULL[self._unicode] * full + _EMPTY[self._unicode] * (long - full)


def _brief(title: str, most: int) -> str:
    return title if len(title) <= most else f"{title[: most - 3]}..."
