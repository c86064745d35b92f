"""How far a run is: what is known of it, and lines with the time for whoever reads a log."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from llmx.cli.console import say
from llmx.core.progress import Progress
from llmx.graph.observer import Observer

Clock = Callable[[], float]

_LINES_EVERY = 30.0  # seconds
_EVIDENCE = 0.02  # share of a run that must be done before its own speed counts for the rest


def clock_time(seconds: float) -> str:
    """Return ``1:02`` or ``1:02:03``."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def shortened(forms: Sequence[Sequence[str]], width: int | None) -> str:
    """Return the first of several forms, as a line, that is no longer than `width`; else the last.

    Args:
        forms: words of each; empty ones are left out.
        width: columns; None = any.
    """
    lines = [", ".join(filter(None, form)) for form in forms]
    return next((line for line in lines if width is None or len(line) <= width), lines[-1])


@dataclass
class AtWork:
    """A stage that is at work, here or in another process; it receives its progress.

    Attributes:
        began: by the clock; `moved` is when its amount of work was told.
        first: how much an earlier try had done.
        who: another process that does it.
    """

    title: str
    clock: Clock
    course: Course
    total: int = 0
    done: int = 0
    first: int = 0
    unit: str = "samples"
    text: str = ""
    who: str = ""
    began: float = field(init=False)
    moved: float = field(init=False)

    def __post_init__(self) -> None:
        self.began = self.moved = self.clock()

    def start(self, total: int, done: int = 0, unit: str = "samples") -> None:
        """Announce the amount of work."""
        self.total, self.done, self.first, self.unit = total, done, done, unit
        self.moved = self.clock()

    def advance(self, amount: int = 1) -> None:
        """Report finished work."""
        self.done += amount

    def note(self, text: str) -> None:
        """Show one short line."""
        self.text = text

    def scored(self, correct: int, of: int) -> None:
        """Keep the share of right answers for the footer."""
        self.course.judged = (self.title, correct, of)

    @property
    def share(self) -> float:
        """How much of it is done, 0 to 1."""
        return min(self.done / self.total, 1.0) if self.total else 0.0

    @property
    def rate(self) -> float:
        """AtWork a second since it began here; 0 where nothing has been done."""
        passed = self.clock() - self.moved
        return (self.done - self.first) / passed if passed > 0 else 0.0

    @property
    def left(self) -> float | None:
        """Seconds; None while it cannot be known."""
        return (self.total - self.done) / self.rate if self.total and self.rate > 0 else None

    def speed(self) -> str:
        """Return ``8.4 samples/s``, or by the minute where it is slow; empty without any."""
        if self.rate <= 0:
            return ""
        slow = self.rate < 0.5
        number = self.rate * 60 if slow else self.rate
        shown = f"{number:,.0f}" if number >= 100 else f"{number:.1f}"
        return f"{shown} {self.unit}/{'min' if slow else 's'}"

    def line(self, width: int | None = None) -> str:
        """Return how far it is, in a line without its title.

        Args:
            width: columns; what matters least goes if it is too long. None = as long as it is.
        """
        if not self.total:
            passed = f"{self.text or 'starting'}, {clock_time(self.clock() - self.began)}"
            return f"{self.who}: {passed}" if self.who else passed
        far = f"{self.done:,} of {self.total:,} {self.unit}"
        left = "" if self.left is None else f"{clock_time(self.left)} left"
        less = (left, self.who, self.text)
        forms = ((far, self.speed(), *less), (far, *less), (far, left, self.text), (far, left))
        return shortened(forms, width)


class Display(Protocol):
    """What shows a run to somebody."""

    def note(self, text: str) -> None:
        """Show a line that stays."""

    def ended(self, work: AtWork, seconds: float) -> None:
        """Show that a stage is over."""


