"""``llmx doctor --shared DIR``: what two machines see of one folder.

The command runs on both at the same time; whoever comes first leads. Each turn is a small file
that the other one waits for. What they find is kept in the cache of that folder, where `submit`
reads it.
"""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from llmx.cluster.cache_locks import keep_proof
from llmx.core import json_text
from llmx.core.errors import StoreError
from llmx.graph.graph import CACHE
from llmx.store.lock import Lock

_FOLDER = ".llmx-shared"
_POLL = 0.02
_STALE = 600.0  # seconds after which what an earlier try left is swept away


@dataclass(frozen=True)
class Shared:
    """What two machines found.

    Attributes:
        flock: a lock that one holds is not to be had by the other.
        exclusive: of both, one alone can make a file, by a link and by ``O_EXCL``.
        renamed_seen: seconds until the other saw a folder that was renamed.
        clocks: seconds that the other's clock is ahead, give or take `trip`.
        trip: seconds for a file to be answered.
    """

    hosts: tuple[str, str]
    flock: bool
    exclusive: bool
    renamed_seen: float
    clocks: float
    trip: float


class HostPair:
    """One of two that talk in a folder."""

    def __init__(self, folder: Path, patience: float, name: str | None = None) -> None:
        self.folder = folder / _FOLDER
        self.until = time.monotonic() + patience
        self.name = name or f"{socket.gethostname()}.{os.getpid()}"
        self.leads = False

    def meet(self) -> str:
        """Find the other one; return its name.

        Raises:
            StoreError: if nobody comes.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        self._sweep()
        self.leads = _make(self.folder / "leader", self.name)
        if self.leads:
            return str(self.hear("follower"))
        self.tell("follower", self.name)
        return (self.folder / "leader").read_text()

    def _sweep(self) -> None:
        """Delete what an earlier try left: both sides run within minutes."""
        for path in self.folder.iterdir():
            if time.time() - path.stat().st_mtime > _STALE and path.is_file():
                path.unlink(missing_ok=True)

    def tell(self, word: str, value: Any) -> None:
        """Let the other one read something."""
        scratch = self.folder / f".{word}.{self.name}.tmp"
        scratch.write_text(json.dumps(value))
        scratch.replace(self.folder / word)

    def hear(self, word: str) -> Any:
        """Wait for something that the other one tells.

        Raises:
            StoreError: if it does not come.
        """
        while True:
            os.listdir(self.folder)  # noqa: PTH208 - opens the folder, which NFS then reads afresh
            try:
                return json_text.parse((self.folder / word).read_text())
            except (OSError, ValueError):
                pass
            if time.monotonic() > self.until:
                text = f"no other machine has come to {self.folder.parent}"
                raise StoreError(text, "run the same command on a second one at the same time")
            time.sleep(_POLL)

    def leave(self) -> None:
        """Delete all that was told."""
        for path in sorted(self.folder.glob("**/*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink(missing_ok=True)


def _make(path: Path, text: str) -> bool:
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
    except FileExistsError:
        return False
    with os.fdopen(handle, "w") as opened:
        opened.write(text)
    return True


def _link(folder: Path, name: str) -> bool:
    scratch = folder / f".{name}.link"
    scratch.write_text(name)
    try:
        os.link(scratch, folder / "linked")
    except OSError:
        return False
    finally:
        scratch.unlink(missing_ok=True)
    return True


def look(folder: Path, patience: float = 120.0, name: str | None = None) -> Shared:
    """Find out, together with another process that does the same elsewhere.

    Raises:
        StoreError: if nobody comes, or the folder cannot be written.
    """
    pair = HostPair(folder, patience, name)
    try:
        other = pair.meet()
    except OSError as error:
        raise StoreError(f"cannot write {folder}: {error.strerror}", "DIR you may write") from error
    found = _lead(pair, other) if pair.leads else _come_along(pair)
    if pair.leads:
        pair.hear("bye")
        keep_proof(folder / CACHE, _kept(found))
        pair.leave()
    else:
        pair.tell("bye", True)
    return found


def _locked(lock: Lock) -> bool:
    """Take a lock if it is free; never, where the file system has none."""
    try:
        return lock.try_acquire()
    except StoreError:
        return False


def _kept(found: Shared) -> dict[str, object]:
    two = found.hosts[0].partition(".")[0] != found.hosts[1].partition(".")[0]
    return {**asdict(found), "hosts": list(found.hosts), "flock": found.flock and two}


def _lead(pair: HostPair, other: str) -> Shared:
    lock = Lock(pair.folder / "flock")
    has_it = _locked(lock)
    pair.tell("locked", True)
    had_it = bool(pair.hear("had"))
    lock.release()
    pair.tell("free", True)
    gets_it = bool(pair.hear("gets"))
    made, linked = _make(pair.folder / "made", pair.name), _link(pair.folder, pair.name)
    pair.tell("made-by-leader", [made, linked])
    theirs = pair.hear("made-by-follower")
    exclusive = made + theirs[0] == 1 and linked + theirs[1] == 1
    (pair.folder / "before").mkdir()
    (pair.folder / "before").rename(pair.folder / "after")
    pair.tell("renamed", True)
    seen = float(pair.hear("seen"))
    clocks, trip = _clocks(pair)
    found = Shared(
        (pair.name, other),
        has_it and not had_it and gets_it,
        exclusive,
        seen,
        round(clocks, 3),
        round(trip, 3),
    )
    pair.tell("found", asdict(found))
    return found


def _clocks(pair: HostPair) -> tuple[float, float]:
    """Return how far the other's clock is ahead, by the shortest of five trips, and that trip."""
    trips = []
    for turn in range(5):
        began = time.time()
        pair.tell(f"ask-{turn}", True)
        theirs = float(pair.hear(f"time-{turn}"))
        ended = time.time()
        trips.append((ended - began, theirs - (began + ended) / 2))
    trip, ahead = min(trips)
    return ahead, trip


def _come_along(pair: HostPair) -> Shared:
    pair.hear("locked")
    lock = Lock(pair.folder / "flock")
    had = _locked(lock)
    lock.release()
    pair.tell("had", had)
    pair.hear("free")
    pair.tell("gets", _soon(lambda: _locked(lock)))
    lock.release()
    made, linked = _make(pair.folder / "made", pair.name), _link(pair.folder, pair.name)
    pair.tell("made-by-follower", [made, linked])
    pair.hear("made-by-leader")
    pair.hear("renamed")
    began = time.monotonic()
    _soon((pair.folder / "after").is_dir)
    pair.tell("seen", round(time.monotonic() - began, 3))
    for turn in range(5):
        pair.hear(f"ask-{turn}")
        pair.tell(f"time-{turn}", time.time())
    held = pair.hear("found")
    return Shared(**{**held, "hosts": tuple(held["hosts"])})


def _soon(happens: Callable[[], bool], within: float = 60.0) -> bool:
    until = time.monotonic() + within
    while time.monotonic() < until:
        if happens():
            return True
        time.sleep(_POLL)
    return False
