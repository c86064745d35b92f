"""What a sandbox is told, and what it says: a place in which a command of a stranger may run."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Protocol

from pydantic import BeforeValidator, Field

from llmx.core.record import Frozen

_UNITS = {"": 1, "B": 1, "KIB": 1 << 10, "MIB": 1 << 20, "GIB": 1 << 30}
_SIZE = re.compile(r"(\d{1,12})\s*(|B|[KMG]iB)", re.IGNORECASE)


def parsed_size(value: Any) -> Any:
    """Return bytes of ``64MiB``; a number is bytes already, and anything else is left alone."""
    found = _SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
    return value if found is None else int(found[1]) * _UNITS[found[2].upper()]


Size = Annotated[int, BeforeValidator(parsed_size)]
"""Bytes, written as ``1GiB``, ``64MiB``, ``64KiB`` or a number."""


class SandboxSpec(Frozen):
    """``sandbox: {kind: bubblewrap, …}``: which cage, and what a command in it may take."""

    kind: str = "bubblewrap"
    memory: Size = Field(
        default=1 << 30, ge=16 << 20, le=1 << 40, description="bytes of all its processes together"
    )
    processes: int = Field(default=64, ge=8, le=4096, description="at once, threads among them")
    seconds: float = Field(
        default=10.0, gt=0, le=86_400, description="of a command: wall clock, and of each process"
    )
    scratch: Size = Field(
        default=64 << 20, ge=1 << 20, le=1 << 36, description="bytes of the folder it may write"
    )
    files: int = Field(default=20_000, ge=16, le=10**7, description="names in that folder")
    output: Size = Field(
        default=64 << 10, ge=1 << 10, le=1 << 28, description="bytes kept of each stream"
    )
    cores: int = Field(default=1, ge=1, le=1024, description="of the processor")


OVER_OUTPUT = 4
"""A command that writes this many times the output that is kept is ended."""

Why = Literal["", "seconds", "memory", "files", "output", "lost"]
"""What ended a command from outside; ``lost`` = somebody else ended the cage."""


@dataclass(frozen=True)
class BoundTree:
    """A tree or a file of the host that can be read inside.

    Attributes:
        source: where it lies on the host.
        at: absolute path inside.
        manifest: relative path → SHA-256 of each file of a tree. Where it is given, the tree is
            checked before anything runs: no links, no devices, and no other file.
    """

    source: Path
    at: str
    manifest: Mapping[str, str] | None = None


@dataclass(frozen=True)
class SandboxPolicy:
    """What can be read inside, beside the system's programs, and with which environment.

    Attributes:
        environment: further variables. Nothing of the host's environment is inherited.
        texts: absolute path inside → content of a file that can be read there.
    """

    bound: tuple[BoundTree, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    texts: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class CommandOutcome:
    """How a command ended.

    Attributes:
        exit: its status; None where it was ended from outside.
        stdout: first bytes of it, as they came: controls are escaped where they are shown.
        stderr: the same of the other stream.
        cut: bytes that were read and not kept, of both streams.
        killed: which limit ended it; empty where none did.
        seconds: from its start to its end.
        layers: what protected the host meanwhile, by name.
        restarted: whether a session lost its shell: variables and folder are those of the start.
        report: what was written to the descriptor that ``$REPORT_FD`` names, where it was asked.
    """

    exit: int | None
    stdout: bytes
    stderr: bytes
    cut: int
    killed: Why
    seconds: float
    layers: tuple[str, ...]
    restarted: bool = False
    report: bytes = b""

    @property
    def timed_out(self) -> bool:
        """Whether the wall clock ended it."""
        return self.killed == "seconds"


class SandboxSession(Protocol):
    """A shell that stays, and the folder that it writes; for one thread, and no longer than it."""

    @property
    def alive(self) -> bool:
        """Whether another command can be run."""

    def run(self, command: str, seconds: float | None = None) -> CommandOutcome:
        """Run one command of the shell; `seconds` in place of the specification's.

        Raises:
            SandboxError: if the session is over.
        """

    def read(self, name: str, most: int) -> bytes:
        """Return a file below the scratch folder, at most `most` bytes of it.

        Raises:
            SandboxError: if it is missing, longer, or anything but a regular file reached without
                a link.
        """

    def close(self) -> None:
        """End everything inside."""


class Sandbox(Protocol):
    """A kind of cage: ``sandbox.KIND`` of the registry, made with a specification and a policy."""

    kind: ClassVar[str]

    def __init__(self, spec: SandboxSpec, policy: SandboxPolicy = SandboxPolicy()) -> None:
        """Take what it may, without starting anything."""

    def layers(self) -> tuple[str, ...]:
        """Return the names of what protects the host here, found by trying.

        Raises:
            SandboxError: in one line, if this cage cannot be had here.
        """

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

    def session(self) -> SandboxSession:
        """Start a shell that stays.

        Raises:
            SandboxError: if it could not be started.
        """
