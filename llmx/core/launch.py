"""Where and how a graph is worked off: here, or as jobs of a cluster.

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
    """The group ``launch``: what jobs ask of a cluster."""

    of_user: ClassVar[tuple[str, ...]] = ("setup", "extra", "account", "environment")
    """From the command line or the machine's own settings file only: they name programs."""

    kind: Literal["local", "slurm"] = "local"
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
    max_restarts: int = Field(default=20, ge=0, description="of one job at its time limit")
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

    @model_validator(mode="after")
    def _jobs_alone(self) -> LaunchSpec:
        if self.kind == "local" and self.model_fields_set - {"kind"}:
            key = sorted(self.model_fields_set - {"kind"})[0]
            raise ValueError(f"launch=local has no launch.{key}")
        return self


KEYS = tuple(name for name in LaunchSpec.model_fields if name != "kind")
"""What can stand behind ``launch.``."""
OF_FILES = tuple(name for name in KEYS if name not in LaunchSpec.of_user)
"""What a recipe may say of it."""
