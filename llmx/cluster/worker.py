"""A worker: one job that does ready nodes of its class until there are none, or no time is left.

``python -m llmx.cluster.worker FOLDER --class KEY --until SECONDS``, FOLDER of a submission.
As its last act it submits what became ready, so that nothing else has to stay alive.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from llmx.cluster.cache_locks import JOBS, LISTS, Liveness
from llmx.cluster.follow import close, follow
from llmx.cluster.here import (
    Stop,
    Stoppable,
    StoppableObserver,
    WorkerStopped,
    refuse_others,
    this_job,
    this_task,
)
from llmx.cluster.reconcile import unlocked
from llmx.cluster.resources import Resources, read_key
from llmx.cluster.slurm import Queue, Slurm, SlurmJob
from llmx.cluster.submission import (
    BEGUN,
    DONE,
    FAILED,
    JOINED,
    LEFT,
    MOST_FAILURES,
    STOPPED,
    JobEvent,
    Submission,
)
from llmx.cluster.view import View
from llmx.core import plugins
from llmx.core.errors import LlmxError, RunError
from llmx.core.names import on_one_line
from llmx.core.progress import Progress
from llmx.core.secrets import struck_out
from llmx.graph.execute import advance
from llmx.graph.folder import RunFolder, open_folder
from llmx.graph.graph import Node
from llmx.store.job_lock import Owner, among_jobs, by_lists
from llmx.store.machine import machine

_SPARE = 120.0  # seconds before the limit in which nothing new is begun
_AGAIN = 300  # seconds until the next job looks, where this one found nothing that was free
_BETWEEN = 30.0  # seconds, at least, between two looks at the queue for what others can do


@dataclass
class Worker:
    """What one job does.

    Attributes:
        until: time (seconds since 1970) at which Slurm ends the job.
        places: in the graph, of the nodes on its list; None where it has none and asks locks.
    """

    view: View
    queue: Queue
    asks: Resources
    until: float
    me: Owner
    stop: Stop
    places: frozenset[int] | None = None
    failed: set[str] = field(default_factory=set)
    taken: int = 0
    looked: float = 0.0

    def work(self) -> None:
        """Do ready nodes of the class, one after the other, until none is ready and free.

        Raises:
            WorkerStopped: if Slurm asks for the end.
        """
        entries, left = self.view.entries, self._mine()
        went_on = True
        while went_on:
            went_on = False
            for node in left:
                self.stop.now()
                if self._can(node) and self._do(node):
                    went_on = True
            left = [node for node in left if not entries[node.fingerprint].whole]

    def _mine(self) -> list[Node]:
        """Return the nodes of the class, and of the list if there is one."""
        rows = self.view.rows
        return [
            node
            for at, node in enumerate(self.view.graph)
            if rows[node.fingerprint].asks == self.asks
            and (self.places is None or at in self.places)
        ]

    @property
    def too_late(self) -> bool:
        """Whether something is left of what this job alone can do, and no time for it."""
        return any(map(self._ready, self._mine())) and not any(map(self._can, self._mine()))

    def _can(self, node: Node) -> bool:
        return self._ready(node) and self._fits(self.view.rows[node.fingerprint].seconds)

    def _ready(self, node: Node) -> bool:
        entries, name = self.view.entries, node.fingerprint
        if name in self.failed or entries[name].whole:
            return False
        return all(entries[one].whole for one in node.inputs.values())

    def _fits(self, seconds: float | None) -> bool:
        """Whether there is time; the first work is begun in any case, or nobody would ever."""
        left = self.until - time.time() - _SPARE
        return not self.taken or (left > 0 and (seconds or 0.0) <= left)

    def _do(self, node: Node) -> bool:
        """Do a node, or a share of it; False if others have it, or it failed."""
        self.taken += 1
        try:
            whole = advance(node, self.view.entries, _Noting(self, node))
        except WorkerStopped:
            self.note(node, STOPPED)
            raise
        except Exception as error:
            self._fail(node, error)
            return False
        if not whole:
            self.taken -= 1
            return False
        self.note(node, DONE)
        if self._unlocks_others(node):
            self._follow_now()
        return True

    def _unlocks_others(self, node: Node) -> bool:
        """Whether jobs of another class, or more of this one, could begin now."""
        if self.view.submission.beforehand or time.monotonic() - self.looked < _BETWEEN:
            return False
        whole = {name for name, entry in self.view.entries.items() if entry.whole}
        found = unlocked(self.view.works, node.fingerprint, whole)
        return len(found) > 1 or any(work.asks != self.asks for work in found)

    def _follow_now(self) -> None:
        self.looked = time.monotonic()
        try:
            follow(self.view.submission, self.queue)
        except LlmxError as error:  # the last act tries again
            say(f"could not submit: {error}")

    def _fail(self, node: Node, error: Exception) -> None:
        self.failed.add(node.fingerprint)
        told = error.message if isinstance(error, LlmxError) else f"{type(error).__name__}: {error}"
        self.note(node, FAILED, struck_out(on_one_line(told)))
        say(f"{node.title} failed: {told}")
        if not isinstance(error, LlmxError):
            traceback.print_exc()
        if self.view.submission.settings.get("fail_fast"):
            others = [job.shown for job in self.queue.jobs() if self._is_other(job)]
            self.queue.cancel(others)
            raise WorkerStopped(signal.SIGINT)

    def _is_other(self, job: SlurmJob) -> bool:
        return job.run == self.view.submission.run.name and job.shown != this_task()

    def note(self, node: Node, outcome: str, error: str = "") -> None:
        """Keep a line of what was done."""
        self._log(JobEvent(node=node.fingerprint, title=node.title, outcome=outcome, error=error))

    def life(self, outcome: str) -> None:
        """Keep a line of when this job began, or ended by itself."""
        self._log(JobEvent(outcome=outcome, task=this_task()))

    def _log(self, event: JobEvent) -> None:
        me, asks = self.me, self.asks
        made = replace(event, host=me.host, job=me.key, key=asks.key, gpus=asks.gpus)
        self.view.submission.log(me.key, replace(made, at=round(time.time(), 2)))


class _Noting(StoppableObserver):
    """Notes that a node is begun when it really is: it may be taken, or whole."""

    def __init__(self, worker: Worker, node: Node) -> None:
        super().__init__(worker.stop)
        self.worker, self.node = worker, node

    def started(self, title: str) -> Progress:
        """The stage starts."""
        self.worker.note(self.node, BEGUN)
        say(f"begins {title}")
        work, name = self.worker.view.submission, self.worker.me.key
        return Stoppable(stop=self.worker.stop, sign=lambda: work.sign_of_life(name))


def say(text: str) -> None:
    """Print a line into the job's output."""
    print(f"{time.strftime('%H:%M:%S')} {on_one_line(text)}", flush=True)  # noqa: T201


