"""Stage `grpo`: group relative policy optimisation (Shao et al., arXiv 2402.03300) by TRL.

The advantage of a completion is its reward less the mean of its group, over the group's standard
deviation (n - 1) plus 1e-4, unless ``scale_rewards`` says otherwise.
"""

from __future__ import annotations

from typing import ClassVar

from llmx.train.post_training.options import GrpoOptions, TrainingOptions
from llmx.train.post_training.policy import PolicyStage


class GrpoStage(PolicyStage):
    """See :class:`PolicyStage`; settings are those of TRL's GRPOConfig."""

    Options: ClassVar[type[TrainingOptions]] = GrpoOptions
    kind: ClassVar[str] = "grpo"
    trainer: ClassVar[str] = "GRPOTrainer"
