"""Toolset ``indata``: the 26 tools, as much of results as is asked for, under a disclosure rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field

from llmx.core.errors import ConfigError
from llmx.core.record import Frozen, Sample
from llmx.papers.indata.arguments import TOOLS
from llmx.papers.indata.dataset import executor_of
from llmx.papers.indata.disclosure.policies import DisclosureSpec, policy_of
from llmx.papers.indata.distractors import distractors
from llmx.papers.indata.session import AnalysisSession
from llmx.store.files import dumps
from llmx.tools.tool import Tool
from llmx.tools.toolset import Toolset

SUBMIT = (
    "Give the answer by calling submit_answer, best with the handle of the result that it is. A "
    'line "Answer: …" without a call counts as well.'
)


def _named(given: Any) -> Any:
    """Take the name of a rule for the rule with its usual numbers."""
    return {"policy": given} if isinstance(given, str) else given


class AnalysisToolsOptions(Frozen):
    """``agent.toolset_options`` of the tools."""

    disclosure: Annotated[DisclosureSpec, BeforeValidator(_named)] = Field(
        default=DisclosureSpec(), description="a rule by its name, or {policy: NAME, minimum: 5, …}"
    )


class AnalysisToolset(Toolset):
    """Tools over the tables of one problem; a problem may lack one of them, or have further ones.

    Raises:
        ConfigError: for a disclosure rule beside observations that show rows.
    """

    kind: ClassVar[str] = "indata"
    version: ClassVar[int] = 1
    tools: ClassVar[tuple[type[Tool], ...]] = tuple(TOOLS.values())
    Options: ClassVar[type[Frozen]] = AnalysisToolsOptions

    def __init__(self, options: Mapping[str, Any], observation: str = "scalar") -> None:
        super().__init__(options, observation)
        rule = self.options.disclosure.policy
        if observation == "full" and rule != "off":
            text = f"agent.observation=full shows rows, which disclosure rule '{rule}' holds back"
            raise ConfigError(text, "agent.observation=scalar, or disclosure: off")

    def offered(self, tools: Sequence[type[Tool]], sample: Sample) -> tuple[type[Tool], ...]:
        """Return the tools without the one that the problem lacks, and those that lead nowhere."""
        lacking = sample.metadata.get("without", {}).get("tool")
        kept = (tool for tool in tools if tool.tool != lacking)
        return (*kept, *distractors(sample.metadata.get("distractors", 0)).values())

    def instructions(self, sample: Sample) -> str:
        """Return how an episode ends."""
        return SUBMIT

    def world(self, sample: Sample) -> AnalysisSession:
        """Return a session; its secret follows from what no model is shown of the problem."""
        secret = dumps([sample.id, sample.metadata.get("certificate", {})])
        return AnalysisSession(
            executor_of(sample),
            sha256(secret.encode()).digest(),
            self.observation,  # type: ignore[arg-type]
            policy_of(self.options.disclosure),
        )

    def close(self, world: AnalysisSession) -> None:
        """Let every handle die."""
        world.close()
