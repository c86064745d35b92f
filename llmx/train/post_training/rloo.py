"""Stage `rloo`: REINFORCE with a leave-one-out baseline (Ahmadian et al., arXiv 2402.14740) by TRL.

The advantage of a completion is its reward, less ``beta`` times its divergence from the reference,
less the mean of the other completions of its group.
"""

from __future__ import annotations

from typing import ClassVar

from llmx.train.post_training.options import RlooOptions, TrainingOptions
from llmx.train.post_training.policy import PolicyStage


class RlooStage(PolicyStage):
    """See :class:`PolicyStage`; settings are those of TRL's RLOOConfig."""

    Options: ClassVar[type[TrainingOptions]] = RlooOptions
    kind: ClassVar[str] = "rloo"
    trainer: ClassVar[str] = "RLOOTrainer"
