"""The only place that calls Slurm: ``sbatch``, ``squeue``, ``sinfo``, ``scontrol``, ``scancel``."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from llmx.cluster.batch import named_in
from llmx.core.errors import ConfigError, RunError

_TIMEOUT = 60.0  # seconds; a busy controller answers late
_FIELDS = {
    "JobID": 24,
    "ArrayJobID": 24,
    "ArrayTaskID": 24,
    "State": 24,
    "RestartCnt": 12,
    "NodeList": 64,
    "Reason": 64,
    "Name": 300,
}
_GONE = "invalid job id"
_OVER = ("COMPLETED", "CANCELLED", "FAILED", "TIMEOUT", "NODE_FAIL", "BOOT_FAIL", "DEADLINE")
_WAITS = ("PENDING", "REQUEUED", "REQUEUE_HOLD", "REQUEUE_FED", "SPECIAL_EXIT", "PREEMPTED")


@dataclass(frozen=True)
class SlurmJob:
    """One job of a queue, or one task of an array.

    Attributes:
        number: by which Slurm runs it. Each running task of an array has its own, but one has the
            array's, as have all that wait: commands name a task by :attr:`shown`.
        array: of its array, and `task` in there.
        restarts: how often it has begun before.
        run: name of the run that it works at, and `key` of its class.
        listed: name of the lists of nodes of its array; empty where there are none.
    """

    number: str
    array: str = ""
    task: str = ""
    state: str = "PENDING"
    restarts: int = 0
    node: str = ""
    reason: str = ""
    run: str = ""
    key: str = ""
    listed: str = ""

    @property
    def shown(self) -> str:
        """What a person types: ``12_3``, or ``12``."""
        return f"{self.array}_{self.task}" if self.task.isdigit() else self.number

    @property
    def turn(self) -> str:
        """One life of it, as a worker calls itself when it ends."""
        return f"{self.shown}.{self.restarts}"

    @property
    def runs(self) -> bool:
        """Whether it has machines: it may be ending there, or be suspended."""
        return self.state not in _OVER and self.state not in _WAITS


@dataclass(frozen=True)
class Partition:
    """What a partition offers: of one of its kinds of nodes.

    Attributes:
        minutes: longest job; None = no limit.
        memory: MiB of a node.
    """

    name: str
    minutes: int | None
    memory: int
    cpus: int
    gpus: int
    features: str
    up: bool
    default: bool
    nodes: int = 1


class Queue(Protocol):
    """What is asked of a cluster."""

    def submit(self, script: Path, after: Sequence[str] = (), wait: int = 0) -> str:
        """Queue a script behind the ends of other jobs; return the number of its array.

        Args:
            wait: seconds in which it does not begin.
        """

    def jobs(self) -> list[SlurmJob]:
        """Return the user's jobs of llmx that wait or run."""

    def job(self, number: str) -> SlurmJob | None:
        """Return one job by its number; None if there is no such job any more."""

    def requeue(self, shown: str) -> None:
        """Let a job begin again; it is ended where it runs."""

    def cancel(self, shown: Sequence[str]) -> None:
        """End jobs, and take those that wait out of the queue."""

    def partitions(self) -> list[Partition]:
        """Return what the cluster consists of."""

    def cluster(self) -> str:
        """Return its name."""


class Slurm:
    """A Slurm, by its commands."""

    def submit(self, script: Path, after: Sequence[str] = (), wait: int = 0) -> str:
        """Queue a script behind the ends of other jobs; return the number of its array.

        Args:
            wait: seconds in which it does not begin.

        Raises:
            RunError: with Slurm's own words if it does not take it.
        """
        behind = [f"--dependency=afterany:{':'.join(after)}"] if after else []
        behind += [f"--begin=now+{wait}"] if wait else []
        said = _told(["sbatch", "--parsable", *behind, str(script)])
        return said.strip().splitlines()[-1].partition(";")[0]

    def jobs(self) -> list[SlurmJob]:
        """Return the user's jobs of llmx that wait or run."""
        wanted = ",".join(f"{name}:.{width}" for name, width in _FIELDS.items())
        said = _told(["squeue", "--me", "--noheader", "--array", "--Format", wanted])
        found = map(_job, said.splitlines())
        return [job for job in found if job.run]

    def job(self, number: str) -> SlurmJob | None:
        """Return one job by its number; None if there is no such job any more.

        Raises:
            RunError: if Slurm does not answer: then nobody knows whether it runs.
        """
        done = _ask(["scontrol", "--oneliner", "show", "job", number])
        if done.returncode and _GONE in done.stderr.lower():
            return None
        if done.returncode:
            raise _refused("scontrol", done)
        return job_in(done.stdout, number)

    def requeue(self, shown: str) -> None:
        """Let a job begin again; it is ended where it runs."""
        _told(["scontrol", "requeue", shown])

    def cancel(self, shown: Sequence[str]) -> None:
        """End jobs, and take those that wait out of the queue."""
        if shown:
            _told(["scancel", *shown])

    def partitions(self) -> list[Partition]:
        """Return what the cluster consists of, a row for each kind of node of a partition."""
        rows = _told(["sinfo", "--noheader", "--format", "%P|%l|%m|%c|%G|%f|%a|%D"]).splitlines()
        return [_partition(row) for row in rows if row.count("|") == 7]

    def cluster(self) -> str:
        """Return its name."""
        for line in _told(["scontrol", "show", "config"]).splitlines():
            name, _, value = line.partition("=")
            if name.strip() == "ClusterName":
                return value.strip()
        return "slurm"


