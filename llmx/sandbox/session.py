"""A shell that stays: one cage in which commands follow one another, a fraction of one's cost each.

Inside runs a loop that starts a shell again whenever it ends, and the shell reads what it is sent.
A command's status comes by a descriptor that it does not hold. It could still get at it, because
the shell is its own user's: in a session, a command can lie about itself and about later ones, and
about nothing outside. What has to be believed runs in a cage of its own.
"""

from __future__ import annotations

import os
import secrets
import shlex
import threading
import time
from contextlib import suppress

from llmx.core.errors import SandboxError
from llmx.core.sandbox import CommandOutcome, SandboxPolicy, SandboxSpec, Why
from llmx.sandbox.arguments import BASH
from llmx.sandbox.launch import Arguments, Cage
from llmx.sandbox.pump import TICK, KeptStream, Pump

_LOOP = (
    'eval "exec 3>&$REPORT_FD-"; unset REPORT_FD; echo ready >&3;'
    ' while :; do "$@"; echo "ended $?" >&3; done'
)
_SHELL = (BASH, "--norc", "--noprofile")
_START = 30.0  # seconds that a busy machine may take to start a shell
_AGAIN = 5.0  # seconds in which the loop has a new one


class ShellSession:
    """One cage and the shell in it; for one thread at a time, and no longer than the first.

    Raises:
        SandboxError: if it could not be started.
    """

    def __init__(
        self, spec: SandboxSpec, policy: SandboxPolicy, layers: tuple[str, ...], told: Arguments
    ) -> None:
        self.spec = spec
        line = [*_SHELL, "-c", _LOOP, "loop", *_SHELL]
        self._cage = Cage(spec, policy, line, further=True, grouped=True, told=told)
        self._layers = (*layers, *(f"cgroup {name}" for name in self._cage.group.folders))
        self._busy, self._over = threading.Lock(), threading.Event()
        self._between: Why = ""
        try:
            self._loop = self._ready()
        except BaseException:
            self._cage.close()
            raise
        threading.Thread(target=self._watch, daemon=True).start()

    def _ready(self) -> int:
        """Wait for the loop; return its process id on the host.

        Raises:
            SandboxError: if it does not come.
        """
        pump = Pump(1 << 20, time.monotonic() + _START, lambda: "")
        report = pump.report(self._cage.pipes.report)
        pump.run(lambda: report.ended or b"ready\n" in report.kept)
        pump.close()
        ids = self._cage.people.ids()
        if b"ready\n" not in report.kept or not ids or self._cage.scratch() is None:
            raise self._cage.failure()
        return ids[0]

    @property
    def alive(self) -> bool:
        """Whether another command can be run."""
        return not self._over.is_set()

    def run(self, command: str, seconds: float | None = None) -> CommandOutcome:
        """Run one command of the shell; `seconds` in place of the specification's.

        Raises:
            SandboxError: if the session is over, or the command holds NUL.
        """
        if "\0" in command:
            raise SandboxError("a command of a sandbox holds the character NUL")
        with self._busy:
            if not self.alive:
                why = f": {self._between}" if self._between else ""
                raise SandboxError(f"the sandbox of this session is gone{why}")
            return self._ran(command, self.spec.seconds if seconds is None else seconds)

    def _ran(self, command: str, seconds: float) -> CommandOutcome:
        began, cage, nonce = time.monotonic(), self._cage, secrets.token_hex(8)
        pump = Pump(self.spec.output, began + seconds, cage.look)
        out, err = pump.read(cage.pipes.stdout), pump.read(cage.pipes.stderr)
        report = pump.report(cage.pipes.report)
        pump.write(os.dup(cage.pipes.stdin), self._line(command, nonce))
        mark = f"{nonce} ".encode()
        killed: Why = pump.run(lambda: report.ended or _last(report, mark) is not None)
        killed = killed or cage.look()
        status = _last(report, mark)
        restarted, over = self._after(killed, status, pump, report)
        pump.drain()
        pump.close()
        if over:
            self._end()
        lost = not self.alive and not killed
        return CommandOutcome(
            exit=None if killed or status is None else status[1],
            stdout=bytes(out.kept),
            stderr=bytes(err.kept),
            cut=out.cut + err.cut,
            killed="lost" if lost else killed,
            seconds=time.monotonic() - began,
            layers=self._layers,
            restarted=restarted,
        )

    @staticmethod
    def _line(command: str, nonce: str) -> bytes:
        told = f"{{ eval {shlex.quote(command)}\n}} </dev/null 3>&-\n"
        return f"{told}echo {nonce} $? >&3\n".encode(errors="surrogateescape")

    def _after(
        self, killed: Why, status: tuple[bool, int] | None, pump: Pump, report: KeptStream
    ) -> tuple[bool, bool]:
        """Put the session in order after a command.

        Returns:
            Whether its shell is a new one, and whether the session is over.
        """
        if killed == "files" or report.ended:
            return True, True  # what is too much would still be there
        if not killed:
            return status is not None and not status[0], False
        if not self._cage.people.end_others(self._loop):
            return True, True
        pump.deadline, pump.keep = time.monotonic() + _AGAIN, 1 << 62
        pump.run(lambda: report.ended or b"ended " in report.kept)
        return True, b"ended " not in report.kept

    def _watch(self) -> None:
        """Hold the limits while no command is waited for: one may have left something behind."""
        while not self._over.wait(TICK):
            if self._busy.acquire(blocking=False):
                try:
                    if self.alive and (why := self._cage.look()):
                        self._between = why
                        self._end()
                finally:
                    self._busy.release()

    def read(self, name: str, most: int) -> bytes:
        """Return a file below the scratch folder, at most `most` bytes of it.

        Raises:
            SandboxError: if it is missing, longer, or anything but a regular file reached without
                a link.
        """
        scratch = self._cage.scratch() if self.alive else None
        if scratch is None:
            raise SandboxError("the sandbox of this session is gone")
        return scratch.read(name, most)

    def close(self) -> None:
        """End everything inside."""
        with self._busy:
            self._end()

    def _end(self) -> None:
        self._over.set()
        self._cage.close()

    def __enter__(self) -> ShellSession:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        with suppress(Exception):
            self._end()


def _last(report: KeptStream, mark: bytes) -> tuple[bool, int] | None:
    """Return whether a command ended by itself, and its status; None while it runs.

    A shell that ended with its command is said by the loop that starts it again.
    """
    for line in bytes(report.kept).split(b"\n")[:-1]:
        if line.startswith(mark) and line[len(mark) :].isdigit():
            return True, int(line[len(mark) :])
        if line.startswith(b"ended ") and line[6:].isdigit():
            return False, int(line[6:])
    return None
