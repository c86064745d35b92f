"""Kind `bubblewrap`: namespaces, a filter of system calls, limits (docs/sandbox.md)."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

from llmx.core.errors import SandboxError
from llmx.core.sandbox import CommandOutcome, SandboxPolicy, SandboxSpec, Why
from llmx.sandbox.arguments import arguments
from llmx.sandbox.bound import check_policy
from llmx.sandbox.found import form, seccomp_filter, tool, wrapper
from llmx.sandbox.launch import Arguments, Cage
from llmx.sandbox.pump import Pump
from llmx.sandbox.session import ShellSession

_LOCK = threading.Lock()


class Bubblewrap:
    """A cage by bubblewrap; as root and as a user, each in its own form.

    Args:
        told: what bubblewrap is told; the red team's controls leave something out here.

    Raises:
        SandboxError: for a policy or limits that cannot be.
    """

    kind: ClassVar[str] = "bubblewrap"

    def __init__(
        self,
        spec: SandboxSpec = SandboxSpec(),
        policy: SandboxPolicy = SandboxPolicy(),
        *,
        told: Arguments = arguments,
    ) -> None:
        check_policy(policy)
        self.spec, self.policy, self._told = spec, policy, told

    def layers(self) -> tuple[str, ...]:
        """Return the names of what protects the host here, found by trying.

        Raises:
            SandboxError: in one line, if there is no bubblewrap, or it starts nothing, or what it
                starts is not as it should be.
        """
        check_room(self.spec)
        tool("bash")
        found = wrapper()
        state = found.path.stat().st_mtime_ns
        with _LOCK:  # of several threads one tries
            return _layers(str(found.path), state, os.geteuid(), hash(seccomp_filter()))

    def once(
        self, command: Sequence[str], stdin: bytes = b"", *, aside: bytes | None = None
    ) -> CommandOutcome:
        """Run one command, after which nothing of it is left.

        Args:
            command: the program and its arguments, no shell.
            aside: what it can read from the descriptor ``$ASIDE_FD``, which process 1 inside does
                not hold, unlike standard input. It then has ``$REPORT_FD`` too.

        Raises:
            SandboxError: if it could not be started; nothing ran then.
        """
        layers = self.layers()
        further = aside is not None
        cage = Cage(self.spec, self.policy, command, further=further, told=self._told)
        try:
            return _ran(cage, stdin, aside, layers)
        finally:
            cage.close()

    def session(self) -> ShellSession:
        """Start a shell that stays.

        Raises:
            SandboxError: if it could not be started.
        """
        return ShellSession(self.spec, self.policy, self.layers(), self._told)


def _ran(cage: Cage, stdin: bytes, aside: bytes | None, layers: tuple[str, ...]) -> CommandOutcome:
    spec, pipes = cage.spec, cage.pipes
    pump = Pump(spec.output, cage.began + spec.seconds, cage.look)
    out, err = pump.read(pipes.stdout), pump.read(pipes.stderr)
    status = pump.report(pipes.status)
    report = pump.report(pipes.report) if pipes.report >= 0 else None
    for fd, content in ((pipes.stdin, stdin), (pipes.aside, aside)):
        if content is not None:
            cage.written(fd)
            pump.write(fd, content)
    killed: Why = pump.run(lambda: status.ended)
    code = cage.end()
    pump.drain()
    pump.close()
    if not killed and not cage.started(bytes(status.kept)):
        if b"bwrap: execvp" in err.kept:
            code = 127  # as a shell says it
        elif code is not None and code >= 0:
            raise cage.failure(bytes(err.kept))
        else:
            killed = "lost"
    return CommandOutcome(
        exit=None if killed else code,
        stdout=bytes(out.kept),
        stderr=bytes(err.kept),
        cut=out.cut + err.cut,
        killed=killed,
        seconds=time.monotonic() - cage.began,
        layers=layers,
        report=b"" if report is None else bytes(report.kept),
    )


def check_room(spec: SandboxSpec) -> None:
    """Refuse limits that this machine cannot hold.

    Raises:
        SandboxError: naming the first.
    """
    page = os.sysconf("SC_PAGE_SIZE")
    whole, free = page * os.sysconf("SC_PHYS_PAGES"), page * os.sysconf("SC_AVPHYS_PAGES")
    cores = len(os.sched_getaffinity(0))
    if spec.memory > whole:
        raise _too_much("memory", f"{spec.memory >> 20} MiB", f"{whole >> 20} MiB")
    if spec.scratch > free:
        raise _too_much("scratch", f"{spec.scratch >> 20} MiB", f"{free >> 20} MiB free")
    if spec.cores > cores:
        raise _too_much("cores", str(spec.cores), str(cores))


def _too_much(name: str, asked: str, there: str) -> SandboxError:
    text = f"sandbox.{name}={asked} is more than this machine has: {there}"
    return SandboxError(text, f"ask for less: sandbox.{name}")


_OWN = ("ipc", "mnt", "net", "pid", "uts")  # namespaces; a user has one more
_LOOK = r"""
grep -E '^(Uid|CapEff|CapPrm|CapBnd|CapAmb|NoNewPrivs|Seccomp):' /proc/self/status
grep '^Max processes' /proc/self/limits; readlink /proc/self/ns/*
ls -d /home /root /var /srv 2>/dev/null; echo .
"""


@lru_cache(maxsize=8)
def _layers(path: str, changed: int, user: int, filters: int) -> tuple[str, ...]:
    """Start one cage with the policy of all, look around inside, and name what holds."""
    spec = SandboxSpec(seconds=60)
    cage = Cage(spec, SandboxPolicy(), ["/bin/sh", "-c", _LOOK])
    try:
        found = _ran(cage, b"", None, ())
    finally:
        cage.close()
    said = found.stdout.decode(errors="replace").split("\n")
    status = dict(line.split(":\t", 1) for line in said if ":\t" in line)
    _holds(found.exit == 0, "a first command does not end well", found.stderr)
    _holds("0" not in status.get("Uid", "0").split(), "the user inside is root")
    for name in ("CapEff", "CapPrm", "CapBnd", "CapAmb"):
        _holds(set(status.get(name, "1")) == {"0"}, f"{name} is not empty inside")
    _holds(status.get("NoNewPrivs") == "1", "new privileges can be had inside")
    _holds(status.get("Seccomp") == "2", "the system-call filter is not active inside")
    limit = next((line.split()[2:3] for line in said if line.startswith("Max processes")), [])
    _holds(limit == [str(spec.processes)], "the limit on processes is not active inside")
    for name in _OWN:
        host = str(Path("/proc/self/ns", name).readlink())
        _holds(host not in said, f"namespace '{name}' is the host's")
    _holds(not any(line.startswith("/") for line in said), "folders of the host are seen inside")
    nobody = "own user" if form() == "root" else "user namespace"
    base = ("namespaces", nobody, "no capabilities", "seccomp", "limits", "memory watcher")
    return (*base, "name watcher")


def _holds(condition: bool, why: str, said: bytes = b"") -> None:
    if not condition:
        text = " ".join(said.decode(errors="replace").split())[:200]
        raise SandboxError(f"there is no sandbox here: {why}{': ' if text else ''}{text}")
