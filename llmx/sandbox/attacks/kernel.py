"""Attacks on other processes, the kernel, its namespaces, and the terminal."""

from __future__ import annotations

from llmx.sandbox.attacks.attack import attacks_of

SIGNALS = attacks_of(
    "signals and the kernel",
    (
        "seeing a process of the host",
        """
try: os.kill(int(E["HOST_PID"]), 0); escaped()
except ProcessLookupError: pass
except PermissionError: escaped("it is there")
""",
    ),
    ("tracing", "allowed(libc.syscall(nr(101, 117), 0, 0, 0, 0))"),
    (
        "reading another process",
        """
text = ctypes.create_string_buffer(8)
vector = (ctypes.c_void_p * 2)(ctypes.addressof(text), 8)
allowed(libc.syscall(nr(310, 270), os.getpid(), vector, 1, vector, 1, 0))
""",
    ),
    (
        "taking a descriptor of another process",
        "handle = os.pidfd_open(os.getpid())\nallowed(libc.syscall(438, handle, 0, 0))",
    ),
    ("the kernel's keys", "allowed(libc.syscall(nr(250, 219), 0, -3, 1))"),
    (
        "a setting of the kernel",
        """
for name in ("kernel/core_pattern", "vm/overcommit_memory", "kernel/hostname", "fs/file-max"):
    try: os.open("/proc/sys/" + name, os.O_WRONLY); escaped(name)
    except OSError: pass
""",
    ),
    (
        "the kernel's emergency keys",
        """
try: os.open("/proc/sysrq-trigger", os.O_WRONLY); escaped()
except OSError: pass
""",
    ),
    (
        "the kernel's log",
        "allowed(libc.syscall(nr(103, 116), 3, ctypes.create_string_buffer(99), 99))",
    ),
    (
        "programs in the kernel",
        "allowed(libc.syscall(nr(321, 280), 0, (ctypes.c_uint32 * 30)(2, 4, 4, 1), 120))",
    ),
    ("page faults in user mode", "allowed(libc.syscall(nr(323, 282), 1))"),
    (
        "typing into the terminal",
        """
for number in (0x5412, 0x5412 | 1 << 32, 0x541C):
    libc.syscall(nr(16, 29), 0, ctypes.c_ulong(number), ctypes.c_char_p(b"x"))
    if ctypes.get_errno() != errno.EPERM: escaped(hex(number))
""",
    ),
    ("the clock", "allowed(libc.syscall(nr(159, 171), (ctypes.c_long * 26)(0)))"),
)

NAMESPACES = attacks_of(
    "mounts and namespaces",
    (
        "a mount",
        'allowed(libc.mount(b"none", E.get("AIM", "/scratch").encode(), b"tmpfs", 0, None))',
    ),
    ("a file system opened by the new calls", 'allowed(libc.syscall(430, b"tmpfs", 0))'),
    ("a copy of a mount", "allowed(libc.syscall(428, -100, b'/', 1))"),
    ("a user namespace", "allowed(libc.unshare(0x10000000))"),
    (
        "a process in a user namespace",
        """
child = libc.syscall(nr(56, 220), ctypes.c_ulong(0x10000000 | 17), 0, 0, 0, 0)
if child == 0: os._exit(0)
allowed(child)
""",
    ),
    (
        "the same by the call whose flags no filter sees",
        """
arguments = (ctypes.c_uint64 * 11)(0x10000000, 0, 0, 0, 17)
child = libc.syscall(435, arguments, 88)
if child == 0: os._exit(0)
allowed(child)
""",
    ),
    (
        "another process's namespace",
        """
for name in ("mnt", "net", "pid", "uts"):
    try: fd = os.open(f"/proc/1/ns/{name}", os.O_RDONLY)
    except OSError: fd = os.open(f"/proc/self/ns/{name}", os.O_RDONLY)
    if libc.setns(fd, 0) == 0: escaped(name)
""",
    ),
    (
        "another root",
        """
try: os.chroot(E.get("AIM", "/scratch")); escaped()
except OSError: pass
""",
    ),
    (
        "a device of its own",
        """
try: os.mknod("null", 0o666 | 0o020000, os.makedev(1, 3)); escaped()
except OSError: pass
""",
    ),
    (
        "becoming root",
        """
for call in (os.setuid, os.seteuid, os.setgid, os.setegid):
    try: call(0); escaped(call.__name__)
    except OSError: pass
""",
    ),
    ("new privileges by a program", "if libc.prctl(39, 0, 0, 0, 0) != 1: escaped()"),
    (
        "a capability",
        """
for line in open("/proc/self/status"):
    if line.startswith("Cap") and int(line.split()[1], 16): escaped(line)
""",
    ),
)

TERMINAL = attacks_of(
    "terminal",
    (
        "the terminal of the host",
        """
try: os.open("/dev/tty", os.O_RDWR); escaped()
except OSError: pass
""",
    ),
)
