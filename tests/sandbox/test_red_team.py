"""No attack of the red team escapes, as root and as a user, and each would without its layer."""

import os
import pty
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from cages import ROOT, as_user, needs_root, needs_sandbox, on_host

from llmx.core.sandbox import SandboxPolicy, SandboxSpec
from llmx.sandbox.arguments import arguments
from llmx.sandbox.attacks import ATTACKS
from llmx.sandbox.attacks.attack import ESCAPED, Attack
from llmx.sandbox.bubblewrap import Bubblewrap
from llmx.sandbox.redteam import Target, attempt, quick_ones, target, verdict

pytestmark = needs_sandbox
BY_NAME = {f"{one.family}: {one.name}": one for one in ATTACKS}


def test_there_are_enough_and_each_has_a_control():
    assert len(ATTACKS) >= 48 and len(BY_NAME) == len(ATTACKS)
    assert {one.name for one in ATTACKS} == set(CONTROLS)
    assert len(quick_ones()) >= 48


SETTINGS = ("kernel/core_pattern", "kernel/hostname", "vm/overcommit_memory", "fs/file-max")


def host_state() -> dict[str, str]:
    """What an escape would leave behind."""
    sys_ = {name: Path("/proc/sys", name).read_text() for name in SETTINGS}
    groups = sorted(map(str, Path("/sys/fs/cgroup").glob("*/llmx-*")))
    mounts = Path("/proc/self/mountinfo").read_text()
    return {
        **sys_,
        "mounts": mounts,
        "groups": str(groups),
        "affinity": str(os.sched_getaffinity(0)),
    }


@pytest.fixture(scope="module")
def aim():
    before = host_state()
    with target() as found:
        yield found
        assert sorted(path.name for path in found.corpus.iterdir()) == ["text.txt"]
        assert (found.corpus / "text.txt").read_text() == "a text of the corpus"
    assert host_state() == before


@pytest.fixture(scope="module")
def bare():
    """What controls aim at, who may spoil it."""
    with target() as found:
        yield found


def wrong(aim: Target) -> dict[str, str]:
    """What is wrong with how attacks ended; all of them, one after the other."""
    ends = {name: verdict(one, aim, attempt(one, aim)) for name, one in BY_NAME.items()}
    return {name: why for name, why in ends.items() if why}


def test_nothing_escapes(aim):
    assert wrong(aim) == {}


@needs_root
def test_nothing_escapes_from_a_users_cage(aim):
    assert as_user(partial(wrong, aim)) == {}


Control = Callable[[Attack, Target, Path], str]


def host(attack: Attack, aim: Target, folder: Path, **more: object) -> str:
    """On the host, by the rights of who runs the tests."""
    told = {"CORPUS": str(aim.corpus), "AIM": str(folder), "MOUNT": str(aim.corpus)}
    secret = {aim.environment["PLANTED"]: aim.canary}
    return on_host(attack.source, {**aim.environment, **told, **secret}, folder, **more)


def by_root(attack: Attack, aim: Target, folder: Path, **more: object) -> str:
    if not ROOT:
        pytest.skip("only root can do it on the host")
    return host(attack, aim, folder, **more)


def caged(
    attack: Attack, aim: Target, folder: Path, edit: Callable[[list[str]], list[str]] = list
) -> str:
    """In a cage whose arguments are other ones."""

    def told(*given):
        return edit(arguments(*given))

    def made(spec: SandboxSpec, policy: SandboxPolicy) -> Bubblewrap:
        return Bubblewrap(spec, policy, told=told)

    found = attempt(attack, aim, made)
    return (found.stdout + found.stderr).decode(errors="replace")


def without(name: str, values: int = 0) -> Control:
    """Without an argument and the values that follow it."""

    def edit(words: list[str]) -> list[str]:
        at = words.index(name)
        return words[:at] + words[at + 1 + values :]

    return partial(caged, edit=edit)


def loose(**limits: object) -> Control:
    """With other limits."""

    def control(attack: Attack, aim: Target, folder: Path) -> str:
        return caged(replace(attack, limits={**attack.limits, **limits}), aim, folder)

    return control


def replaced(old: tuple[str, ...], new: tuple[str, ...]) -> Control:
    """With some arguments in the place of others."""

    def edit(words: list[str]) -> list[str]:
        at = next(i for i in range(len(words)) if tuple(words[i : i + len(old)]) == old)
        return [*words[:at], *new, *words[at + len(old) :]]

    return partial(caged, edit=edit)


def open_root(words: list[str]) -> list[str]:
    at = words.index("--chdir")
    return [*words[: at - 4], "--chmod", "0777", "/", *words[at:]]


