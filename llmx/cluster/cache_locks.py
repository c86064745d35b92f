"""How the jobs of a cache exclude each other, and what keeps others out of it meanwhile.

A cache says itself which cluster works in it and by which locks (``cache/cluster.json``); whether
``flock`` excludes between machines is what ``llmx doctor --shared`` found (``cache/shared.json``).
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from llmx.cluster.slurm import Queue, Slurm
from llmx.core.errors import ConfigError, LlmxError, StoreError
from llmx.graph.folder import refuse_beside_runs
from llmx.graph.graph import CACHE
from llmx.store.files import inside, read_json, write_json
from llmx.store.job_lock import Owner, among_jobs

_MARK, _PROVED = "cluster.json", "shared.json"
JOBS, FLOCK, LISTS = "jobs", "flock", "lists"
"""Files that name their owner; ``flock``; no locks, but a fixed list of nodes for each worker."""
_SEEN = 2.0  # seconds for which an answer of Slurm holds
_PERSON = "@"
"""How the number of an owner begins that is no job but somebody's command."""


@dataclass
class Liveness:
    """Whether a job runs, as Slurm says; asked again after a while only."""

    queue: Queue
    seen: dict[str, tuple[float, int | None]] = field(default_factory=dict)

    def runs(self, owner: Owner) -> bool:
        """Whether that job runs with that restart count; True where Slurm does not say."""
        if owner.job.startswith(_PERSON):
            return _command_runs(owner)
        at, restarts = self.seen.get(owner.job, (-_SEEN, None))
        if time.monotonic() - at >= _SEEN:
            try:
                job = self.queue.job(owner.job)
            except LlmxError:
                return True
            restarts = job.restarts if job is not None and job.runs else None
            self.seen[owner.job] = (time.monotonic(), restarts)
        return restarts == owner.restart


def _command_runs(owner: Owner) -> bool:
    """Whether a command still runs; True where it runs on a machine that cannot be asked."""
    if owner.host != socket.gethostname():
        return True
    try:
        os.kill(int(owner.job.removeprefix(_PERSON)), 0)
    except (ProcessLookupError, ValueError):
        return False
    except PermissionError:
        return True
    return True


@contextmanager
def as_command(locks: str, queue: Queue) -> Iterator[None]:
    """Go by the locks of jobs in a command of the user's, if the cache does."""
    if locks == JOBS:
        me = Owner(f"{_PERSON}{os.getpid()}", 0, socket.gethostname())
        among_jobs(me, Liveness(queue).runs)
    try:
        yield
    finally:
        among_jobs(None)


def proved(cache: Path) -> str:
    """Return how jobs exclude each other in a cache: ``flock`` where that was shown.

    Where two machines could both make one file, no lock of ours holds: then it is by lists.
    """
    path = cache / _PROVED
    found = read_json(path) if path.exists() else {}
    if not isinstance(found, dict):
        return JOBS
    if found.get("flock") is True:
        return FLOCK
    return LISTS if found.get("exclusive") is False else JOBS


def keep_proof(cache: Path, found: dict[str, object]) -> None:
    """Keep what ``llmx doctor --shared`` found."""
    write_json(cache / _PROVED, found)


def claim(cache: Path, cluster: str) -> str:
    """Let a cluster work in a cache; return by which locks.

    Raises:
        ConfigError: if another cluster does: neither could know which jobs of the other run.
        StoreError: if a run is in progress here that jobs would not see.
    """
    path = cache / _MARK
    held = read_json(path) if path.exists() else {}
    other = held.get("cluster") if isinstance(held, dict) else None
    if other not in (None, cluster):
        text = f"jobs of cluster '{other}' work in {cache}, and this one is '{cluster}'"
        raise ConfigError(text, f"--runs DIR, or delete {path} if that one has no more jobs")
    locks = proved(cache)
    if locks != FLOCK:
        refuse_beside_runs(cache.parent)
    if held != {"cluster": cluster, "locks": locks}:
        write_json(path, {"cluster": cluster, "locks": locks})
    return locks


def refuse_beside_jobs(runs: Path, queue: Queue | None = None) -> None:
    """Refuse to work here while jobs do whose locks this process would not see.

    Raises:
        StoreError: naming the jobs.
    """
    path = runs / CACHE / _MARK
    held = read_json(path) if path.exists() else {}
    if held.get("locks") not in (JOBS, LISTS):
        return
    try:
        jobs = (queue or Slurm()).jobs()
    except LlmxError:
        jobs = []  # no cluster here
    names = sorted({job.run for job in jobs if _is_here(runs, job.run)})
    if names:
        text = f"jobs work in {runs}: {', '.join(names)}"
        raise StoreError(text, "llmx submit instead, llmx cancel RUN, or --runs DIR")


def _is_here(runs: Path, run: str) -> bool:
    """Whether a run is in a folder; what jobs of others are called may be no name of one."""
    try:
        return inside(runs, run).is_dir()
    except StoreError:
        return False