def measuring(submission: Submission, asks: Resources, host: str) -> None:
    """Decide on this machine for all measurements of the run, or make sure that it is the one.

    Raises:
        RunError: if measurements are of another machine.
    """
    if not asks.alone:
        return
    if submission.decide_machine(machine(), features_of(host)):
        spec = submission.run.spec()
        open_folder(submission.run, spec, View.of(submission).graph)
    decided = submission.measured_on_or({})
    if decided != machine():
        text = f"{host} is another machine than measurements of {submission.run.name} are of"
        raise RunError(text, "llmx submit RUN with launch.extra=['--constraint=…']")


def features_of(host: str) -> str:
    """Return the features of a node, joined as a constraint; empty where Slurm names none."""
    words = ["scontrol", "--oneliner", "show", "node", host]
    try:
        said = subprocess.run(words, capture_output=True, text=True, timeout=60).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""
    held = dict(word.split("=", 1) for word in said.split() if "=" in word)
    found = held.get("ActiveFeatures", "(null)")
    return "" if found == "(null)" else "&".join(found.split(","))


def main(arguments: Sequence[str], queue: Queue | None = None) -> int:
    """Work; return the exit code: 1 if a stage failed, 2 if nothing could be begun."""
    parser = argparse.ArgumentParser(prog="llmx.cluster.worker")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--class", dest="key", required=True)
    parser.add_argument("--list", dest="listed", default="")
    parser.add_argument("--until", type=float, required=True)
    given = parser.parse_args(arguments)
    left = max(0.0, given.until - time.time())
    stop = Stop(until=given.until, spare=min(60.0, left / 4))
    queue, me = queue or Slurm(), this_job()
    stop.listen()
    submission = Submission(RunFolder(given.folder.parent))
    try:
        worker = _begin(submission, queue, read_key(given.key), given.until, me, stop)
        worker.places = _places(submission, given.listed)
    except LlmxError as error:
        say(f"{error}")
        return 2
    return _to_the_end(worker, submission)


