"""What a run keeps of its jobs: settings, what was submitted, what workers did.

``RUN/cluster/`` holds ``launch.json``, ``nodes.json`` (class and estimate of each node, in the
order of the graph), ``jobs.jsonl``, a file for each worker in the folder `work`, and the jobs' own
outputs in `logs`. Each file has one writer at a time.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from secrets import token_hex
from typing import Any

from llmx.cluster.resources import Resources, read_key
from llmx.core.errors import StoreError
from llmx.core.launch import LaunchSpec
from llmx.graph.folder import RunFolder
from llmx.graph.graph import CACHE
from llmx.store.files import Appender, inside, read_json, read_lines, write_json

FOLDER = "cluster"
MOST_FAILURES = 3
_LISTS = "lists"
BEGUN, DONE, FAILED, STOPPED = "begun", "done", "failed", "stopped"
JOINED, LEFT = "joined", "left"
_LAUNCH, _NODES, _JOBS, _WORK, _MEASURED = (
    *("launch.json", "nodes.json", "jobs.jsonl", "work", "measured_on.json"),
)


@dataclass(frozen=True)
class Row:
    """What was known of a node when its run was submitted.

    Attributes:
        seconds: estimate; None = not known.
    """

    title: str
    asks: Resources
    seconds: float | None


@dataclass(frozen=True)
class JobEvent:
    """Something that a worker did to a node; or, without one, that it began or ended.

    Attributes:
        at: seconds since 1970.
        task: what commands of Slurm call a worker that began or ended.
    """

    node: str = ""
    title: str = ""
    outcome: str = ""
    host: str = ""
    job: str = ""
    at: float = 0.0
    error: str = ""
    task: str = ""
    key: str = ""
    gpus: int = 0


@dataclass(frozen=True)
class Submission:
    """The jobs of one run."""

    run: RunFolder

    @property
    def folder(self) -> Path:
        """Where it is kept."""
        return self.run.path.absolute() / FOLDER

    @property
    def cache(self) -> Path:
        """Folder of stage outputs."""
        return self.run.path.absolute().parent / CACHE

    @property
    def there(self) -> bool:
        """Whether the run was ever submitted."""
        return (self.folder / _LAUNCH).exists()

    @cached_property
    def settings(self) -> Mapping[str, Any]:
        """What was settled when the run was submitted.

        Raises:
            StoreError: if it never was.
        """
        if not self.there:
            raise StoreError(
                f"the run {self.run.name} has no jobs", f"llmx submit {self.run.name} launch=slurm"
            )
        found: Mapping[str, Any] = read_json(self.folder / _LAUNCH)
        return found

    @cached_property
    def launch(self) -> LaunchSpec:
        """How its stages become jobs."""
        return LaunchSpec.model_validate(self.settings["launch"])

    @property
    def beforehand(self) -> bool:
        """Whether all waves are queued by who submits, and none by a worker."""
        return self.launch.chain or self.listed

    @property
    def listed(self) -> bool:
        """Whether each worker has a fixed list of nodes, as no lock holds between them."""
        return bool(self.settings["locks"] == "lists")

    def keep_lists(self, lists: Sequence[Sequence[tuple[int, str]]]) -> str:
        """Keep which nodes each worker of an array does; return the name of these lists.

        Args:
            lists: of each worker, places in the graph and fingerprints. A measurement gets
                another fingerprint when it is decided which machine it is of, and keeps its place.
        """
        name = token_hex(4)
        place = inside(self.folder / _LISTS, f"{name}.json")
        write_json(place, [[*map(list, one)] for one in lists])
        return name

    def lists(self, name: str) -> list[list[tuple[int, str]]]:
        """Return which nodes each worker of an array does.

        Raises:
            StoreError: if there are no lists of that name.
        """
        found = read_json(inside(self.folder / _LISTS, f"{name}.json"))
        return [[(int(at), str(node)) for at, node in one] for one in found]

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """A row for each node, in the order of the graph."""
        found = read_json(self.folder / _NODES)
        return tuple(Row(one["title"], read_key(one["class"]), one["seconds"]) for one in found)

    def begin(self, settings: Mapping[str, Any], rows: Sequence[Row]) -> None:
        """Settle how the run is worked off."""
        for name in ("logs", _WORK, "ending", _LISTS):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        held = [{"title": r.title, "class": r.asks.key, "seconds": r.seconds} for r in rows]
        write_json(self.folder / _NODES, held)
        write_json(self.folder / _LAUNCH, dict(settings))

    def submitted(self, job: str, key: str, workers: int) -> None:
        """Note what was queued."""
        row = {"job": job, "class": key, "workers": workers, "at": round(time.time(), 1)}
        with Appender(self.folder / _JOBS) as lines:
            lines.append([row])

    def jobs(self) -> list[dict[str, Any]]:
        """Return what was queued, oldest first."""
        return read_lines(self.folder / _JOBS)

    def log(self, name: str, event: JobEvent) -> None:
        """Note what a worker did; each has a file of its own."""
        held = {key: value for key, value in vars(event).items() if value not in ("", 0)}
        with Appender(inside(self.folder / _WORK, f"{name}.jsonl")) as lines:
            lines.append([held])

    def sign_of_life(self, name: str) -> None:
        """Leave a mark of when a worker was still at work: who is killed cannot say it."""
        with suppress(OSError):
            os.utime(inside(self.folder / _WORK, f"{name}.jsonl"))

    def lives(self) -> list[tuple[list[JobEvent], float]]:
        """Return what each worker did, oldest first, and when it was last seen at work.

        What failures were forgiven of is among them.
        """
        found = []
        for path in sorted(self.folder.glob(f"{_WORK}*/*.jsonl")):
            with suppress(StoreError, TypeError):
                rows = [JobEvent(**row) for row in read_lines(path)]
                if rows:
                    found.append((rows, max(path.stat().st_mtime, rows[-1].at)))
        return sorted(found, key=lambda one: one[0][0].at)

    def events(self) -> list[JobEvent]:
        """Return what workers did since the run was submitted or its failures were forgiven."""
        found = list(self._events())
        return sorted(found, key=lambda one: one.at)

    def _events(self) -> Iterator[JobEvent]:
        for path in sorted((self.folder / _WORK).glob("*.jsonl")):
            with suppress(StoreError, TypeError):
                yield from (JobEvent(**row) for row in read_lines(path))

    def failures(self) -> dict[str, list[JobEvent]]:
        """Return node → its failures, oldest first."""
        found: dict[str, list[JobEvent]] = {}
        for one in self.events():
            if one.outcome == FAILED:
                found.setdefault(one.node, []).append(one)
        return found

    def forgive(self) -> None:
        """Let nodes that failed be tried again; what was noted stays beside."""
        work = self.folder / _WORK
        number = len(list(self.folder.glob(f"{_WORK}-*"))) + 1
        work.rename(work.with_name(f"{_WORK}-{number}"))
        work.mkdir()

    def measured_on(self) -> dict[str, Any] | None:
        """Return the machine that measurements are of, and the constraint that asks for it."""
        path = self.folder / _MEASURED
        return read_json(path) if path.exists() else None

    def measured_on_or(self, other: dict[str, Any]) -> dict[str, Any]:
        """Return the machine that measurements are of, or `other` where none is decided."""
        found = self.measured_on()
        return other if found is None else dict(found["machine"])

    def decide_machine(self, machine: Mapping[str, Any], constraint: str) -> bool:
        """Say of which machine measurements are; False if that is decided already."""
        scratch = self.folder / f".{_MEASURED}.{os.getpid()}.tmp"
        scratch.write_text(json.dumps({"machine": dict(machine), "constraint": constraint}))
        try:
            os.link(scratch, self.folder / _MEASURED)
        except FileExistsError:
            return False
        finally:
            scratch.unlink(missing_ok=True)
        return True

    def ending(self, name: str) -> None:
        """Note that a worker takes nothing more; whoever counts workers leaves it out."""
        (self.folder / "ending" / name).touch()

    def ended(self) -> frozenset[str]:
        """Return the workers that take nothing more: ``ARRAY_TASK.RESTART``."""
        with suppress(OSError):
            return frozenset(path.name for path in (self.folder / "ending").iterdir())
        return frozenset()
