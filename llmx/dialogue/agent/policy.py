"""What acts in an episode, found as ``policy.NAME``: the model, or a control of a paper."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from llmx.core.episode import Steps
from llmx.core.record import Sample
from llmx.dialogue.agent.loop import AgentTask, episode
from llmx.dialogue.agent.section import AgentSection


class Policy:
    """Base of all that acts.

    Attributes:
        version: of what it does; a person raises it.
        asks: whether it asks a model.
    """

    kind: ClassVar[str]
    version: ClassVar[int] = 1
    asks: ClassVar[bool] = False

    def identity(self) -> Mapping[str, Any]:
        """Return what its turns depend on, beside problem, tools and limits."""
        return {"policy": self.kind, "version": self.version}

    def episode(self, spec: AgentSection, task: AgentTask, sample: Sample) -> Steps:
        """Return the loop of one episode.

        Args:
            sample: the problem; its reference is for controls alone that are meant to know it.
        """
        raise NotImplementedError


class ModelPolicy(Policy):
    """The arm's model."""

    kind: ClassVar[str] = "model"
    asks: ClassVar[bool] = True

    def episode(self, spec: AgentSection, task: AgentTask, sample: Sample) -> Steps:
        """Return the loop that asks the model; it sees nothing of the sample but the task."""
        return episode(spec, task)
