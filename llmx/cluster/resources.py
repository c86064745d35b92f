"""What a node of the graph asks of a machine, in classes that jobs share."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

from llmx.core.errors import ConfigError
from llmx.core.launch import LaunchSpec
from llmx.core.spec import ArmSpec
from llmx.core.stage import Cost
from llmx.graph.graph import Node

_BASE = 2  # GiB of a process that has loaded torch and nothing else
_GIB = 2**30
_STEP, _FACTOR = 15, 4  # minutes of the shortest class, and from one class to the next
_DEVICES = ("tensor_parallel_size", "pipeline_parallel_size", "data_parallel_size")
_KEY = re.compile(r"(cpu|gpu)(?:-(\d+)gpu)?-(\d+)g-(\d+)m(-alone)?")


@dataclass(frozen=True, order=True)
class Resources:
    """A class of work.

    Attributes:
        gpus: of one job; 0 = it works on the processor.
        memory: GiB of one job, a power of two unless the user says it.
        minutes: time limit of one job.
        alone: a measurement: nobody else works on the machine meanwhile.
    """

    gpus: int = 0
    memory: int = _BASE
    minutes: int = 240
    alone: bool = False

    @property
    def key(self) -> str:
        """The class as one word: ``gpu-4gpu-64g-240m``, ``cpu-2g-60m-alone``."""
        device = f"gpu-{self.gpus}gpu" if self.gpus else "cpu"
        return f"{device}-{self.memory}g-{self.minutes}m{'-alone' if self.alone else ''}"


def read_key(word: str) -> Resources:
    """Return the class that a word names.

    Raises:
        ConfigError: if it names none.
    """
    found = _KEY.fullmatch(word)
    if found is None or (found[1] == "gpu") != bool(int(found[2] or 0)):
        raise ConfigError(f"'{word}' is no class of jobs", "cpu-2g-240m, gpu-1gpu-16g-60m")
    return Resources(int(found[2] or 0), int(found[3]), int(found[4]), bool(found[5]))


def resources_of(node: Node, cost: Cost, launch: LaunchSpec) -> Resources:
    """Return the class of a node, by what it costs and what the user says of jobs."""
    asked = ceil(cost.memory.total / _GIB) + _BASE
    memory = launch.memory or 2 ** (asked - 1).bit_length()
    alone = node.stage.timing
    return Resources(gpus_of(node, cost, launch), memory, _minutes(cost, launch.time), alone)


def gpus_of(node: Node, cost: Cost, launch: LaunchSpec) -> int:
    """Return the GPUs of a node: tensor × pipeline × data parallel, of its largest arm."""
    if not (cost.tokens or cost.memory.total):
        return 0  # it loads no model
    asked = max((_of_arm(arm, launch) for arm in node.given.arms.values()), default=0)
    return launch.gpus_per_worker if asked and launch.gpus_per_worker is not None else asked


def _of_arm(arm: ArmSpec, launch: LaunchSpec) -> int:
    engine = arm.engine
    wanted = engine.device.startswith("cuda") or (
        engine.device == "auto" and bool(launch.gpu_partition or launch.gpus_per_worker)
    )
    if engine.is_elsewhere or not wanted:
        return 0
    count = 1
    for size in _sizes(arm):
        count *= size
    return count


def _sizes(arm: ArmSpec) -> Iterator[int]:
    for name in _DEVICES:
        size = arm.engine.options.get(name, 1)
        yield size if isinstance(size, int) and size > 0 else 1


def _minutes(cost: Cost, most: int) -> int:
    """Return a step of 15, 60, 240 … minutes that holds twice the estimate, or all that there is.

    Short jobs find gaps in a full queue. What has no estimate gets the whole time.
    """
    if cost.seconds is None:
        return most
    minutes = _STEP
    while minutes < most and 60 * minutes < 2 * cost.seconds:
        minutes *= _FACTOR
    return min(minutes, most)
