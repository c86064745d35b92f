"""The section `effort:` of an arm."""

from typing import Annotated, ClassVar

from pydantic import Field

from llmx.core.section import Section


class EffortSpec(Section):
    """How a reader counts."""

    section: ClassVar[str] = "effort"

    care: int = Field(default=1, ge=1, le=4, description="digits of an answer, at least")
    slips: Annotated[float, Field(ge=0, le=1)] = 0.0
    notes: dict[str, str] = {}
