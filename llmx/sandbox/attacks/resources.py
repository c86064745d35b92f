"""Attacks on what a program may take."""

from __future__ import annotations

from llmx.sandbox.attacks.attack import attacks_of

_SMALL = {"memory": 128 << 20}
_HOLD = 'held = bytearray({size}); held[::4096] = b"x" * len(held[::4096]); '

RESOURCES = attacks_of(
    "resources",
    (
        "processes",
        """
made = 0
for _ in range(150):
    try: child = os.fork()
    except OSError: break
    if child == 0: time.sleep(1); os._exit(0)
    made += 1
if made >= 64: escaped(made)
else: print(made)
""",
    ),
    (
        "threads",
        """
import threading
threading.stack_size(1 << 18)
made = 0
for _ in range(150):
    try: threading.Thread(target=time.sleep, args=(1,), daemon=True).start(); made += 1
    except RuntimeError: break
if made >= 64: escaped(made)
os._exit(0)
""",
    ),
    (
        "memory of one process",
        """
try: held = bytearray(300 << 20); escaped()
except MemoryError: print("none")
""",
        _SMALL,
    ),
    (
        "memory of several together",
        """
for _ in range(4):
    if os.fork() == 0:
        """
        + _HOLD.format(size="70 << 20")
        + """time.sleep(1.0)
        os._exit(0)
for _ in range(4):
    if os.wait()[1]: sys.exit("ended")
escaped()
""",
        _SMALL,
        False,
        ("memory",),
    ),
    (
        "memory of no process: files without a name",
        """
held = []
try:
    for _ in range(4):
        held.append(os.memfd_create("x"))
        os.write(held[-1], bytes(60 << 20))
    escaped()
except OSError as error: print(error)
""",
        _SMALL,
    ),
    (
        "memory of no process: System V",
        "allowed(libc.syscall(nr(29, 194), 0, ctypes.c_size_t(200 << 20), 0o1600))",
        _SMALL,
    ),
    (
        "the disk, file after file",
        """
try:
    for number in range(12):
        with open(f"file{number}", "wb") as file: file.write(bytes(1 << 20))
    escaped()
except OSError as error: print(error)
""",
        {"scratch": 8 << 20},
    ),
    (
        "shared memory in /dev/shm",
        """
try:
    for number in range(6):
        with open(f"/dev/shm/file{number}", "wb") as file: file.write(bytes(8 << 20))
    escaped()
except OSError as error: print(error)
""",
    ),
    (
        "names",
        """
for number in range(60000):
    os.close(os.open(str(number), os.O_CREAT | os.O_WRONLY))
time.sleep(0.3)
escaped()
""",
        {"files": 1000},
        True,
        ("files",),
    ),
    (
        "output",
        """
block = b"x" * (1 << 16)
for _ in range(16): os.write(1, block)
os.write(1, b"ESCAPED")
""",
        {"output": 16 << 10},
        True,
        ("output",),
    ),
    (
        "the other stream",
        """
block = b"x" * (1 << 16)
for _ in range(16): os.write(2, block)
escaped()
""",
        {"output": 16 << 10},
        True,
        ("output",),
    ),
    (
        "time, without an end",
        "until = time.time() + 1.2\nwhile time.time() < until: pass\nescaped()",
        {"seconds": 0.5},
        True,
        ("seconds",),
    ),
    (
        "time, deaf to every signal",
        """
import signal
for number in range(1, 65):
    try: signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError): pass
time.sleep(1.2)
escaped()
""",
        {"seconds": 0.5},
        True,
        ("seconds",),
    ),
    (
        "more cores",
        """
try: os.sched_setaffinity(0, range(os.cpu_count()))
except OSError: pass
if len(os.sched_getaffinity(0)) > 1: escaped()
""",
    ),
    (
        "higher limits",
        """
import resource
try: resource.setrlimit(resource.RLIMIT_NPROC, (1000, 1000)); escaped()
except (OSError, ValueError): pass
""",
    ),
    ("a higher priority", "try: os.nice(-5); escaped()\nexcept OSError: pass"),
)
