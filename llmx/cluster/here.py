"""This process as a job: its number, its node, what it was started with, who asks it to stop."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from math import inf
from typing import Any

from llmx.core.errors import RunError
from llmx.core.progress import Progress, Silent
from llmx.graph.environment import made_with
from llmx.graph.observer import SilentObserver
from llmx.store.job_lock import Owner

_SIGN = 10.0  # seconds between signs of life
_GRACE = {signal.SIGUSR1: 45.0, signal.SIGTERM: 10.0}
"""Seconds in which a record is waited for; then it is given up. Slurm gives 90, and KillWait."""


def this_job() -> Owner:
    """Return the job of this process, as Slurm tells it."""
    found = os.environ
    number, restart = found.get("SLURM_JOB_ID", ""), found.get("SLURM_RESTART_COUNT", "0")
    return Owner(number, int(restart or 0), found.get("SLURMD_NODENAME") or socket.gethostname())


def this_task() -> str:
    """Return what commands of Slurm call this job: ``ARRAY_TASK``, or its number."""
    array, task = os.environ.get("SLURM_ARRAY_JOB_ID"), os.environ.get("SLURM_ARRAY_TASK_ID")
    return f"{array}_{task}" if array and task else os.environ.get("SLURM_JOB_ID", "")


def surroundings() -> dict[str, Any]:
    """Return what all workers of a run must have alike: commit, Python, and a hash of packages."""
    found = made_with()
    packages = sorted(found["packages"].items())
    code = found["code"] or {}
    return {
        "commit": code.get("commit", "none"),
        "python": found["python"],
        "packages": blake2b(repr(packages).encode(), digest_size=8).hexdigest(),
        "versions": dict(packages),
    }


def refuse_others(settled: Mapping[str, Any]) -> None:
    """Refuse to work with other code or packages than the run was submitted with.

    Raises:
        RunError: in one line, naming what differs.
    """
    found, host = surroundings(), socket.gethostname()
    for name in ("commit", "python"):
        if found[name] != settled[name]:
            text = f"{host} has {name} {found[name]}, and the run was submitted with"
            raise RunError(f"{text} {settled[name]}", "launch.environment=PATH, or submit again")
    if found["packages"] != settled["packages"]:
        here, there = found["versions"], settled["versions"]
        names = sorted(n for n in {*here, *there} if here.get(n) != there.get(n))
        shown = ", ".join(f"{n} {here.get(n, 'none')} for {there.get(n, 'none')}" for n in names)
        raise RunError(f"{host} has other packages: {shown}", "launch.environment=PATH")


class WorkerStopped(KeyboardInterrupt):
    """Slurm asks this job to end. What deals with Ctrl-C deals with it alike."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


@dataclass
class Stop:
    """Whether somebody asked for the end. A record that was begun is finished first.

    Attributes:
        until: time (seconds since 1970) at which Slurm ends the job; inf where that is not known.
        spare: seconds before it in which nothing goes on, whether Slurm gave notice or not.
    """

    asked: int = 0
    until: float = inf
    spare: float = 60.0

    def listen(self) -> None:
        """Hear SIGTERM and SIGUSR1 from now on."""
        for number in _GRACE:
            signal.signal(number, self._hear)
        signal.signal(signal.SIGALRM, self._no_longer)

    def _hear(self, number: int, frame: object) -> None:
        self.asked = number
        signal.setitimer(signal.ITIMER_REAL, _GRACE[signal.Signals(number)])

    def _no_longer(self, number: int, frame: object) -> None:
        self.now()

    def now(self) -> None:
        """End here if it was asked for.

        Raises:
            WorkerStopped: if it was.
        """
        if self.until - time.time() < self.spare:
            self.asked = self.asked or signal.SIGUSR1
        if self.asked:
            raise WorkerStopped(self.asked)


@dataclass
class Stoppable(Silent):
    """Progress at whose steps a stage can end: a record is on the disk when it is reported.

    Attributes:
        sign: called now and then while work goes on.
    """

    stop: Stop = field(default_factory=Stop)
    sign: Callable[[], None] = lambda: None
    shown: float = 0.0

    def advance(self, amount: int = 1) -> None:
        """Report finished work, and end here if it was asked for."""
        if time.monotonic() - self.shown > _SIGN:
            self.shown = time.monotonic()
            self.sign()
        self.stop.now()


class StoppableObserver(SilentObserver):
    """Gives every stage a progress at which it can end."""

    def __init__(self, stop: Stop) -> None:
        self.stop = stop

    def started(self, title: str) -> Progress:
        """A stage starts."""
        return Stoppable(stop=self.stop)
