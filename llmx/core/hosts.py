"""Which hosts a recipe may send to: what the user has allowed, and what needs no permission.

A host that the user types belongs to him. One that a file names gets prompts and keys only if he
allowed it: ``llmx trust HOST`` or ``$LLMX_HOSTS``. This machine's own addresses get prompts freely,
keys only with permission, as anybody who works here may listen there.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, Protocol

from llmx.core.errors import ConfigError

VARIABLE = "LLMX_HOSTS"
LOOPBACK = ("localhost", "127.0.0.1", "::1")
Named = Literal["user", "file"]
"""Who chose a value: the user with a word of his, or a file that perhaps is a stranger's."""

# One grammar for all: what two readers of addresses could read in two ways is no address here.
_URL = re.compile(r"(https?)://(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::(\d{1,5}))?(/[!-~]*)?")
_ENTRY = re.compile(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]{1,253})(?::(\d{1,5}))?")
_PORTS = {"http": 80, "https": 443}


class SendsTo(Protocol):
    """Where something is sent: an address, or the name of a tracker."""

    @property
    def url(self) -> str:
        """The address, or the tracker's name."""

    @property
    def key_env(self) -> str | None:
        """The variable that holds the key; None where none is asked for."""

    @property
    def address_by(self) -> Named:
        """Who named the address."""

    @property
    def key_by(self) -> Named:
        """Who named the variable."""


def is_loopback(url: str) -> bool:
    """Whether an address is one of this machine's own."""
    found = _URL.fullmatch(url)
    return found is not None and _bare(found[2]) in LOOPBACK


def entry_of(url: str) -> str:
    """Return what allows an address: ``HOST``, or ``HOST:PORT`` off https's own port.

    Anything that is no plain address is returned as it is, and nothing allows it.
    """
    found = _URL.fullmatch(url)
    if found is None:
        return url
    port = int(found[3] or _PORTS[found[1]])
    host = _shown(_bare(found[2]))
    return host if (found[1], port) == ("https", 443) else f"{host}:{port}"


def _bare(host: str) -> str:
    return host.strip("[]").lower().rstrip(".")


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def is_trusted(url: str) -> bool:
    """Whether the user has allowed an address, or a tracker by its name."""
    entry, allowed = entry_of(url), trusted()
    host = entry.rpartition(":")[0] if is_loopback(url) else entry
    return entry in allowed or (is_loopback(url) and host in allowed)


def may_send(to: SendsTo) -> bool:
    """Whether prompts may go there."""
    return to.address_by == "user" or is_loopback(to.url) or is_trusted(to.url)


def may_have_key(to: SendsTo) -> bool:
    """Whether a key of the environment may go there."""
    return (to.address_by, to.key_by) == ("user", "user") or is_trusted(to.url)


def refusal(to: SendsTo) -> ConfigError | None:
    """Return why nothing is sent there; None if it is, with the key or, here, without."""
    entry = entry_of(to.url)
    if not may_send(to):
        text = f"a file names {to.url}: nothing is sent there without your word"
        return ConfigError(text, f"if you know it: llmx trust {entry}")
    if to.key_env and not may_have_key(to) and not is_loopback(to.url):
        text = f"a file asks to send ${to.key_env} to {entry}"
        return ConfigError(text, f"if that is right: llmx trust {entry}")
    return None


def trusted() -> frozenset[str]:
    """Return what the user allows: the entries of his file and of ``$LLMX_HOSTS``."""
    words = os.environ.get(VARIABLE, "").split(",")
    return frozenset({*remembered(), *(_entry(word) for word in words if word.strip())})


def remembered() -> tuple[str, ...]:
    """Return the entries of the user's file.

    Raises:
        ConfigError: if it cannot be read, or holds what is no host.
    """
    try:
        lines = place().read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{place()} cannot be read: {error}", "repair or delete it") from error
    return tuple(_entry(line) for line in lines if line.strip())


def remember(host: str) -> str:
    """Allow a host, and return its entry."""
    entry = _entry(host)
    _change(lambda known: sorted({*known, entry}))
    return entry


def forget(host: str) -> bool:
    """Take a permission back; return whether there was one."""
    entry = _entry(host)
    there = entry in remembered()
    _change(lambda known: [one for one in known if one != entry])
    return there


def place() -> Path:
    """Return the user's file: under ``$LLMX_CONFIG``, ``$XDG_CONFIG_HOME/llmx``, ``~/.config``."""
    own = os.environ.get("LLMX_CONFIG")
    above = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "llmx"
    return (Path(own).expanduser() if own else above) / "hosts"


def _entry(word: str) -> str:
    """Read ``HOST``, ``HOST:PORT`` or a whole address.

    Raises:
        ConfigError: for anything else.
    """
    word = word.strip()
    if _URL.fullmatch(word):
        return entry_of(word)
    found = _ENTRY.fullmatch(word)
    if found is None or int(found[2] or 0) > 65535:
        raise ConfigError(f"'{word}' is no host", "HOST or HOST:PORT, e.g. api.openai.com")
    host = _shown(_bare(found[1]))
    return host if found[2] in (None, "443") else f"{host}:{int(found[2])}"


def _change(to: Callable[[tuple[str, ...]], list[str]]) -> None:
    path = place()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _alone(path):
            _write(path, "".join(f"{one}\n" for one in to(remembered())))
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}") from error


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Let no second command change the file between our reading and our writing."""
    with path.with_name(f".{path.name}.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _write(path: Path, text: str) -> None:
    scratch = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with scratch.open("w", encoding="utf-8") as handle:
            handle.write(text)
            handle.flush()
            os.fsync(handle.fileno())
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)
