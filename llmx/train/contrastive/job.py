"""What a contrastive training works with, gathered before a trainer is built."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmx.core.errors import ConfigError
from llmx.train.contrastive.masks import Mask
from llmx.train.contrastive.options import ContrastiveOptions
from llmx.train.contrastive.pairs import QUERY, TARGET, TrainingPairs
from llmx.train.contrastive.plan import PlannedBatches, negatives_of
from llmx.train.contrastive.points import Evaluate
from llmx.train.course.job import CourseJob

if TYPE_CHECKING:
    from llmx.core.audit import Check


@dataclass(frozen=True, kw_only=True)
class ContrastiveJob(CourseJob):
    """Rows, the plan of their batches, and the model to begin with.

    Attributes:
        folder: of the model; None: one from nothing.
        evaluate: looks at the model.
        checks: of the rows.
    """

    options: ContrastiveOptions
    pairs: TrainingPairs
    plan: PlannedBatches
    folder: Path | None
    mask: Mask | None = None
    evaluate: Evaluate = field(default=lambda model: ())
    checks: tuple[Check, ...] = ()

    @property
    def seed(self) -> int:
        """Of the arm."""
        return self.context.given.arm.seed

    @cached_property
    def negatives(self) -> int:
        """Hard negatives a row."""
        found = negatives_of(self.plan, 0)
        return 0 if found is None else int(found.shape[1])

    @property
    def texts(self) -> int:
        """Texts that a step encodes, over all processes."""
        return self.plan.size * (2 + self.negatives)

    @property
    def prompts(self) -> dict[str, str]:
        """What stands before the texts of each column."""
        told = {QUERY: self.options.query_prompt, TARGET: self.options.target_prompt}
        more = {f"negative_{at}": self.options.target_prompt for at in range(self.negatives)}
        return {name: prompt for name, prompt in {**told, **more}.items() if prompt}

    def at(self, step: int, seconds: float) -> dict[str, Any]:
        """Return what is said of a step: samples, seconds and texts until then."""
        samples = step * self.plan.size
        return {"samples": samples, "seconds": round(seconds, 4), "texts": step * self.texts}


def check_sparse(job: ContrastiveJob, static: bool) -> bool:
    """Return whether gradients are sparse.

    Raises:
        ConfigError: if the settings do not allow it.
    """
    wanted, given = job.options.sparse, job.settings
    gpu = job.context.given.arm.engine.device not in ("cpu", "auto")
    own = [name for name in ("optim", "weight_decay", "max_grad_norm") if given.get(name)]
    if wanted and not static:
        raise ConfigError("sparse gradients are those of student: static", "sparse: null")
    if wanted and own:
        text = f"{job.where}.{own[0]} needs dense gradients"
        raise ConfigError(text, "sparse: false, which takes longer")
    return static and not own and not gpu if wanted is None else wanted