def _ask(words: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Call a command of Slurm.

    Raises:
        ConfigError: if there is no such command.
        RunError: if it does not come to an end.
    """
    try:
        return subprocess.run(words, capture_output=True, text=True, timeout=_TIMEOUT)
    except FileNotFoundError as error:
        text = f"there is no `{words[0]}` on this machine"
        raise ConfigError(text, "submit from a login node of the cluster") from error
    except subprocess.TimeoutExpired as error:
        text = f"`{words[0]}` did not answer within {_TIMEOUT:.0f} s"
        raise RunError(text, "the same command goes on") from error


def _told(words: Sequence[str]) -> str:
    done = _ask(words)
    if done.returncode:
        raise _refused(words[0], done)
    return done.stdout


def _refused(program: str, done: subprocess.CompletedProcess[str]) -> RunError:
    lines = [line for line in done.stderr.strip().splitlines() if line.strip()]
    said = lines[-1].removeprefix(f"{program}: ").removeprefix("error: ") if lines else "no word"
    return RunError(f"{program}: {said}", "see `sinfo` and `squeue`")


def job_in(said: str, number: str) -> SlurmJob | None:
    """Return one job out of what ``scontrol show job`` says.

    One task of an array has the number of the array, and Slurm then tells of all of them.
    """
    for line in said.splitlines():
        held = dict(word.split("=", 1) for word in line.split() if "=" in word)
        if held.get("JobId") == number:
            state = held.get("JobState", "")
            return SlurmJob(number, state=state, restarts=int(held.get("Restarts", 0)))
    return None


def _job(line: str) -> SlurmJob:
    held, at = dict[str, str](), 0
    for name, width in _FIELDS.items():
        held[name] = line[at : at + width].strip()
        at += width
    run, key, listed = named_in(held["Name"])
    restarts = held["RestartCnt"]
    return SlurmJob(
        number=held["JobID"],
        array=held["ArrayJobID"],
        task=held["ArrayTaskID"],
        state=held["State"],
        restarts=int(restarts) if restarts.isdigit() else 0,
        node=held["NodeList"],
        reason=held["Reason"],
        run=run,
        key=key,
        listed=listed,
    )


def _partition(row: str) -> Partition:
    name, limit, memory, cpus, gres, features, up, nodes = row.split("|")
    return Partition(
        name=name.rstrip("*"),
        minutes=minutes_of(limit),
        memory=int(memory.rstrip("+") or 0),
        cpus=int(cpus.rstrip("+") or 0),
        gpus=gpus_in(gres),
        features="" if features == "(null)" else features,
        up=up == "up",
        default=name.endswith("*"),
        nodes=int(nodes) if nodes.isdigit() else 1,
    )


def minutes_of(limit: str) -> int | None:
    """Return the minutes of ``D-HH:MM:SS``, ``HH:MM:SS`` or ``MM:SS``; None for no limit."""
    if not limit[:1].isdigit():
        return None
    days, dash, clock = limit.rpartition("-")
    parts = [int(part) for part in clock.split(":")]
    hours, minutes = (parts[0], parts[1]) if len(parts) == 3 else (0, parts[0])
    if dash and len(parts) < 3:  # D-HH, D-HH:MM
        hours, minutes = parts[0], parts[1] if len(parts) == 2 else 0
    return 1440 * int(days or 0) + 60 * hours + minutes


def gpus_in(gres: str) -> int:
    """Return the GPUs of ``gpu:a100:4(S:0-1),nvme:1``."""
    count = 0
    for one in gres.replace("(null)", "").split(","):
        words = one.partition("(")[0].split(":")
        if words[0] == "gpu":
            count += int(words[-1]) if words[-1].isdigit() else 1
    return count
