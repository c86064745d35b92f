"""One attempt to leave a cage, or to take more than one may."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

ESCAPED = "ESCAPED"

_HEAD = """
import ctypes, errno, os, socket, struct, sys, time
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
E = os.environ
X86 = os.uname().machine == "x86_64"
def nr(x86, arm): return x86 if X86 else arm
def escaped(why=""): print("ESCAPED", why, flush=True)
def reads(path):
    try: print(open(path, "rb").read(4096), flush=True)
    except (OSError, ValueError): pass
def allowed(result):
    if result >= 0: escaped(result)
    else: print(os.strerror(ctypes.get_errno()))
"""


@dataclass(frozen=True)
class Attack:
    """One attempt.

    Attributes:
        program: Python, run after a few imports.
        limits: of the specification, where it needs others than usual.
        quick: whether `llmx doctor sandbox` runs it.
        ends: limits of which one has to end it; empty = it has to fail by itself.
    """

    family: str
    name: str
    program: str
    limits: Mapping[str, Any] = field(default_factory=dict)
    quick: bool = True
    ends: tuple[str, ...] = ()

    @property
    def source(self) -> str:
        """The program with what it begins with."""
        return _HEAD + self.program


def attacks_of(family: str, *attacks: tuple[Any, ...]) -> tuple[Attack, ...]:
    """Return attacks of one family, each given by its fields after that."""
    return tuple(Attack(family, *one) for one in attacks)
