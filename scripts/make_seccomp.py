"""Make the system-call filters of the sandbox (llmx/sandbox/seccomp), with libseccomp's binding.

    python scripts/make_seccomp.py

Needs `python3-seccomp` (Debian) or `pyseccomp` (PyPI). The filters ship with llmx, and a test makes
them again where the binding is there. Everything that is not named here is allowed.
"""

from __future__ import annotations

import argparse
import errno
import importlib
import tempfile
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "llmx" / "sandbox" / "seccomp"
MACHINES = {"x86_64": "X86_64", "aarch64": "AARCH64"}
AF_UNIX = 1
# The kernel reads 32 bits of an ioctl's number, a filter 64: compared whole, a high bit evades it.
LOW = 0xFFFFFFFF
TIOCSTI, TIOCLINUX = 0x5412, 0x541C
NEW_NAMESPACES = (
    *(0x00020000, 0x02000000, 0x04000000, 0x08000000),  # mount, cgroup, uts, ipc
    *(0x10000000, 0x20000000, 0x40000000),  # user, pid, network
)

DENIED = (
    # Other processes, and what they hold.
    *("ptrace", "process_vm_readv", "process_vm_writev", "kcmp", "pidfd_getfd", "process_madvise"),
    # Keys of the kernel, which no namespace parts.
    *("add_key", "request_key", "keyctl"),
    # Large parts of the kernel that a program does without.
    *("bpf", "perf_event_open", "userfaultfd", "io_uring_setup", "io_uring_enter"),
    *("io_uring_register", "fanotify_init", "lookup_dcookie", "personality", "vhangup"),
    # Mounts, namespaces, roots, and files by their handle.
    *("mount", "umount2", "pivot_root", "move_mount", "open_tree", "fsopen", "fsconfig", "fsmount"),
    *("fspick", "mount_setattr", "setns", "unshare", "chroot", "open_by_handle_at"),
    *("name_to_handle_at", "mknod", "mknodat", "quotactl", "quotactl_fd"),
    # The machine.
    *("kexec_load", "kexec_file_load", "init_module", "finit_module", "delete_module", "reboot"),
    *("swapon", "swapoff", "syslog", "acct", "settimeofday", "clock_settime", "clock_adjtime"),
    *("adjtimex", "sethostname", "setdomainname", "iopl", "ioperm"),
    # The cores and the priority that were given to it.
    *("sched_setaffinity", "sched_setscheduler", "sched_setattr", "sched_setparam"),
    # Memory that is no process's: neither its own limit nor the watcher sees it.
    *("memfd_create", "memfd_secret", "shmget", "msgget", "semget", "mq_open"),
    # Every family. A pair of one family that leads nowhere else is allowed below.
    "socket",
)


def program(binding: Any, machine: str) -> bytes:
    """Return the filter of one machine as the kernel takes it (`struct sock_filter[]`)."""
    found = binding.SyscallFilter(defaction=binding.ALLOW)
    wanted = getattr(binding.Arch, MACHINES[machine])
    if not found.exist_arch(wanted):
        found.add_arch(wanted)
        found.remove_arch(binding.Arch.NATIVE)  # a call of another machine ends the process
    refuse = binding.ERRNO(errno.EPERM)
    for name in DENIED:
        found.add_rule(refuse, name)
    for flag in NEW_NAMESPACES:
        found.add_rule(refuse, "clone", binding.Arg(0, binding.MASKED_EQ, flag, flag))
    # Its flags lie in memory, where a filter cannot look; libraries then use `clone`.
    found.add_rule(binding.ERRNO(errno.ENOSYS), "clone3")
    found.add_rule(refuse, "socketpair", binding.Arg(0, binding.NE, AF_UNIX))
    for number in (TIOCSTI, TIOCLINUX):
        found.add_rule(refuse, "ioctl", binding.Arg(1, binding.MASKED_EQ, LOW, number))
    with tempfile.TemporaryFile() as file:
        found.export_bpf(file)
        file.seek(0)
        return file.read()


def binding() -> Any:
    """Return libseccomp's binding, Debian's or PyPI's.

    Raises:
        ImportError: if there is none.
    """
    try:
        return importlib.import_module("seccomp")
    except ImportError:
        return importlib.import_module("pyseccomp")


def main() -> None:
    """Write both filters."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    for machine in MACHINES:
        made = program(binding(), machine)
        (FOLDER / f"{machine}.bpf").write_bytes(made)
        print(f"{machine}: {len(made)} bytes")


if __name__ == "__main__":
    main()