def _begin(
    submission: Submission, queue: Queue, asks: Resources, until: float, me: Owner, stop: Stop
) -> Worker:
    settings = submission.settings
    refuse_others(settings["surroundings"])
    plugins.use([Path(one) for one in settings["plugins"]])
    if settings["locks"] == JOBS:
        among_jobs(me, Liveness(queue).runs)
    elif settings["locks"] == LISTS:
        by_lists()
    sys.argv = list(settings["command"])  # of which the manifest tells
    measuring(submission, asks, me.host)
    say(f"job {me.job}, begun {me.restart + 1} times, on {me.host}: {asks.key}")
    view = View.of(submission)
    worker = Worker(view, queue, asks, until, me, stop)
    worker.life(JOINED)
    failed = submission.failures()
    worker.failed |= {name for name, rows in failed.items() if len(rows) >= MOST_FAILURES}
    return worker


def _places(submission: Submission, listed: str) -> frozenset[int] | None:
    """Return the places in the graph of what is on this job's list; None where it has none.

    Raises:
        StoreError: if the list has gone.
    """
    if not listed:
        return None
    task = int(os.environ.get("SLURM_ARRAY_TASK_ID", "0"))
    return frozenset(at for at, _ in submission.lists(listed)[task])


def _to_the_end(worker: Worker, submission: Submission) -> int:
    before = set(worker.failed)
    try:
        worker.work()
    except WorkerStopped as stopped:
        signal.setitimer(signal.ITIMER_REAL, 0)
        return _stopped(worker, stopped.number)
    if submission.beforehand and worker.taken and worker.too_late:
        return _stopped(worker, signal.SIGUSR1)  # nobody else would be queued for it
    submission.ending(f"{this_task()}.{worker.me.restart}")
    last_act(worker)
    worker.life(LEFT)
    return 1 if worker.failed - before else 0


def _stopped(worker: Worker, number: int) -> int:
    """End as Slurm asked; at the time limit, or preempted, the job is queued again."""
    launch, me = worker.view.submission.launch, worker.me
    say(f"asked to end by {signal.Signals(number).name}")
    worker.life(LEFT)
    if number == signal.SIGUSR1 and me.restart >= launch.max_restarts:
        say(f"began {me.restart + 1} times, and is not queued again: llmx submit goes on")
    elif launch.requeue and (number == signal.SIGUSR1 or _is_preempted(worker, number)):
        try:
            worker.queue.requeue(this_task())
        except LlmxError as error:
            say(f"could not be queued again: {error}")
    return 128 + number


def _is_preempted(worker: Worker, number: int) -> bool:
    """Whether Slurm takes the machine away: a job that somebody cancelled does not run any more.

    In its time of grace a preempted job that ends counts as failed, and would not come back.
    """
    if number != signal.SIGTERM:
        return False
    try:
        job = worker.queue.job(worker.me.job)
    except LlmxError:
        return False
    return job is not None and job.state == "RUNNING"


def last_act(worker: Worker) -> None:
    """Submit what became ready; close the run if nothing is left."""
    submission = worker.view.submission
    try:
        if submission.beforehand:
            view = View.of(submission)
            if len(view.whole) == len(view.graph.nodes):
                close(view)
            return
        # What another run has in hand is ready here and not free: the next job would find the same.
        for number, array in follow(submission, worker.queue, 0 if worker.taken else _AGAIN):
            say(f"submitted {array.workers} of {array.asks.key} as {number}")
    except LlmxError as error:
        say(f"could not submit what comes next: {error}")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
