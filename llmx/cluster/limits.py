"""What a cluster cannot do, said before anything is queued."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from llmx.cluster.resources import Resources
from llmx.cluster.slurm import Partition
from llmx.core.errors import ConfigError, nearest
from llmx.core.launch import LaunchSpec


def check_site(
    launch: LaunchSpec, asked: Iterable[tuple[str, Resources]], there: Sequence[Partition]
) -> None:
    """Refuse the first stage that no node of its partition can take.

    Args:
        asked: title and class of each node that is to be done.
        there: what the cluster consists of.

    Raises:
        ConfigError: saying which, what is there, and what to type.
    """
    for key in ("partition", "gpu_partition"):
        _check_named(key, getattr(launch, key), there)
    for title, asks in asked:
        key = "gpu_partition" if asks.gpus and launch.gpu_partition else "partition"
        name = getattr(launch, key)
        rows = [one for one in there if one.name == name or (name is None and one.default)]
        if not rows:
            raise ConfigError("the cluster has no default partition", f"launch.{key}=NAME")
        _check(title, asks, rows, launch, key)


def _check_named(key: str, name: str | None, there: Sequence[Partition]) -> None:
    rows = [one for one in there if one.name == name]
    if name is not None and not rows:
        known = sorted({one.name for one in there})
        raise ConfigError(f"there is no partition '{name}'", nearest(name, known, "partitions"))
    if rows and not any(one.up for one in rows):
        raise ConfigError(f"partition {name} is down", f"launch.{key}=NAME of another")


def _check(
    title: str, asks: Resources, rows: Sequence[Partition], launch: LaunchSpec, key: str
) -> None:
    name = rows[0].name
    if (gpus := max(one.gpus for one in rows)) < asks.gpus:
        has = f"nodes of partition {name} have {gpus or 'none'}"
        hint = "launch.gpu_partition=NAME, or engine.device=cpu"
        raise ConfigError(f"'{title}' asks for {_gpus(asks.gpus)}, and {has}", hint)
    fit = [one for one in rows if one.gpus >= asks.gpus]
    if (memory := max(one.memory for one in fit) / 1024) < asks.memory:
        text = f"'{title}' asks for {asks.memory} GiB, and no node of partition {name} has more"
        raise ConfigError(f"{text} than {memory:.1f}", f"launch.{key}=NAME, or launch.memory=N")
    if (cpus := max(one.cpus for one in fit)) < launch.cpus:
        text = f"launch.cpus={launch.cpus}, and nodes of partition {name} have {cpus}"
        raise ConfigError(text, f"launch.cpus={cpus}")
    limit = rows[0].minutes
    if limit is not None and asks.minutes > limit:
        text = f"launch.time={launch.time}, and partition {name} allows {limit} minutes"
        raise ConfigError(text, f"launch.time={limit}")


def _gpus(count: int) -> str:
    return "a GPU" if count == 1 else f"{count} GPUs"


def check_memory(launch: LaunchSpec, title: str, needs: float) -> None:
    """Refuse ``launch.memory`` below what a stage needs (GiB)."""
    if launch.memory is not None and launch.memory < needs:
        text = f"'{title}' needs {needs:.1f} GiB, and launch.memory={launch.memory}"
        raise ConfigError(text, "leave launch.memory out")
