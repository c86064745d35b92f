"""Sections of an arm: which class of models it is of, and by which cost a report compares."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field, create_model

from llmx.core.section import Section

ModelClass = Literal["reasoning", "direct"]

AxisCost = Literal[
    "prompt", "cached", "completion", "calls", "longest", "flops", "seconds", "money"
]


class FrontierSection(Section):
    """What reports draw accuracy against."""

    section: ClassVar[str] = "frontier"

    cost: AxisCost = Field(
        default="completion", description="kind of cost on the axis of pictures and frontiers"
    )


class ArmClass(Section):
    """Which class of models an arm is of; a recipe writes ``class``, which Python cannot."""

    section: ClassVar[str] = "scaling"

    @property
    def named(self) -> ModelClass | None:
        """The class; None where the recipe does not say."""
        found: ModelClass | None = getattr(self, "class")
        return found


_CLASS: Any = (
    ModelClass | None,
    Field(default=None, description="whether the model reasons before it answers"),
)
ScalingSection: type[ArmClass] = create_model(
    "ScalingSection", __base__=ArmClass, __module__=__name__, **{"class": _CLASS}
)
"""``scaling: {class: reasoning}``."""
