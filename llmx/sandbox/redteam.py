"""Running the red team: what it aims at on this machine, and what came of each attack."""

from __future__ import annotations

import ctypes
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from llmx.core.sandbox import BoundTree, CommandOutcome, Sandbox, SandboxPolicy, SandboxSpec
from llmx.sandbox.attacks import ATTACKS
from llmx.sandbox.attacks.attack import ESCAPED, Attack
from llmx.sandbox.bubblewrap import Bubblewrap
from llmx.sandbox.interpreter import interpreter, interpreter_bounds
from llmx.store.files import write_bytes

_SECONDS = 20.0  # of an attack that sets no limit on them
_HANDLE = 128  # bytes that the handle of an inode may take
_NAME_TO_HANDLE = {"x86_64": 303, "aarch64": 264}


@dataclass(frozen=True)
class Target:
    """What the red team aims at, made for it on this machine.

    Attributes:
        canary: a text that is nowhere but in a file of the host.
        corpus: a folder that anybody may write, and that is bound so that nobody can.
        environment: what a program is told of it.
    """

    canary: str
    corpus: Path
    environment: dict[str, str]


@contextmanager
def target() -> Iterator[Target]:
    """Yield a target; nothing of it is left afterwards."""
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="llmx-redteam-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        folder.chmod(0o755)
        canary, planted = (
            f"canary-{secrets.token_hex(8)}",
            f"PLANTED_{secrets.token_hex(4).upper()}",
        )
        gold, corpus = folder / "gold.txt", folder / "corpus"
        corpus.mkdir()
        write_bytes(gold, canary.encode())
        write_bytes(corpus / "text.txt", b"a text of the corpus")
        for path, mode in ((gold, 0o644), (corpus, 0o777), (corpus / "text.txt", 0o666)):
            path.chmod(mode)
        os.environ[planted] = canary
        stack.callback(os.environ.pop, planted, None)
        mark = f"mark-{secrets.token_hex(8)}"
        sleeper = subprocess.Popen([mark, "600"], executable=shutil.which("sleep"))
        stack.callback(sleeper.wait)
        stack.callback(sleeper.kill)
        environment = {
            "GOLD": str(gold),
            "CORPUS": "/corpus",
            "HOST_PID": str(sleeper.pid),
            "MARK": mark,
            "PLANTED": planted,
            "HANDLE": _handle(gold).hex(),
            **_sockets(stack, folder),
        }
        yield Target(canary, corpus, environment)


def _sockets(stack: ExitStack, folder: Path) -> dict[str, str]:
    """Open what a program could speak to; return where it is."""
    tcp, udp, named, nameless = (
        stack.enter_context(socket.socket(family, kind))
        for family, kind in (
            (socket.AF_INET, socket.SOCK_STREAM),
            (socket.AF_INET, socket.SOCK_DGRAM),
            (socket.AF_UNIX, socket.SOCK_STREAM),
            (socket.AF_UNIX, socket.SOCK_STREAM),
        )
    )
    tcp.bind(("127.0.0.1", 0))
    udp.bind(("127.0.0.1", tcp.getsockname()[1]))
    path, abstract = folder / "socket", f"llmx-{secrets.token_hex(8)}"
    named.bind(str(path))
    path.chmod(0o777)
    nameless.bind(f"\0{abstract}")
    for one in (tcp, named, nameless):
        one.listen(64)
    return {"PORT": str(tcp.getsockname()[1]), "UNIX": str(path), "ABSTRACT": abstract}


def _handle(path: Path) -> bytes:
    """Return the handle of a file's inode for ``open_by_handle_at``; empty if it has none."""
    number = _NAME_TO_HANDLE.get(os.uname().machine)
    buffer = ctypes.create_string_buffer(_HANDLE.to_bytes(4, "little"), 8 + _HANDLE)
    mount = ctypes.c_int()
    call = ctypes.CDLL(None).syscall
    if number is None or call(number, -100, os.fsencode(path), buffer, ctypes.byref(mount), 0):
        return b""
    return buffer.raw[: 8 + int.from_bytes(buffer.raw[:4], "little")]


Made = Callable[[SandboxSpec, SandboxPolicy], Sandbox]


def attempt(attack: Attack, aim: Target, made: Made = Bubblewrap) -> CommandOutcome:
    """Run one attack in a cage of its own."""
    spec = SandboxSpec(**{"seconds": _SECONDS, **attack.limits})
    bounds = (*interpreter_bounds(), BoundTree(aim.corpus, "/corpus"))
    policy = SandboxPolicy(bounds, aim.environment)
    return made(spec, policy).once([*interpreter(), "-c", attack.source])


def verdict(attack: Attack, aim: Target, outcome: CommandOutcome) -> str:
    """Return what is wrong with how an attack ended; empty where it was contained.

    One that broke for another reason has shown nothing, and counts as wrong too.
    """
    said = outcome.stdout + outcome.stderr
    if ESCAPED.encode() in said or aim.canary.encode() in said:
        return "it escaped"
    if attack.ends and outcome.killed not in attack.ends:
        return f"it was ended by '{outcome.killed}', not by {' or '.join(attack.ends)}"
    if not attack.ends and (outcome.killed or b"Traceback" in said):
        last = outcome.stderr.decode(errors="replace").strip().splitlines()[-1:]
        return f"it broke: {outcome.killed or ''.join(last)}"
    return ""


def quick() -> Iterator[tuple[Attack, str]]:
    """Yield every quick attack, and what is wrong with how it ended; empty where it was contained.

    Raises:
        SandboxError: if there is no sandbox here.
    """
    with target() as aim:
        for attack in quick_ones():
            yield attack, verdict(attack, aim, attempt(attack, aim))


def quick_ones() -> Sequence[Attack]:
    """Return the attacks that take a fraction of a second."""
    return [attack for attack in ATTACKS if attack.quick]
