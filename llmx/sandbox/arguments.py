"""What bubblewrap is told: the policy as its arguments. It is a toolkit: these are the cage."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from llmx.core.sandbox import SandboxPolicy, SandboxSpec
from llmx.sandbox.found import Form, tool

SCRATCH = "/scratch"
"""The one folder inside that can be written, beside ``/tmp`` (a link to a part of it)."""
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
    """

    form: Form
    uid: int
    files: Mapping[str, int]
    seccomp: int
    status: int


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
        *("--new-session", "--die-with-parent"),
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


def inside(spec: SandboxSpec, entry: Entrance, command: Sequence[str]) -> list[str]:
    """Return the command with what it passes first: it becomes nobody, and gets its limits.

    Limits are set inside: those on processes count a user's, and outside the user has others.
    """
    nobody = _nobody(entry.uid) if entry.form == "root" else []
    return [*nobody, *_limits(spec), "--", *command]


def _nobody(uid: int) -> list[str]:
    return [
        str(tool("setpriv")),
        *("--reuid", str(uid), "--regid", str(uid), "--clear-groups"),
        *("--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all", "--no-new-privs"),
        "--",
    ]


def _limits(spec: SandboxSpec) -> list[str]:
    """Return `prlimit` with the limits; all of them hold for each process, one for all of a user's.

    What has to hold for all of them together is watched (:meth:`llmx.sandbox.launch.Cage.look`).
    """
    return [
        str(tool("prlimit")),
        f"--nproc={spec.processes}",
        f"--as={spec.memory}",
        f"--fsize={spec.scratch}",
        f"--nofile={_NOFILE}",
        "--core=0",
        "--memlock=65536",
        "--msgqueue=0",
        "--nice=0",
        "--rtprio=0",
    ]