def bound_for_writing(words: list[str]) -> list[str]:
    at = words.index("/corpus", words.index("--ro-bind", len(words) // 2 - 20)) - 2
    return [*words[:at], "--bind", *words[at + 1 :]]


def leaking(attack: Attack, aim: Target, folder: Path) -> str:
    fd = os.open(folder, os.O_RDONLY)
    try:
        return host(attack, aim, folder, fds=(fd,))
    finally:
        os.close(fd)


def private_mounts(attack: Attack, aim: Target, folder: Path) -> str:
    return by_root(attack, aim, folder, before=("unshare", "-m", "--propagation", "private"))


def at_a_terminal(attack: Attack, aim: Target, folder: Path) -> str:
    child, fd = pty.fork()
    if child == 0:
        os.execv(sys.executable, [sys.executable, "-I", "-S", "-c", attack.source])
    said = b""
    try:
        while block := os.read(fd, 4096):
            said += block
    except OSError:  # the other side has ended
        pass
    os.waitpid(child, 0)
    os.close(fd)
    return said.decode(errors="replace")


no_filter = without("--seccomp", 1)
SHM = ("--size", str(8 << 20), "--tmpfs", "/dev/shm")
CONTROLS: dict[str, Control] = {
    **{f"by {name}": host for name in ("its path", "a link", "roots of processes")},
    "by parents of the scratch folder": host,
    "by open descriptors": leaking,
    "by descriptors of other processes": host,
    "by the handle of its inode": by_root,
    "by the disk itself": by_root,
    "writing into what is bound": partial(caged, edit=bound_for_writing),
    "changing the mode of what is bound": host,
    "leaving a pipe with a name for the reader to hang on": no_filter,
    "writing into the root, or /dev": partial(caged, edit=open_root),
    **{name: host for name in ("its own", "of every process", "command lines of the host")},
    **{name: host for name in ("TCP to this machine", "UDP", "IPv6")},
    **{f"a Unix socket {name}": host for name in ("with a path", "without one")},
    **{name: no_filter for name in ("netlink", "the machine's host, by vsock")},
    **{name: no_filter for name in ("the kernel's ciphers", "a pair of another family")},
    **{"packets": by_root, "a ring of requests": no_filter},
    **{name: loose(processes=400) for name in ("processes", "threads")},
    "memory of one process": loose(memory=1 << 30),
    "memory of several together": loose(memory=1 << 30),
    "memory of no process: files without a name": no_filter,
    "memory of no process: System V": no_filter,
    "the disk, file after file": loose(scratch=64 << 20),
    "shared memory in /dev/shm": replaced(SHM, ("--size", str(64 << 20), *SHM[2:])),
    "names": loose(files=10**6),
    **{name: loose(output=2 << 20) for name in ("output", "the other stream")},
    **{name: loose(seconds=20) for name in ("time, without an end", "time, deaf to every signal")},
    "more cores": no_filter,
    **{name: by_root for name in ("higher limits", "a higher priority")},
    "seeing a process of the host": without("--unshare-pid"),
    **{name: no_filter for name in ("tracing", "reading another process")},
    **{name: no_filter for name in ("taking a descriptor of another process", "the kernel's keys")},
    **{name: by_root for name in ("a setting of the kernel", "the kernel's emergency keys")},
    **{name: by_root for name in ("the kernel's log", "programs in the kernel")},
    **{name: no_filter for name in ("page faults in user mode", "typing into the terminal")},
    "the clock": no_filter,
    "a mount": private_mounts,
    **{name: by_root for name in ("a file system opened by the new calls", "a copy of a mount")},
    **{name: no_filter for name in ("a user namespace", "a process in a user namespace")},
    "the same by the call whose flags no filter sees": no_filter,
    **{name: by_root for name in ("another process's namespace", "another root")},
    **{name: by_root for name in ("a device of its own", "becoming root", "a capability")},
    "new privileges by a program": host,
    "the terminal of the host": at_a_terminal,
}
# Whoever is in a user namespace of his own needs no filter to be kept out of another.
BY_ROOT_ALONE = ("a user namespace", "a process in a user namespace", "the same by the call")


@pytest.mark.parametrize("name", BY_NAME)
def test_an_attack_succeeds_without_the_layer_that_stops_it(name, bare, tmp_path):
    attack, aim = BY_NAME[name], bare
    if not ROOT and attack.name.startswith(BY_ROOT_ALONE):
        pytest.skip("in a user's cage two layers stop it")
    if attack.name == "more cores" and len(os.sched_getaffinity(0)) < 2:
        pytest.skip("there is one core here")
    if "inode" in attack.name and not aim.environment["HANDLE"]:
        pytest.skip("files of this file system have no handles")
    if "emergency" in attack.name and not Path("/proc/sysrq-trigger").exists():
        pytest.skip("this kernel has none")
    said = CONTROLS[attack.name](attack, aim, tmp_path)
    assert ESCAPED in said or aim.canary in said, said
