"""Attacks on what lies outside: files, secrets, the network."""

from __future__ import annotations

from llmx.sandbox.attacks.attack import attacks_of

_ALL_PROC = """
for one in os.listdir("/proc"):
    if one.isdigit():
        for place in ({places}):
            reads(f"/proc/{{one}}/{{place}}" + {tail})
"""

FILES = attacks_of(
    "files",
    ("by its path", 'reads(E["GOLD"])'),
    ("by parents of the scratch folder", 'reads("../" * 40 + E["GOLD"])'),
    ("by a link", 'os.symlink(E["GOLD"], "link"); reads("link")'),
    ("by roots of processes", _ALL_PROC.format(places='"root", "cwd"', tail='E["GOLD"]')),
    (
        "by open descriptors",
        """
for fd in range(3, 4096):
    try: found = os.fstat(fd)
    except OSError: continue
    escaped(f"descriptor {fd} {os.readlink('/proc/self/fd/%d' % fd)}")
""",
    ),
    (
        "by descriptors of other processes",
        """
for one in os.listdir("/proc"):
    if one.isdigit() and int(one) not in (os.getpid(), os.getppid()):
        try: held = os.listdir(f"/proc/{one}/fd")
        except OSError: continue
        for fd in held:
            try: aim = os.readlink(f"/proc/{one}/fd/{fd}")
            except OSError: continue
            if aim.startswith("/") and not aim.startswith(("/dev/null", "/proc/")): escaped(aim)
            reads(f"/proc/{one}/fd/{fd}{E['GOLD']}")
""",
    ),
    (
        "by the handle of its inode",
        """
handle = bytes.fromhex(E.get("HANDLE", ""))
if handle:
    mount = os.open(E.get("MOUNT", "/usr"), os.O_RDONLY)
    buffer = ctypes.create_string_buffer(handle)
    fd = libc.syscall(nr(304, 265), mount, buffer, os.O_RDONLY)
    print(os.read(fd, 4096) if fd >= 0 else os.strerror(ctypes.get_errno()))
""",
    ),
    (
        "by the disk itself",
        """
for name in ("vda", "vda1", "sda", "sda1", "nvme0n1", "mem", "kmem", "port"):
    try: os.open("/dev/" + name, os.O_RDONLY); escaped(name)
    except OSError: pass
for line in open("/proc/self/mountinfo"):
    major, minor = map(int, line.split()[2].split(":"))
    if major:
        try: os.mknod("disk", 0o600 | 0o060000, os.makedev(major, minor))
        except OSError: continue
        escaped("a node"); break
""",
    ),
    (
        "writing into what is bound",
        """
for name in ("new", "text.txt"):
    try: os.open(f"{E['CORPUS']}/{name}", os.O_WRONLY | os.O_CREAT); escaped(name)
    except OSError: pass
""",
    ),
    (
        "changing the mode of what is bound",
        """
try: os.chmod(E["CORPUS"] + "/text.txt", 0o600); escaped()
except OSError: pass
""",
    ),
    (
        "leaving a pipe with a name for the reader to hang on",
        """
try: os.mkfifo("answer.txt"); escaped()
except OSError: pass
""",
    ),
    (
        "writing into the root, or /dev",
        """
for path in ("/new", "/etc/new", "/dev/new", "/usr/new", "/root/new", "/var/new"):
    try: os.open(path, os.O_WRONLY | os.O_CREAT); escaped(path)
    except OSError: pass
""",
    ),
)

SECRETS = attacks_of(
    "environment",
    ("its own", 'print("ESCAPED" if E.get("PLANTED", "-") in E else "")'),
    (
        "of every process",
        """
for one in os.listdir("/proc"):
    if one.isdigit():
        try: held = open(f"/proc/{one}/environ", "rb").read()
        except OSError: continue
        if E["PLANTED"].encode() + b"=" in held: escaped(one)
""",
    ),
    (
        "command lines of the host",
        """
for one in os.listdir("/proc"):
    if one.isdigit():
        try: held = open(f"/proc/{one}/cmdline", "rb").read()
        except OSError: continue
        if E["MARK"].encode() in held: escaped(one)
""",
    ),
)

_CONNECTS = """
try:
    found = socket.socket(socket.{family}, socket.{kind})
    found.settimeout(1)
    found.connect({where})
    {then}
    escaped()
except OSError as error: print(error)
"""
_OPENS = """
try: socket.socket({family}, socket.{kind}); escaped()
except OSError as error:
    print(error)
    if error.errno != errno.EPERM: escaped("the kernel looked at it")
"""

NETWORK = attacks_of(
    "network",
    (
        "TCP to this machine",
        _CONNECTS.format(
            family="AF_INET", kind="SOCK_STREAM", where='("127.0.0.1", int(E["PORT"]))', then="pass"
        ),
    ),
    (
        "UDP",
        _CONNECTS.format(
            family="AF_INET",
            kind="SOCK_DGRAM",
            where='("127.0.0.1", int(E["PORT"]))',
            then='found.send(b"x")',
        ),
    ),
    (
        "IPv6",
        _CONNECTS.format(
            family="AF_INET6", kind="SOCK_DGRAM", where='("::1", int(E["PORT"]))', then="pass"
        ),
    ),
    (
        "a Unix socket with a path",
        _CONNECTS.format(family="AF_UNIX", kind="SOCK_STREAM", where='E["UNIX"]', then="pass"),
    ),
    (
        "a Unix socket without one",
        _CONNECTS.format(
            family="AF_UNIX", kind="SOCK_STREAM", where='"\\0" + E["ABSTRACT"]', then="pass"
        ),
    ),
    ("netlink", _OPENS.format(family="socket.AF_NETLINK", kind="SOCK_RAW")),
    ("packets", _OPENS.format(family="17", kind="SOCK_RAW")),
    ("the machine's host, by vsock", _OPENS.format(family="40", kind="SOCK_STREAM")),
    ("the kernel's ciphers", _OPENS.format(family="38", kind="SOCK_SEQPACKET")),
    (
        "a pair of another family",
        """
two = (ctypes.c_int * 2)()
for family in (2, 10, 30):
    if libc.socketpair(family, 1, 0, two) == 0 or ctypes.get_errno() != errno.EPERM: escaped(family)
""",
    ),
    (
        "a ring of requests",
        """
parameters = ctypes.create_string_buffer(120)
allowed(libc.syscall(425, 8, parameters))
""",
    ),
)