class Course:
    """An observer that keeps what is known of a run, for a display.

    Args:
        clock: seconds that never go back.
    """

    display: Display

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self.clock = clock
        self.began = self.ran = clock()
        self.total, self.cached = 0, 0
        self.over: set[str] = set()
        self.work: dict[str, AtWork] = {}
        self.judged: tuple[str, int, int] | None = None
        self.expected: Mapping[str, float] = {}
        self.together = 0.0

    def planned(self, total: int, cached: int) -> None:
        """Say how much there is to do."""
        self.total, self.cached, self.ran = total, cached, self.clock()
        self.display.note(f"{total} stages, {cached} of them done already")

    def expect(self, seconds: Mapping[str, float], together: float) -> None:
        """Keep what the plan says of the stages that are to be done."""
        self.expected, self.together = dict(seconds), together

    def started(self, title: str) -> Progress:
        """Keep a stage that begins."""
        self.work[title] = AtWork(title, self.clock, self)
        return self.work[title]

    def finished(self, title: str, seconds: float) -> None:
        """Count a stage, and show that it is over."""
        self.over.add(title)
        if title not in self.work:
            self.started(title)
        work = self.work.pop(title)
        self.display.ended(work, seconds)
        if work.text.startswith("WARNING"):  # it would be gone with the line that showed it
            self.display.note(f"{title}: {work.text}")

    def reused(self, title: str) -> None:
        """Show nothing: how many there are was said."""

    def waiting(self, title: str, owner: int | None, done: int, total: int) -> None:
        """Keep how far another process is."""
        work = self.work.setdefault(title, AtWork(title, self.clock, self))
        if total and not work.total:
            work.start(total, done)
        work.done = max(work.done, done)
        work.who = f"process {owner}" if owner else "another process"

    def note(self, text: str) -> None:
        """Show a line."""
        self.display.note(text)

    @property
    def done(self) -> int:
        """Stages that are whole."""
        return min(self.cached + len(self.over), self.total)

    def left(self) -> float | None:
        """Return the seconds that are left; None while nothing is known.

        The plan's estimates say how much of the work is done, and the time that this took says what
        the rest takes. Before there is such evidence it is the plan's word.
        """
        whole = sum(self.expected.values())
        if whole <= 0:
            works = [work.left for work in list(self.work.values())]
            return max((one for one in works if one is not None), default=None)
        at_work = {work.title: work for work in list(self.work.values())}
        done = sum(self._share(title, at_work) * e for title, e in self.expected.items())
        before = sum(
            self.expected.get(work.title, 0.0) * work.first / work.total
            for work in at_work.values()
            if work.total
        )
        made, passed = done - before, self.clock() - self.ran
        if made < _EVIDENCE * whole:
            return self.together * (whole - done) / whole
        return passed * (whole - done) / made

    def _share(self, title: str, at_work: Mapping[str, AtWork]) -> float:
        if title in self.over:
            return 1.0
        return at_work[title].share if title in at_work else 0.0

    def footer(self, width: int | None = None) -> str:
        """Return the state of the whole run in a line; what matters least goes if it is too long.

        Args:
            width: columns; None = as long as it is.
        """
        passed = f"{clock_time(self.clock() - self.began)} elapsed"
        stages = f"{self.done} of {self.total} stages" if self.total else "planning"
        left = self.left()
        remaining = "" if left is None else f"{clock_time(left)} left"
        speed = next((one.speed() for one in list(self.work.values()) if one.speed()), "")
        accuracy, whose = self._accuracy()
        first = (stages, passed, remaining)
        ends = ((speed, accuracy + whose), (speed, accuracy), (accuracy,), ())
        return shortened([(*first, *end) for end in ends], width)

    def _accuracy(self) -> tuple[str, str]:
        if self.judged is None or not self.judged[2]:
            return "", ""
        title, correct, of = self.judged
        return f"accuracy {correct / of:.1%} of {of:,}".replace("%", " %"), f" ({title})"


def time_of_day() -> str:
    """Return the time in UTC, to the second."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


class Log:
    """Lines with the time: one for each stage that ends, and one every thirty seconds.

    Args:
        now: the time of day, for people.
    """

    def __init__(self, course: Course, now: Callable[[], str] = time_of_day) -> None:
        self._course, self._now = course, now
        self._told = course.clock()
        self._over = threading.Event()
        self._lock = threading.Lock()

    def note(self, text: str) -> None:
        """Write a line."""
        with self._lock:
            self._told = self._course.clock()
            say(f"{self._now()}  {text}", err=True)

    def ended(self, work: AtWork, seconds: float) -> None:
        """Write what a stage did, and how far the run is."""
        did = f", {work.total:,} {work.unit}" if work.total else ""
        self.note(f"done  {work.title}  {seconds:.1f} s{did}; {self._course.footer()}")

    def tick(self) -> None:
        """Write how far everything is, if nothing was written for thirty seconds."""
        course = self._course
        if course.clock() - self._told < _LINES_EVERY:
            return
        works = [f"{work.title}: {work.line()}" for work in list(course.work.values())]
        self.note("; ".join([*works, course.footer()]))

    def __enter__(self) -> Log:
        threading.Thread(target=self._ticking, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()

    def _ticking(self) -> None:
        while not self._over.wait(1.0):
            self.tick()


@contextmanager
def watching(quiet: bool) -> Iterator[Observer | None]:
    """Give the observer of one run (None if quiet), and clear what it shows afterwards."""
    if quiet:
        yield None
        return
    course = Course()
    if sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
        from llmx.cli.screen import Screen

        with Screen(course) as course.display:
            yield course
    else:
        with Log(course) as course.display:
            yield course
