"""Where and how a graph is worked off: here, as jobs of a cluster, or as tasks of Ray.

Nothing of it changes what a run finds. It is in no fingerprint and not in a run folder's name.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints, model_validator

from llmx.core.record import Frozen

# What becomes a word of a job script: no space, quote or line break, and it begins no flag.
Word = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.,:+@/=-]*$")]
Line = Annotated[str, StringConstraints(pattern=r"^[^\r\n\x00]+$")]


class LaunchSpec(Frozen):
    """The group ``launch``: what jobs or tasks ask of a cluster."""

    of_user: ClassVar[tuple[str, ...]] = ("setup", "extra", "account", "environment", "address")
    """From the command line or the machine's own settings file only: they name programs, hosts."""
    of_ray: ClassVar[tuple[str, ...]] = (
        *("address", "workers", "gpus_per_worker", "memory", "cpus", "max_restarts"),
    )
    """What ``launch=ray`` reads; the rest is Slurm's."""

    kind: Literal["local", "slurm", "ray"] = "local"
    partition: Word | None = Field(default=None, description="of stages without a GPU")
    gpu_partition: Word | None = Field(default=None, description="of stages with GPUs")
    qos: Word | None = Field(default=None, description="quality of service")
    time: int = Field(default=240, ge=1, description="minutes of one job, at most")
    workers: int = Field(default=8, ge=1, description="jobs of one class at once, at most")
    gpus_per_worker: int | None = Field(
        default=None, ge=0, description="GPUs of a stage with a model; None = what its engine asks"
    )
    memory: int | None = Field(
        default=None, ge=1, description="GiB of one job; None = what its stages ask"
    )
    cpus: int = Field(default=1, ge=1, description="cores of one job")
    requeue: bool = Field(default=True, description="whether a job that is preempted comes back")
    max_restarts: int = Field(
        default=20, ge=0, description="of one job at its time limit, of one task that died"
    )
    chain: bool = Field(
        default=False, description="submit all waves beforehand: nodes may not call sbatch"
    )
    setup: tuple[Line, ...] = Field(default=(), description="lines before the worker starts")
    extra: tuple[Annotated[Line, StringConstraints(pattern="^--")], ...] = Field(
        default=(), description="options of #SBATCH lines: --nice=100"
    )
    account: Word | None = Field(default=None, description="that pays")
    environment: Line | None = Field(
        default=None, description="folder of a virtual environment, or a container (.sif)"
    )

    address: Word | None = Field(
        default=None, description="of a Ray that runs, HOST:PORT or auto; None = one is begun here"
    )

    @model_validator(mode="after")
    def _own_keys(self) -> LaunchSpec:
        for key in sorted(self.model_fields_set - {"kind"}):
            default = type(self).model_fields[key].default
            # A stored specification says all keys, those too that mean nothing to its kind.
            if not self.has(key) and (self.kind == "local" or getattr(self, key) != default):
                raise ValueError(f"launch={self.kind} has no launch.{key}")
        return self

    def has(self, key: str) -> bool:
        """Whether a key means something where and how this is worked off."""
        if self.kind == "local":
            return False
        return key in self.of_ray if self.kind == "ray" else key != "address"


KEYS = tuple(name for name in LaunchSpec.model_fields if name != "kind")
"""What can stand behind ``launch.``."""
OF_FILES = tuple(name for name in KEYS if name not in LaunchSpec.of_user)
"""What a recipe may say of it."""
