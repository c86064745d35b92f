"""How far each node of a submitted run is: the store says it first, Slurm second."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from llmx.cluster.follow import held_by, working
from llmx.cluster.slurm import SlurmJob
from llmx.cluster.submission import BEGUN, FAILED, MOST_FAILURES, JobEvent, Submission
from llmx.cluster.view import View
from llmx.core.errors import StoreError, nearest
from llmx.graph.graph import Node
from llmx.graph.parts import Glance, glance_at

DONE, RUNS, WAITS, FAILS = "done", "runs", "waits", "failed"


@dataclass(frozen=True)
class Standing:
    """One node: a word, and what a person wants to know besides."""

    title: str
    word: str
    what: str = ""


@dataclass(frozen=True)
class Status:
    """All nodes of a run, its jobs, and what to type next; `jobs` is None where Slurm is silent."""

    run: str
    nodes: tuple[Standing, ...]
    jobs: tuple[SlurmJob, ...] | None
    hint: str = ""

    def count(self, word: str) -> int:
        """Return how many nodes are so."""
        return sum(node.word == word for node in self.nodes)

    @property
    def over(self) -> bool:
        """Whether nothing more will happen by itself."""
        return self.count(DONE) == len(self.nodes) or (not self.jobs and self.jobs is not None)


def status(submission: Submission, jobs: Sequence[SlurmJob] | None) -> Status:
    """Return how far a run is.

    Args:
        jobs: of the user, all that wait or run; None where Slurm does not answer.
    """
    view = View.of(submission)
    mine = None if jobs is None else [job for job in jobs if job.run == submission.run.name]
    teller = _Teller(view, mine)
    nodes = tuple(teller.tell(node) for node in view.graph)
    found = Status(submission.run.name, nodes, None if mine is None else tuple(mine))
    return Status(found.run, nodes, found.jobs, _hint(found, submission))


def _hint(found: Status, submission: Submission) -> str:
    if found.count(DONE) == len(found.nodes):
        return f"llmx report {found.run}" if submission.run.finished else f"llmx submit {found.run}"
    return f"llmx submit {found.run}" if found.over else ""


class _Teller:
    """What is said of one node after the other."""

    def __init__(self, view: View, jobs: Sequence[SlurmJob] | None) -> None:
        self.view, self.jobs = view, jobs
        self.titles = {node.fingerprint: node.title for node in view.graph}
        self.failed = view.submission.failures()
        self.last = {one.node: one for one in view.submission.events()}
        self.alive = {f"{job.number}.{job.restarts}": job for job in jobs or () if job.runs}
        self.queued = working(view.submission, jobs or ())
        listed = view.submission.listed and jobs is not None
        self.held = held_by(view.submission, jobs or ()) if listed else None

    def tell(self, node: Node) -> Standing:
        """Return how far a node is."""
        name = node.fingerprint
        if name in self.view.whole:
            return Standing(node.title, DONE)
        failures = self.failed.get(name, [])
        if len(failures) >= MOST_FAILURES:
            return Standing(node.title, FAILS, _why(failures))
        missing = [one for one in node.inputs.values() if one not in self.view.whole]
        if missing:
            return Standing(node.title, *self._blocked(missing))
        return self._ready(node, failures)

    def _blocked(self, missing: Sequence[str]) -> tuple[str, str]:
        stopped = [one for one in missing if one in self.view.stored.stopped]
        of = stopped[0] if stopped else missing[0]
        more = f" and {len(missing) - 1} more" if len(missing) > 1 and not stopped else ""
        return WAITS, f"for {self.titles[of]}{', which failed' if stopped else more}"

    def _ready(self, node: Node, failures: Sequence[JobEvent]) -> Standing:
        name = node.fingerprint
        last, seen = self.last.get(name), glance_at(node, self.view.entries[name])
        far = _far(seen)
        if last is not None and last.outcome == BEGUN and self._lives(last):
            shown = self.alive[last.job].shown if last.job in self.alive else last.job
            return Standing(node.title, RUNS, f"on {last.host}, job {shown}{far}")
        before = f"; failed before: {_why(failures)}" if failures else ""
        return Standing(node.title, WAITS, f"{self._for_whom(name)}{far}{before}")

    def _lives(self, last: JobEvent) -> bool:
        return self.jobs is None or last.job in self.alive

    def _for_whom(self, name: str) -> str:
        asks = self.view.rows[name].asks
        if self.jobs is None:
            return f"for a job ({asks.key}); Slurm does not answer"
        if self.held is not None and name not in self.held:
            return "and no job has it on its list"
        if not self.queued[asks]:
            return f"and no job of {asks.key} is queued"
        waiting = [job for job in self.jobs if job.key == asks.key and not job.runs]
        why = f": {waiting[0].reason}" if waiting and waiting[0].reason != "None" else ""
        return f"for a job of {asks.key}{why}"


def _far(seen: Glance | None) -> str:
    if seen is None or not seen.total:
        return ""
    return f", {seen.done:,} of {seen.total:,} {seen.unit}"


def _why(failures: Sequence[JobEvent]) -> str:
    last = failures[-1]
    return f"{last.error} (on {last.host}, {len(failures)} times)"


def log_of(submission: Submission, wanted: str) -> Path:
    """Return the output of the job that last worked at a stage.

    Args:
        wanted: ``STAGE`` or ``STAGE/ARM``.

    Raises:
        StoreError: if there is no such stage, or nobody has begun it.
    """
    view = View.of(submission)
    stage, _, arm = wanted.partition("/")
    node = view.graph.find(stage, arm or None)
    if node is None:
        known = list(_names(view))
        raise StoreError(f"{submission.run.name} has no '{wanted}'", nearest(wanted, known, "them"))
    held = [one for one in submission.events() if one.node == node.fingerprint]
    worked = [one for one in held if one.outcome in (BEGUN, FAILED)]
    for event in reversed(worked or held):
        number = event.job.rpartition(".")[0]
        for path in _logs(submission, number):
            return path
    raise StoreError(f"no job has begun {wanted} yet", f"llmx status {submission.run.name}")


def _names(view: View) -> Iterator[str]:
    for node in view.graph:
        yield from (f"{stage}/{arm}" if arm else stage for stage, arm in node.labels)


def _logs(submission: Submission, number: str) -> Iterator[Path]:
    """Yield the output of a job: it says in its first lines which job it is."""
    for path in sorted((submission.folder / "logs").glob("*.log")):
        with suppress(OSError):
            if f"job {number}, " in path.read_text(errors="replace"):
                yield path
