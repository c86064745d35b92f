"""A Slurm in memory whose jobs are workers in this process, one after the other."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from llmx.cluster import worker
from llmx.cluster.batch import named_in
from llmx.cluster.slurm import Partition, SlurmJob
from llmx.core.errors import RunError
from llmx.store.job_lock import among_jobs
from llmx.store.machine import measure_as

CPU = Partition("cpu", 600, 64 * 1024, 8, 0, "", True, True)
GPU = Partition("gpu", 600, 64 * 1024, 8, 8, "", True, False)


@dataclass
class FakeSlurm:
    """Keeps jobs; :meth:`run` lets one of them work to its end."""

    environment: pytest.MonkeyPatch
    held: dict[str, SlurmJob] = field(default_factory=dict)
    scripts: dict[str, str] = field(default_factory=dict)
    after: dict[str, tuple[str, ...]] = field(default_factory=dict)
    waits: dict[str, int] = field(default_factory=dict)
    silent: bool = False
    name: str = "here"
    numbers: int = 0
    codes: list[int] = field(default_factory=list)

    def submit(self, script: Path, after: Sequence[str] = (), wait: int = 0) -> str:
        text = script.read_text()
        called = re.search("--job-name=(.+)", text)
        last = re.search("--array=0-([0-9]+)", text)
        assert called and last
        array = str(self.numbers + 1)
        for task in range(int(last[1]) + 1):
            self.numbers += 1
            number = str(self.numbers)
            run, key, listed = named_in(called[1])
            job = SlurmJob(
                number,
                array,
                str(task),
                run=run,
                key=key,
                listed=listed,
                reason="Resources",
            )
            self.held[number] = job
            self.scripts[number], self.after[number] = text, tuple(after)
            self.waits[number] = wait
        return array

    def jobs(self) -> list[SlurmJob]:
        if self.silent:
            raise RunError("squeue: no answer")
        return list(self.held.values())

    def job(self, number: str) -> SlurmJob | None:
        if self.silent:
            raise RunError("scontrol: no answer")
        return self.held.get(number)

    def requeue(self, shown: str) -> None:
        number = self.number(shown)
        job = self.held[number]
        self.held[number] = replace(job, state="PENDING", restarts=job.restarts + 1)

    def number(self, shown: str) -> str:
        (found,) = [number for number, job in self.held.items() if job.shown == shown]
        return found

    def cancel(self, shown: Sequence[str]) -> None:
        for one in shown:
            self.held.pop(self.number(one), None)

    def partitions(self) -> list[Partition]:
        return [CPU, GPU]

    def cluster(self) -> str:
        return self.name

    def arrays(self) -> set[str]:
        return {job.array for job in self.held.values()}

    def free(self, number: str) -> bool:
        """Whether a job may begin: what it waits for is over."""
        return not self.arrays() & set(self.after[number])

    def run(self, number: str) -> int:
        """Let a job work to its end."""
        job = self.held[number] = replace(self.held[number], state="RUNNING", node="n1")
        self.environment.setenv("SLURM_JOB_ID", number)
        self.environment.setenv("SLURM_RESTART_COUNT", str(job.restarts))
        self.environment.setenv("SLURM_ARRAY_JOB_ID", job.array)
        self.environment.setenv("SLURM_ARRAY_TASK_ID", job.task)
        text = self.scripts[number]
        folder = re.search(r"llmx\.cluster\.worker (\S+) --class (\S+)", text)
        assert folder
        until = re.search(r"\+ ([0-9]+)\)\)", text)
        import time

        ends = str(time.time() + int(until[1] if until else 0))
        with as_before():
            arguments = [folder[1].strip("'"), "--class", folder[2], "--until", ends]
            arguments += ["--list", job.listed] if job.listed else []
            code = worker.main(arguments, self)
        if self.held.get(number) == job:  # else it was requeued or cancelled meanwhile
            del self.held[number]
        self.codes.append(code)
        return code

    def to_the_end(self, most: int = 200) -> int:
        """Run jobs in their order until there are none; return how many ran."""
        for count in range(most):
            ready = [number for number in self.held if self.free(number)]
            if not ready:
                assert not self.held
                return count
            self.run(ready[0])
        raise AssertionError("it does not end")


@contextmanager
def as_before() -> Iterator[None]:
    """Leave signals, locks and the arguments of the process as they were."""
    import sys

    numbers = (signal.SIGTERM, signal.SIGUSR1, signal.SIGALRM)
    before = {number: signal.getsignal(number) for number in numbers}
    argv = sys.argv
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        sys.argv = argv
        among_jobs(None)
        measure_as(None)
