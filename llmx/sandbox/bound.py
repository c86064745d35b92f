"""What is bound into a cage, checked before anything runs: a bind mount follows every hard link."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from llmx.core.errors import SandboxError
from llmx.core.names import on_one_line
from llmx.core.sandbox import BoundTree, SandboxPolicy
from llmx.sandbox.arguments import SCRATCH

_TAKEN = ("/proc", "/dev", "/usr", "/etc", "/bin", "/sbin", "/lib", "/lib64", "/tmp", SCRATCH)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


def check_policy(policy: SandboxPolicy) -> None:
    """Refuse a policy that binds what it should not, or in the place of something else.

    Raises:
        SandboxError: naming the first.
    """
    for one in policy.bound:
        _check_place(one.at)
        _check_source(one)
    for path in policy.texts:
        _check_place(path)
    for name, value in policy.environment.items():
        if not _NAME.fullmatch(name) or "\0" in value:
            raise SandboxError(f"'{name}' is no variable that a sandbox can have")


def _check_place(at: str) -> None:
    path = PurePosixPath(at)
    plain = path.is_absolute() and str(path) == at and not {"..", "\0"} & {*path.parts, *at}
    if not plain or at == "/" or any(path.is_relative_to(one) for one in _TAKEN):
        raise SandboxError(f"'{at}' is no place in a sandbox", "name an absolute one, e.g. /corpus")


def _check_source(one: BoundTree) -> None:
    source = one.source
    if not source.is_absolute() or not source.exists():
        raise SandboxError(f"{source} cannot be bound into a sandbox: it is not there")
    if one.manifest is not None:
        check_tree(source, dict(one.manifest))


def manifest_of(folder: Path) -> dict[str, str]:
    """Return relative path → SHA-256 of every file below a folder.

    Raises:
        SandboxError: for anything that is no plain file or folder of its own.
    """
    return {name: _sha256(path) for name, path in _plain_files(folder)}


def check_tree(folder: Path, manifest: dict[str, str]) -> None:
    """Refuse a tree that is not exactly what its manifest says.

    Raises:
        SandboxError: naming the first link, device, further, missing or changed file.
    """
    left = dict(manifest)
    for name, path in _plain_files(folder):
        if name not in left:
            raise _unfit(path, "is not in the manifest")
        if _sha256(path) != left.pop(name):
            raise _unfit(path, "is not what the manifest says")
    for lost in left:
        raise _unfit(folder / lost, "is missing")


def _plain_files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield (relative path, path) of every file, in the order of the names."""
    for place, folders, names in os.walk(folder, onerror=_unlisted):
        folders.sort()
        for name in (*folders, *sorted(names)):
            path = Path(place, name)
            found = path.lstat()
            if stat.S_ISDIR(found.st_mode):
                continue
            if stat.S_ISLNK(found.st_mode):
                raise _unfit(path, "is a symbolic link")
            if not stat.S_ISREG(found.st_mode):
                raise _unfit(path, "is no regular file")
            if found.st_nlink != 1:
                raise _unfit(path, "has a second name, a hard link")
            yield str(path.relative_to(folder)), path


def _unlisted(error: OSError) -> None:
    raise _unfit(Path(str(error.filename)), f"cannot be listed: {error.strerror}")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _unfit(path: Path, why: str) -> SandboxError:
    return SandboxError(f"'{on_one_line(str(path))}' cannot be bound into a sandbox: it {why}")
