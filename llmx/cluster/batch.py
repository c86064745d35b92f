"""The text of a job script."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from llmx.cluster.reconcile import Array
from llmx.core.launch import LaunchSpec

PREFIX = "llmx"
_WARNING = 90  # seconds before its limit at which a job is told; its record takes less
_LISTED = "~"
_CONTAINER = (".sif", ".sqsh")


@dataclass(frozen=True)
class Batch:
    """Jobs of one class of one run.

    Attributes:
        run: name of the run.
        folder: of the submission, absolute: where every node finds what there is to do.
        python: interpreter of this process, for jobs without an environment of their own.
        constraint: features of the machine that measurements are of; empty where none is decided.
        listed: name of the lists of nodes of its workers; empty where locks share the work out.
    """

    run: str
    array: Array
    launch: LaunchSpec
    folder: Path
    python: str
    constraint: str = ""
    listed: str = ""


def job_name(run: str, key: str, listed: str = "") -> str:
    """Return what a job is called, by which it and its lists are found again in a queue."""
    return f"{PREFIX}:{run}:{key}{_LISTED if listed else ''}{listed}"


def named_in(name: str) -> tuple[str, str, str]:
    """Return (run, class, name of its lists) of what a job is called; ("", "", "") of others."""
    prefix, _, rest = name.partition(":")
    if prefix != PREFIX:
        return "", "", ""
    run, _, last = rest.rpartition(":")
    key, _, listed = last.partition(_LISTED)
    return run, key, listed


def script(batch: Batch) -> str:
    """Return the job script: options, the user's own lines, and one worker in each job."""
    lines = [
        "#!/bin/bash",
        *(f"#SBATCH {option}" for option in _options(batch)),
        *batch.launch.setup,
        _worker(batch),
    ]
    return "\n".join(lines) + "\n"


def _options(batch: Batch) -> Iterator[str]:
    launch, asks = batch.launch, batch.array.asks
    yield f"--job-name={job_name(batch.run, asks.key, batch.listed)}"
    yield f"--array=0-{batch.array.workers - 1}"
    yield f"--output={_word(batch.folder / 'logs' / '%A_%a.log')}"
    yield "--open-mode=append"
    yield "--requeue" if launch.requeue else "--no-requeue"
    yield f"--signal=B:USR1@{_WARNING}"
    yield f"--time={asks.minutes}"
    yield from _named(batch)
    yield "--nodes=1"
    yield "--ntasks=1"
    yield f"--cpus-per-task={launch.cpus}"
    yield f"--mem={asks.memory}G"
    if asks.gpus:
        yield f"--gres=gpu:{asks.gpus}"
    if asks.alone:
        yield "--exclusive"
    if asks.alone and batch.constraint:
        yield f"--constraint={_word(batch.constraint)}"
    yield from launch.extra


def _named(batch: Batch) -> Iterator[str]:
    launch, gpus = batch.launch, batch.array.asks.gpus
    partition = launch.gpu_partition or launch.partition if gpus else launch.partition
    named = {"partition": partition, "qos": launch.qos, "account": launch.account}
    yield from (f"--{name}={value}" for name, value in named.items() if value)


def _word(value: object) -> str:
    """Return a value as sbatch reads it: in quotes where it has a space."""
    text = str(value)
    return f'"{text}"' if " " in text else text


def _worker(batch: Batch) -> str:
    """Return the line that becomes the worker; a signal to the script is then one to it."""
    asks = batch.array.asks
    until = f"$(($(date +%s) + {60 * asks.minutes}))"
    words = [*_python(batch), "-P", "-m", "llmx.cluster.worker", str(batch.folder)]
    words += ["--class", asks.key, *(["--list", batch.listed] if batch.listed else [])]
    # A signal that comes before Python can hear it would end the job; the worker knows its limit.
    deaf = shlex.join(["bash", "-c", 'trap "" USR1; exec "$@"', "worker"])
    return f"exec srun --ntasks=1 {deaf} {shlex.join(words)} --until {until}"


def _python(batch: Batch) -> list[str]:
    environment = batch.launch.environment
    if environment is None:
        return [batch.python]
    if environment.endswith(_CONTAINER):
        gpus = ["--nv"] if batch.array.asks.gpus else []
        return ["apptainer", "exec", *gpus, environment, "python"]
    return [str(Path(environment) / "bin" / "python")]
