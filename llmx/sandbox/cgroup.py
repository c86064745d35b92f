"""A control group around a cage, where one can be written: it bounds what no process limit does."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from llmx.core.sandbox import SandboxSpec

_ROOT = Path("/sys/fs/cgroup")
_OVERHEAD = 1  # the first process, which is bubblewrap's


@dataclass(frozen=True)
class ControlGroup:
    """Groups of one cage, one a controller; none where none can be written.

    Attributes:
        folders: controller → its folder.
    """

    folders: dict[str, Path]

    @classmethod
    def made(cls, spec: SandboxSpec, root: Path = _ROOT) -> ControlGroup:
        """Return new groups with the limits of a specification."""
        wanted = {"pids": {"pids.max": spec.processes + _OVERHEAD}}
        found = {}
        for controller, limits in wanted.items():
            if (folder := _folder(root / controller, limits)) is not None:
                found[controller] = folder
        return cls(found)

    def take(self, process: int) -> None:
        """Put a process into these groups, before it has started another.

        Raises:
            OSError: if one does not take it.
        """
        for folder in self.folders.values():
            with (folder / "cgroup.procs").open("w") as file:
                file.write(str(process))

    def remove(self) -> None:
        """Remove them; whoever was in them has ended."""
        for folder in self.folders.values():
            with suppress(OSError):
                folder.rmdir()


def _folder(parent: Path, limits: dict[str, int]) -> Path | None:
    """Return a new group below a controller of version 1; None where none can be made."""
    if not os.access(parent, os.W_OK) or not (parent / "cgroup.procs").exists():
        return None
    folder = parent / f"llmx-{uuid4().hex[:16]}"
    try:
        folder.mkdir()
        for setting, value in limits.items():
            with (folder / setting).open("w") as file:
                file.write(str(value))
    except OSError:
        with suppress(OSError):
            folder.rmdir()
        return None
    return folder
