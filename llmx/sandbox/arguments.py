"""What bubblewrap is told: the policy as its arguments. It is a toolkit: these are the cage."""

from __future__ import annotations

import resource
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from llmx.core.sandbox import SandboxPolicy, SandboxSpec
from llmx.sandbox.found import Form, tool

SCRATCH = "/scratch"
"""The one folder inside that can be written, beside ``/tmp`` (a link to a part of it)."""
BASH = "/bin/bash"
"""The shell that a cage needs on the host, and a session inside."""
GO = b"go\n"
"""What the host writes to the input of a command before anything else."""
_SHM = 8 << 20  # bytes; Python's locks between processes lie there
_NOFILE = 256

_ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "HOME": SCRATCH,
    "TMPDIR": SCRATCH,
    "LANG": "C.UTF-8",
    "PAGER": "cat",
}
_PASSWD = "user:x:{0}:{0}:user:/scratch:/bin/sh\n"
_GROUP = "user:x:{0}:\n"
_MERGED = ("/bin", "/lib", "/lib64", "/lib32", "/sbin")
# Programs of Debian are links into the first; the second names the places of libraries.
_OF_ETC = ("/etc/alternatives", "/etc/ld.so.cache")


@dataclass(frozen=True)
class Entrance:
    """Who a command is inside, and by which descriptors bubblewrap reads what it is given.

    Attributes:
        uid: user and group; in a user namespace what the caller becomes, else nobody's.
        files: absolute path inside → descriptor with its content.
        seccomp: descriptor of the filter.
        status: descriptor to which it says which process is the first, and how it ended.
        block: descriptor on which the first process waits before it starts another.
    """

    form: Form
    uid: int
    files: Mapping[str, int]
    seccomp: int
    status: int
    block: int


def small_files(uid: int) -> dict[str, bytes]:
    """Return the files of ``/etc`` that programs look for: they name one user."""
    return {
        "/etc/passwd": _PASSWD.format(uid).encode(),
        "/etc/group": _GROUP.format(uid).encode(),
    }


def arguments(spec: SandboxSpec, policy: SandboxPolicy, entry: Entrance) -> list[str]:
    """Return the arguments of bubblewrap, without the command."""
    return [
        *_namespaces(entry),
        *_system(),
        *(word for path in _OF_ETC for word in ("--ro-bind-try", path, path)),
        *_parents([*entry.files, *(one.at for one in policy.bound)]),
        *(word for path, fd in entry.files.items() for word in _text(path, fd)),
        *(word for one in policy.bound for word in ("--ro-bind", str(one.source), one.at)),
        *("--proc", "/proc", "--dev", "/dev"),
        *_sized("/dev/shm", min(_SHM, spec.scratch)),
        *_sized(SCRATCH, spec.scratch),
        *("--symlink", SCRATCH.lstrip("/"), "/tmp"),
        *("--remount-ro", "/dev", "--remount-ro", "/"),
        *("--chdir", SCRATCH, "--clearenv"),
        *_variables({**_ENVIRONMENT, **policy.environment}),
        *("--seccomp", str(entry.seccomp), "--json-status-fd", str(entry.status)),
        *("--block-fd", str(entry.block), "--die-with-parent"),
    ]


def _namespaces(entry: Entrance) -> Iterable[str]:
    yield from ("--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts")
    yield from ("--unshare-cgroup-try", "--hostname", "sandbox", "--cap-drop", "ALL")
    if entry.form == "user":
        yield from ("--unshare-user", "--disable-userns")
        yield from ("--uid", str(entry.uid), "--gid", str(entry.uid))
    else:  # what setpriv needs to become nobody; it keeps none of them
        for name in ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP"):
            yield from ("--cap-add", name)


def _system() -> Iterable[str]:
    """Yield the system's programs: `/usr`, and what leads into it, as it does on the host."""
    yield from ("--ro-bind", "/usr", "/usr")
    for path in map(Path, _MERGED):
        if path.is_symlink():
            yield from ("--symlink", f"usr{path}", str(path))
        elif path.is_dir():
            yield from ("--ro-bind", str(path), str(path))


def _parents(paths: Iterable[str]) -> Iterable[str]:
    """Yield the folders above what is bound, open to everybody: bubblewrap may close them."""
    chains = (reversed(PurePosixPath(path).parents) for path in paths)
    above = dict.fromkeys(str(parent) for chain in chains for parent in chain)
    return (word for path in above if path != "/" for word in ("--perms", "0755", "--dir", path))


def _text(path: str, fd: int) -> Iterable[str]:
    return "--perms", "0444", "--ro-bind-data", str(fd), path


def _sized(path: str, size: int) -> Iterable[str]:
    return "--perms", "1777", "--size", str(size), "--tmpfs", path


def _variables(found: Mapping[str, str]) -> Iterable[str]:
    return (word for name, value in found.items() for word in ("--setenv", name, value))


def inside(entry: Entrance, command: Sequence[str]) -> list[str]:
    """Return the command with what it passes first.

    As root it becomes nobody, by `setpriv`. Then it reads :data:`GO`. The first process of a cage
    goes on when whoever started it is killed; nothing comes then, and nothing is run.
    """
    # A user's own processes outside are in the group of the first one: it leaves the group.
    first = _nobody(entry.uid) if entry.form == "root" else [str(tool("setsid"))]
    return [*first, "/bin/sh", "-c", 'read -r go && exec "$@"', "sh", *command]


def watched(life: int, gone: int, others: Iterable[int]) -> list[str]:
    """Return the words before bubblewrap by which it ends with whoever started it.

    It binds its life to its parent's itself (``--die-with-parent``), but only some milliseconds
    after its start, in each of its processes. So a shell first leaves a process behind that waits
    for the end of a pipe, and then kills its process group: everybody up to the first one inside.

    Args:
        life: the pipe's descriptor, which nobody else inside keeps.
        gone: descriptor that the waiting process alone keeps: it ends with it.
        others: descriptors that the waiting process lets go of, else they would never end.
    """
    closed = " ".join(f"{fd}>&-" for fd in others)
    waits = f"{{ read -r end; kill -9 0; }} <&{life} >/dev/null 2>&1 {closed} &"
    return [BASH, "-c", f'{waits} exec "$@" {life}<&- {gone}>&-', "watch"]


def _nobody(uid: int) -> list[str]:
    return [
        str(tool("setpriv")),
        *("--reuid", str(uid), "--regid", str(uid), "--clear-groups"),
        *("--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all", "--no-new-privs"),
        "--",
    ]


def limits(spec: SandboxSpec) -> dict[int, int]:
    """Return the limits of a process by their number in ``resource``.

    That on processes counts those of its user, who is in no other cage. What has to hold for all
    processes together is watched (:meth:`llmx.sandbox.launch.Cage.look`).
    """
    return {
        resource.RLIMIT_NPROC: spec.processes,
        resource.RLIMIT_AS: spec.memory,
        resource.RLIMIT_FSIZE: spec.scratch,
        resource.RLIMIT_NOFILE: _NOFILE,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_MEMLOCK: 1 << 16,
        resource.RLIMIT_MSGQUEUE: 0,
        resource.RLIMIT_NICE: 0,
        resource.RLIMIT_RTPRIO: 0,
    }
