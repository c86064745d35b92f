"""What the tests of the sandbox share: whether there is one, running as a user, and controls."""

import os
import pickle
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from llmx.core.errors import SandboxError
from llmx.sandbox.bubblewrap import Bubblewrap
from llmx.sandbox.found import seccomp_filter
from llmx.scoring.code.scorer import _cage

USER = 4321
ROOT = os.geteuid() == 0
EXCUSES = ("is missing", "is needed", "lets nobody", "does not allow", "no more namespaces")


def missing() -> str:
    """Why nothing can be caged here; empty where it can, or has to be."""
    if os.environ.get("LLMX_REQUIRE_SANDBOX", "0") not in ("", "0"):
        return ""
    try:
        Bubblewrap().layers()
    except SandboxError as error:  # a cage that starts and is not as it should be is a failure
        return str(error) if any(why in str(error) for why in EXCUSES) else ""
    return ""


needs_sandbox = pytest.mark.skipif(bool(missing()), reason=missing() or "there is a sandbox")
needs_root = pytest.mark.skipif(not ROOT, reason="root alone can become somebody else")


def as_user(work: Callable[[], Any]) -> Any:
    """Return what a function returns that a user without any rights calls.

    It is forked, not started: an interpreter in root's home is out of a user's reach.
    """
    seccomp_filter()  # what root alone may read is read before
    near, far = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(near)
        _tell(far, _as_user(work))
        os._exit(0)
    os.close(far)
    with os.fdopen(near, "rb") as file:
        said = file.read()
    os.waitpid(child, 0)
    found, trouble = pickle.loads(said)
    assert not trouble, trouble
    return found


def _as_user(work: Callable[[], Any]) -> tuple[Any, str]:
    try:
        os.setgroups([])
        os.setresgid(USER, USER, USER)
        os.setresuid(USER, USER, USER)
        if not os.access(Path(sys.base_prefix, "lib"), os.R_OK):
            sys.base_prefix = "/usr"
        _cage.cache_clear()
        return work(), ""
    except BaseException:
        return None, traceback.format_exc()


def _tell(fd: int, found: tuple[Any, str]) -> None:
    with os.fdopen(fd, "wb") as file:
        file.write(pickle.dumps(found))


def on_host(source: str, environment: dict[str, str], folder: Path, *, before=(), fds=()) -> str:
    """Return what a program prints that nothing holds back; for what harms nobody."""
    done = subprocess.run(
        [*before, sys.executable, "-I", "-S", "-c", source],
        env=environment,
        cwd=folder,
        capture_output=True,
        pass_fds=fds,
        timeout=60,
        check=False,
    )
    return done.stdout.decode(errors="replace") + done.stderr.decode(errors="replace")


def processes(mark: str) -> list[str]:
    """Command lines of the host that hold a text."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes()
        except OSError:
            continue
        if mark.encode() in line:
            found.append(line.decode(errors="replace"))
    return found
