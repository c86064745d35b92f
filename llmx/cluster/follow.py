"""The step between what is there and what is queued: submit what is missing, or close the run."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from llmx.cluster.batch import Batch, script
from llmx.cluster.reconcile import Array, Deal, deal, reconcile, waves
from llmx.cluster.resources import Resources, read_key
from llmx.cluster.slurm import Queue, SlurmJob
from llmx.cluster.submission import Submission
from llmx.cluster.view import View
from llmx.core.errors import ConfigError, StoreError
from llmx.graph.folder import RunFolder, close_folder
from llmx.store.files import inside, write_text
from llmx.store.lock import Lock, lock_at

_POLL, _PATIENCE = 0.2, 60.0  # seconds; who submits is soon done
_ENDING = "COMPLETING"


def working(submission: Submission, jobs: Sequence[SlurmJob]) -> Counter[Resources]:
    """Return how many workers of each class wait or run, without those that take nothing more."""
    ended, found = submission.ended(), Counter[Resources]()
    for job in jobs:
        over = job.turn in ended or job.state == _ENDING
        if job.run == submission.run.name and not over:
            with suppress(ConfigError):
                found[read_key(job.key)] += 1
    return found


def follow(submission: Submission, queue: Queue, wait: int = 0) -> list[tuple[str, Array]]:
    """Submit what became ready and has no worker; return (number of the array, array) of each.

    Where nothing is left the run's folder is closed instead.

    Args:
        wait: seconds in which new jobs do not begin.
    """
    with _alone(submission):
        view = View.of(submission)
        if len(view.whole) == len(view.graph.nodes):
            close(view)
            return []
        if submission.beforehand:
            return []
        queued = working(submission, queue.jobs())
        most = submission.launch.workers
        arrays = reconcile(view.works, view.stored, queued, most)
        return [(_submit(submission, queue, one, (), wait=wait), one) for one in arrays]


def chain(submission: Submission, queue: Queue) -> list[tuple[str, Array]]:
    """Submit all waves beforehand, each behind the end of the one before."""
    with _alone(submission):
        view, found, before = View.of(submission), list[tuple[str, Array]](), list[str]()
        if working(submission, queue.jobs()):
            return []  # the waves of an earlier call are still on their way
        for wave in waves(view.works, view.stored, submission.launch.workers):
            now = [(_submit(submission, queue, one, before), one) for one in wave]
            found, before = found + now, [number for number, _ in now]
        return found


def hand_out(submission: Submission, queue: Queue) -> list[tuple[str, Array]]:
    """Submit all waves beforehand, each worker with a list of nodes that nobody else has.

    What a job that waits or runs has on its list, of this run or another in the same cache, is on
    no other list; what needs it waits for the end of that job.
    """
    with _alone(submission):
        view = View.of(submission)
        if len(view.whole) == len(view.graph.nodes):
            close(view)
            return []
        jobs, before, found = queue.jobs(), list[str](), list[tuple[str, Array]]()
        held, measured = held_by(submission, jobs), measured_by_others(submission, jobs)
        seconds = {name: row.seconds or 0.0 for name, row in view.rows.items()}
        for wave in deal(view.works, view.stored, held, submission.launch.workers, seconds):
            numbers = []
            for one in wave:
                after = [*before, *sorted(one.behind | (measured if one.asks.alone else set()))]
                array = Array(one.asks, len(one.lists))
                numbers.append(_submit(submission, queue, array, after, _kept(view, one)))
                found.append((numbers[-1], array))
            before = numbers
        return found


def _kept(view: View, dealt: Deal) -> str:
    place = {node.fingerprint: at for at, node in enumerate(view.graph)}
    return view.submission.keep_lists([[(place[n], n) for n in one] for one in dealt.lists])


def _listed(submission: Submission, jobs: Sequence[SlurmJob]) -> Iterator[tuple[SlurmJob, str]]:
    """Yield (job, a node of its list) of jobs in a cache that wait, run or may come back."""
    for job in (one for one in jobs if one.listed):
        with suppress(StoreError, LookupError):
            of = Submission(RunFolder(inside(submission.run.path.parent, job.run)))
            if job.turn not in of.ended():
                yield from ((job, node) for _, node in of.lists(job.listed)[int(job.task)])


def held_by(submission: Submission, jobs: Sequence[SlurmJob]) -> dict[str, str]:
    """Return node → array that has it on a list, of every run in the cache."""
    return {node: job.array for job, node in _listed(submission, jobs)}


def measured_by_others(submission: Submission, jobs: Sequence[SlurmJob]) -> frozenset[str]:
    """Return arrays that measure for other runs: of the same nodes, if under other names yet."""
    others = (job for job, _ in _listed(submission, jobs) if job.run != submission.run.name)
    return frozenset(job.array for job in others if read_key(job.key).alone)


def close(view: View) -> None:
    """Bring the results into the run's folder, once."""
    run = view.submission.run
    if not run.finished:
        events = view.submission.events()
        seconds = time.time() - min((one.at for one in events), default=time.time())
        close_folder(run, view.spec, view.graph, seconds)


def _submit(
    submission: Submission,
    queue: Queue,
    array: Array,
    after: Sequence[str],
    listed: str = "",
    wait: int = 0,
) -> str:
    path = script_path(submission, array)
    write_text(path, script(batch_of(submission, array, listed)))
    number = queue.submit(path, after, wait)
    submission.submitted(number, array.asks.key, array.workers)
    return number


def script_path(submission: Submission, array: Array) -> Path:
    """Return where the job script of an array stands."""
    return submission.folder / f"{array.asks.key}.sh"


def batch_of(submission: Submission, array: Array, listed: str = "") -> Batch:
    """Return what the job script of an array says."""
    decided = submission.measured_on()
    constraint = str(decided["constraint"]) if decided else ""
    return Batch(
        submission.run.name,
        array,
        submission.launch,
        submission.folder,
        sys.executable,
        constraint,
        listed,
    )


@contextmanager
def _alone(submission: Submission) -> Iterator[None]:
    """Wait for whoever submits at this moment: two would ask for the same workers.

    A command that was killed on another machine cannot be told from one that runs: after a minute
    it counts as dead, as the worst that comes of it are workers that find nothing to do.
    """
    lock, until = lock_at(submission.folder / "submit.lock"), time.monotonic() + _PATIENCE
    while not _taken(lock):
        if time.monotonic() > until:
            break
        time.sleep(_POLL)
    try:
        yield
    finally:
        lock.release()


def _taken(lock: Lock) -> bool:
    """Take a lock; where the file system has none, whoever asks has it."""
    try:
        return lock.try_acquire()
    except StoreError:
        return True
