"""The processes of a cage, seen from the host: who they are, what they hold, and their end."""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

_PAGE = os.sysconf("SC_PAGE_SIZE")
_PROC = Path("/proc")
_PASSES, _PAUSE = 60, 0.01  # how often, and how many seconds apart, the last ones are looked for


class Inhabitants:
    """Everybody below the first process of a cage, which adopts whoever loses a parent.

    Args:
        first: process id on the host of the first process of its PID namespace.
        parent: process id of the bubblewrap that started it.

    Raises:
        ProcessLookupError: if it has ended, or the number is another process's by now.
    """

    def __init__(self, first: int, parent: int) -> None:
        self.first = first
        self._handle = os.pidfd_open(first)  # what holds it names no other process ever
        if _parent(first) != parent:
            self.close()
            raise ProcessLookupError(first)

    def end(self) -> None:
        """Kill the first process: the kernel ends all others of its namespace with it."""
        if self._handle >= 0:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._handle, signal.SIGKILL)

    def wait(self, seconds: float) -> bool:
        """Wait until the first process has ended, after all others; whether it has."""
        if self._handle < 0:
            return True
        ready, _, _ = select.select([self._handle], [], [], seconds)
        return bool(ready)

    def close(self) -> None:
        """Let go of the first process, dead or alive."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def ids(self) -> list[int]:
        """Return the process ids on the host, the first one left out."""
        found, left = list[int](), [self.first]
        while left:
            below = list(_children(left.pop()))
            found += below
            left += below
        return found

    def memory(self, limit: int) -> int:
        """Return the bytes that they hold together, those of files left out.

        What a fork shares with its parent is counted once, and only looked at where the plain sum
        is over `limit`: it costs a walk over every mapping.
        """
        ids = self.ids()
        plain = sum(map(_anonymous, ids))
        return plain if plain <= limit else sum(map(_proportional, ids))

    def end_others(self, spared: int) -> bool:
        """Kill all but the first process and one of its children; whether none is left then.

        The spared one stands still meanwhile, so that it starts nobody.
        """
        self._send([spared], signal.SIGSTOP)
        try:
            for _ in range(_PASSES):
                others = [one for one in self.ids() if one != spared and _alive(one)]
                if not others:
                    return True
                self._send(others, signal.SIGKILL)
                time.sleep(_PAUSE)
            return False
        finally:
            self._send([spared], signal.SIGCONT)

    def _send(self, processes: list[int], number: int) -> None:
        """Send a signal to some of them, by handles: a number may be a stranger's by now."""
        with ExitStack() as stack:
            handles = dict[int, int]()
            for one in processes:
                with suppress(ProcessLookupError):
                    handles[one] = os.pidfd_open(one)
                    stack.callback(os.close, handles[one])
            for one in handles.keys() & set(self.ids()):
                with suppress(ProcessLookupError):
                    signal.pidfd_send_signal(handles[one], number)


def _children(process: int) -> Iterator[int]:
    """Yield the children of every thread of a process; those that end meanwhile may be missed."""
    with suppress(OSError):
        for thread in (_PROC / str(process) / "task").iterdir():
            yield from map(int, (thread / "children").read_text().split())


def _parent(process: int) -> int:
    """Return a process's parent; 0 where there is none."""
    try:
        stat = (_PROC / str(process) / "stat").read_text(errors="replace")
    except OSError:
        return 0
    return int(stat.rpartition(")")[2].split()[1])


def _alive(process: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        stat = (_PROC / str(process) / "stat").read_text(errors="replace")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in ("Z", "X")


def _anonymous(process: int) -> int:
    """Return the bytes of a process that no file backs; a fork's are counted in both."""
    try:
        _, resident, shared, *_ = (_PROC / str(process) / "statm").read_text().split()
    except (OSError, ValueError):
        return 0
    return (int(resident) - int(shared)) * _PAGE


def _proportional(process: int) -> int:
    """Return the same, with what several share divided among them."""
    try:
        lines = (_PROC / str(process) / "smaps_rollup").read_text().splitlines()
    except OSError:
        return _anonymous(process)
    found = [line.split()[1] for line in lines if line.startswith("Pss_Anon:")]
    return int(found[0]) * 1024 if found else _anonymous(process)
