"""Starting a cage, and ending it: one bubblewrap, its descriptors, its first process, its watch."""

from __future__ import annotations

import os
import random
import resource
import select
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass

from llmx.core import json_text
from llmx.core.errors import SandboxError
from llmx.core.sandbox import SandboxPolicy, SandboxSpec, Why
from llmx.sandbox.arguments import GO, Entrance, arguments, inside, limits, small_files, watched
from llmx.sandbox.cgroup import ControlGroup
from llmx.sandbox.found import form, seccomp_filter, unused_uid, wrapper
from llmx.sandbox.inhabitants import Inhabitants
from llmx.sandbox.left import Scratch, opened_scratch

_START = 30.0  # seconds that a busy machine may take to start one
_END = 10.0  # seconds in which the kernel ends the processes of a namespace
_USER = 1000  # what a user is called in a namespace of its own

Arguments = Callable[[SandboxSpec, SandboxPolicy, Entrance], list[str]]


@dataclass
class Pipes:
    """The host's ends of what leads inside; -1 where there is none.

    Attributes:
        status: what bubblewrap says of itself.
        report: a further stream of the command.
        aside: a further input of it.
    """

    stdin: int
    stdout: int
    stderr: int
    status: int
    report: int = -1
    aside: int = -1


class Cage:
    """A command in a cage, from its start until nothing of it is left.

    Args:
        grouped: whether it gets a control group, where one can be written. To enter one takes the
            kernel tens of milliseconds on a busy machine: a session has one.
        further: whether the command has ``$ASIDE_FD`` to read and ``$REPORT_FD`` to write.
        told: what bubblewrap is told; the red team's controls leave something out here.

    Raises:
        SandboxError: if bubblewrap did not start it; nothing ran then.
    """

    def __init__(
        self,
        spec: SandboxSpec,
        policy: SandboxPolicy,
        command: Sequence[str],
        *,
        further: bool = False,
        grouped: bool = False,
        told: Arguments = arguments,
    ) -> None:
        self.spec, self.began = spec, time.monotonic()
        self._said = b""
        self._scratch: Scratch | None = None
        self._stack = ExitStack()
        self._open: list[int] = []
        self._near: dict[str, int] = {}
        self._life = self._gone = -1
        self.group = ControlGroup.made(spec) if grouped else ControlGroup({})
        self._stack.callback(self.group.remove)
        try:
            self._start(policy, command, further, told)
            self.people = self._first()
            self._stack.callback(self.people.close)
            self._limit()
        except BaseException:
            self.close()
            raise

    def _start(
        self, policy: SandboxPolicy, command: Sequence[str], further: bool, told: Arguments
    ) -> None:
        uid = unused_uid() if form() == "root" else _USER
        given = {**small_files(uid), **policy.texts}
        with ExitStack() as mine:  # the far ends, which bubblewrap alone keeps
            held = {path: _holding(mine, content) for path, content in given.items()}
            far = {name: self._pipe(mine, name) for name in ("stdout", "stderr", "status")}
            variables = dict(policy.environment)
            if further:
                far["report"] = self._pipe(mine, "report")
                far["aside"] = self._input(mine, "aside")
                variables["REPORT_FD"] = str(far["report"])
                variables["ASIDE_FD"] = str(far["aside"])
            seccomp, block = _holding(mine, seccomp_filter()), self._input(mine, "block")
            entry = Entrance(form(), uid, held, seccomp, far["status"], block)
            policy = SandboxPolicy(policy.bound, variables, policy.texts)
            words = told(self.spec, policy, entry)
            told_by = _holding(mine, "".join(f"{word}\0" for word in words).encode())
            inherited = [far[name] for name in far if name not in ("stdout", "stderr")]
            life, gone = self._input(mine, "life"), self._pipe(mine, "gone")
            passed = (*held.values(), *inherited, seccomp, block, told_by, life, gone)
            stdin = self._input(mine, "stdin")
            line = [str(wrapper().path), "--args", str(told_by), "--"]
            self._process = subprocess.Popen(
                [*watched(life, gone, inherited), *line, *inside(entry, command)],
                stdin=stdin,
                stdout=far["stdout"],
                stderr=far["stderr"],
                pass_fds=passed,
                env={},  # process 1 inside keeps the environment that it was started with
                cwd="/",
                start_new_session=True,
            )
        self._block = self._near.pop("block")
        self._life, self._gone = self._near.pop("life"), self._near.pop("gone")
        self.pipes = Pipes(**self._near)

    def _pipe(self, mine: ExitStack, name: str) -> int:
        """Open a pipe to read here; return the far end."""
        near, far = os.pipe()
        self._near[name] = near
        self._open.append(near)
        mine.callback(os.close, far)
        return far

    def _input(self, mine: ExitStack, name: str) -> int:
        """Open a pipe to write here; return the far end."""
        far, self._near[name] = os.pipe()
        self._open.append(self._near[name])
        mine.callback(os.close, far)
        return far

    def _first(self) -> Inhabitants:
        """Return who lives there, once bubblewrap says which process is the first.

        Raises:
            SandboxError: with what it says instead.
        """
        until = time.monotonic() + _START
        while b"}" not in self._said:
            ready, _, _ = select.select([self.pipes.status], [], [], until - time.monotonic())
            block = os.read(self.pipes.status, 4096) if ready else b""
            if not block:
                raise self.failure()
            self._said += block
        number = json_text.parse(self._said[: self._said.index(b"}") + 1])["child-pid"]
        try:
            return Inhabitants(number, self._process.pid)
        except ProcessLookupError as error:
            raise self.failure() from error

    def _limit(self) -> None:
        """Set the limits of the first process, whom all others have them of; let it go on."""
        try:
            for number, most in limits(self.spec).items():
                _, hard = resource.prlimit(self.people.first, number)
                bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
                resource.prlimit(self.people.first, number, (bound, bound))
            mine = sorted(os.sched_getaffinity(0))
            chosen = random.sample(mine, min(self.spec.cores, len(mine)))
            os.sched_setaffinity(self.people.first, chosen)  # nothing inside can change it
            self.group.take(self.people.first)
        except OSError as error:
            raise self.failure() from error
        os.write(self.pipes.stdin, GO)
        os.write(self._block, b"x")

    def failure(self, said: bytes = b"") -> SandboxError:
        """Return why bubblewrap started nothing, by what it says.

        Args:
            said: what was read of its errors already.
        """
        self._end()
        with suppress(OSError):
            os.set_blocking(self.pipes.stderr, False)
            said += os.read(self.pipes.stderr, 4096)
        return refusal(said.decode(errors="replace"))

    def started(self, status: bytes) -> bool:
        """Whether the command was started, by all that bubblewrap said before it ended."""
        return b"exit-code" in self._said + status

    def look(self) -> Why:
        """Return which limit they pass together that the kernel does not hold; empty = none."""
        if self.people.memory(self.spec.memory) > self.spec.memory:
            return "memory"
        scratch = self.scratch()
        return "files" if scratch is not None and scratch.names() > self.spec.files else ""

    def scratch(self) -> Scratch | None:
        """Return the folder that they write; None before bubblewrap has made it."""
        if self._scratch is None:
            self._scratch = opened_scratch(self.people.first, self.spec.scratch)
            if self._scratch is not None:
                self._stack.callback(self._scratch.close)
        return self._scratch

    def written(self, fd: int) -> None:
        """Take note that an end was closed, or will be, by somebody else."""
        self._open.remove(fd)

    def _end(self) -> None:
        process = getattr(self, "_process", None)
        if process is not None:
            with suppress(ProcessLookupError):
                process.kill()
            process.wait()

    def end(self) -> int | None:
        """Kill whoever is left, wait until nobody is, and return the command's status."""
        self.people.end()
        self.people.wait(_END)
        with suppress(subprocess.TimeoutExpired):
            return self._process.wait(_END)
        self._end()
        return None

    def close(self) -> None:
        """End it, and let go of everything; more than once if need be."""
        if hasattr(self, "people"):
            self.end()
        self._end()
        self._stack.close()
        if self._life in self._open:  # the watcher ends with it, and is waited for
            self._open.remove(self._life)
            os.close(self._life)
            select.select([self._gone], [], [], _END)
        while self._open:
            os.close(self._open.pop())


def _holding(stack: ExitStack, content: bytes) -> int:
    """Return a descriptor that is read as `content`; it lies in no folder."""
    fd = os.memfd_create("llmx")
    stack.callback(os.close, fd)
    with os.fdopen(os.dup(fd), "wb") as file:
        file.write(content)
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


_SAYS = {
    "No permissions to creat": "this machine lets nobody make the namespaces of one",
    "Creating new namespace failed": "this machine makes no more namespaces",
    "setting up uid map": "this machine lets nobody map users (AppArmor, or a container)",
    "system call filter": "the kernel refuses its system-call filter",
    "No space left": "the disk, or a memory file system, is full",
    "Can't find source path": "something that is bound is missing",
    "Operation not permitted": "this machine does not allow one",
    "Permission denied": "this machine does not allow one",
}


def refusal(said: str) -> SandboxError:
    """Return the error of a bubblewrap that started nothing, in one line."""
    line = next((one for one in said.splitlines() if one.strip()), "it says nothing")
    why = next((told for mark, told in _SAYS.items() if mark in said), "bubblewrap did not start")
    return SandboxError(f"there is no sandbox here: {why}: {line[:200]}", "llmx doctor sandbox")
