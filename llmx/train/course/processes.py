"""The processes of a training, as accelerate's configuration file says, and what each holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from llmx.core.errors import ConfigError
from llmx.core.stage import Memory
from llmx.train.course.memory import half, width
from llmx.train.course.sharding import NONE, Sharding

# DeepSpeed's launchers that start the processes of all machines; the others want a command on each.
START_ALL = ("pdsh", "openmpi", "mvapich", "mpich", "slurm")


@dataclass(frozen=True)
class Processes:
    """One plain process, unless a file says otherwise.

    Attributes:
        precision: ``no``, ``bf16``, ``fp16`` or ``fp8``; ``no`` leaves it to the settings.
        kind: accelerate's ``distributed_type``.
        launcher: of DeepSpeed, for several machines.
    """

    count: int = 1
    machines: int = 1
    precision: str = "no"
    accumulation: int = 1
    kind: str = "NO"
    sharding: Sharding = NONE
    launcher: str = START_ALL[0]

    @property
    def plain(self) -> bool:
        """Whether the steps are those of one process without a file."""
        return (self.count, self.precision, self.accumulation) == (1, "no", 1)

    def identity(self) -> dict[str, Any]:
        """Return what changes a step: how many rows it has, and how they are added up."""
        return {
            "num_processes": self.count,
            "mixed_precision": self.precision,
            "gradient_accumulation_steps": self.accumulation,
            "distributed_type": self.kind,
            "sharding": self.sharding.name,
        }

    def told(self, settings: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the settings with the file's precision, which counts where they name none."""
        if self.precision == "no" or half(settings):
            return settings
        return {**settings, "fp16" if self.precision == "fp16" else "bf16": True}

    def share(self, whole: Memory, settings: Mapping[str, Any]) -> Memory:
        """Return the part of a training's memory that one process holds on its device."""
        if self.kind == "DEEPSPEED" and half(settings) and width(settings) == 4:
            whole = _in_sixteen_bits(whole)
        return replace(
            whole,
            weights=self._part("weights", whole.weights),
            gradients=self._part("gradients", whole.gradients),
            optimiser=self._part("optimiser", whole.optimiser),
        )

    def _part(self, name: str, size: int) -> int:
        if name in self.sharding.away:
            return 0
        hybrid = "HYBRID" in self.sharding.name  # divides within a machine
        among = self.count // (self.machines if hybrid else 1)
        return -(-size // max(among, 1)) if name in self.sharding.divided else size

    def refusal(self, where: str) -> ConfigError | None:
        """Return why a training in these processes would end without a model, or not start."""
        if self.sharding.unsaved:
            return ConfigError(
                f"{where}: {self.sharding.name} as set there saves no whole weights",
                f"a model is made of them: {self.sharding.unsaved}",
            )
        starts = self.kind == "DEEPSPEED" and self.launcher in START_ALL
        if self.machines > 1 and not starts:
            return ConfigError(
                f"{where} names {self.machines} machines, and only this one would start",
                f"num_machines: 1, or DeepSpeed with deepspeed_multinode_launcher: {START_ALL[0]}",
            )
        return None


def _in_sixteen_bits(whole: Memory) -> Memory:
    """DeepSpeed keeps weights and gradients in 16 bits, and float32 weights with the optimiser
    (arXiv 1910.02054, section 3.1); what the weights write into a cache has 16 bits as well.
    """
    return replace(
        whole,
        weights=whole.weights // 2,
        gradients=whole.gradients // 2,
        cache=whole.cache // 2,
        optimiser=whole.optimiser + whole.gradients,
    )
