"""The section `agent:` of an arm: who acts, with which tools, and within what limits."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field

from llmx.core.errors import nearest
from llmx.core.registry import kinds
from llmx.core.section import Section


def _of(family: str) -> AfterValidator:
    def check(value: str) -> str:
        if value not in kinds(family):
            raise ValueError(f"unknown {family} '{value}': {nearest(value, kinds(family))}")
        return value

    return AfterValidator(check)


_Characters = Annotated[int, Field(ge=0)]


class AgentSection(Section):
    """How an arm acts; an arm without the section has the defaults."""

    section: ClassVar[str] = "agent"

    policy: Annotated[str, _of("policy")] = Field(
        default="model", description="what acts: `model`, or a control without one"
    )
    format: Annotated[str, _of("call_format")] = Field(
        default="native", description="how calls are written: native, json, react, fenced, plan"
    )
    observation: Literal["blind", "shape", "scalar", "full"] = Field(
        default="scalar", description="how much of results is shown, where the tools know several"
    )
    toolset: Annotated[str, _of("toolset")] | None = Field(
        default=None, description="kind of the tools; null = that of the data"
    )
    toolset_options: dict[str, Any] = Field(
        default={}, description="options of the tools, by their names"
    )
    tools: tuple[str, ...] | None = Field(
        default=None, min_length=1, description="those that may be called; null = all"
    )
    max_turns: int = Field(default=12, ge=1, description="replies of the model")
    max_calls: int = Field(default=20, ge=1, description="calls of tools")
    max_tokens: int = Field(default=4000, ge=1, description="of all replies together")
    max_seconds: float = Field(
        default=120.0, gt=0, description="replies and calls together; a machine's own"
    )
    shown: tuple[_Characters, _Characters] = Field(
        default=(5000, 5000), description="characters of a long observation: beginning and end"
    )
    malformed: int = Field(
        default=3, ge=1, description="turns in a row that hold no call that can be tried"
    )
    parallel: bool = Field(default=True, description="whether a turn may hold several calls")
    constrained: Literal["auto", "on", "off"] = Field(
        default="auto", description="whether the engine allows no reply that is no call"
    )
    final: bool = Field(
        default=True, description="ask once more, without tools, when turns or calls are used up"
    )
