"""What is published, as data: the content of a file ``recipes/_claims/PAPER.yaml``."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field, ValidationError, field_validator, model_validator

from llmx.claims.quantity import quantity, units
from llmx.core.errors import ConfigError, nearest
from llmx.core.record import Frozen, Sparse
from llmx.core.registry import kinds
from llmx.core.spec import Grade

PER_MACHINE = ("tokens/s", "seconds")
"""Units whose figures belong to one machine: nobody else's can be compared with them."""


class Ours(Frozen):
    """Which of our comparisons stands beside a published figure.

    Either `arm`, or `at_difference`: then it is the fastest lossy arm whose accuracy lies within a
    point of that difference from the reference, or else the nearest. An `optimum` names neither.
    """

    recipe: str
    quantity: str = Field(description="a kind of the family `quantity`")
    arm: str | None = None
    against: str = "sd"
    at_difference: float | None = Field(default=None, description="share of problems, signed")
    judge: str | None = Field(default=None, description="no other judge's figure is comparable")
    apart: str | None = Field(
        default=None, description="why ours is never comparable, at whatever scale: a sentence"
    )

    @field_validator("quantity")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in (known := kinds("quantity")):
            raise ValueError(f"unknown quantity '{name}': {nearest(name, known, 'quantities')}")
        return name

    @model_validator(mode="after")
    def _one_way(self) -> Ours:
        if quantity(self.quantity).of_all:
            if self.arm is not None or self.at_difference is not None:
                raise ValueError("an optimum is looked for among all arms: name none")
        elif (self.arm is None) == (self.at_difference is None):
            raise ValueError("give one of arm and at_difference")
        return self


class Claim(Sparse):
    """One published figure.

    A `value` of None is a figure that exists and could not be read: it can never be reproduced.
    """

    younger: ClassVar[frozenset[str]] = frozenset({"note"})

    id: str | None = None
    role: Literal["claim", "anchor"] = Field(
        default="claim", description="anchor: measured by others, not by the paper"
    )
    paper: str
    table: str
    setting: str
    metric: str | None
    unit: str | None = Field(default=None, description="see :func:`llmx.claims.quantity.units`")
    relation: Literal["eq", "gt", "le", "between"] = Field(
        description="how the published value bounds the true one; le: it is said to be up to that"
    )
    value: float | tuple[float, float] | None
    tolerance: float | None = Field(default=None, gt=0, description="in the unit of the value")
    source: Literal["table", "text", "figure", "secondary"]
    evidence: Grade
    ours: Ours | None = None
    note: str | None = Field(default=None, description="what is wrong with it: a key of `notes`")

    @field_validator("unit")
    @classmethod
    def _known(cls, name: str | None) -> str | None:
        if name is not None and name not in (known := units()):
            raise ValueError(f"unknown unit '{name}': {nearest(name, known, 'units')}")
        return name

    @model_validator(mode="after")
    def _consistent(self) -> Claim:
        if (self.source == "secondary") != (self.evidence == "secondary"):
            raise ValueError("a secondary source has secondary evidence, and no other has")
        if self.role == "anchor" and self.evidence != "secondary":
            raise ValueError("an anchor is measured by others: its evidence is secondary")
        if isinstance(self.value, tuple) != (self.relation == "between" and self.value is not None):
            raise ValueError("relation between, and no other, has two values")
        if self.value is not None and self.unit is None:
            raise ValueError("a value needs its unit")
        return self


class Anchor(Frozen):
    """Two figures of others as one comparison, which their machine does not enter."""

    id: str
    setting: str
    first: str = Field(description="id of an anchor claim")
    second: str = Field(description="id of the one that it is compared with")
    ours: Ours


class Statement(Frozen):
    """A statement that a run can test; a recipe's finding of the same id is its test."""

    id: str
    statement: str
    where: str
    grade: Grade
    grows: tuple[str, ...] = Field(
        default=(), description="statements whose best values, each of a run, have to rise in turn"
    )
    needs: str = Field(default="", description="what a test of it takes, while no recipe has one")


class Paper(Frozen):
    """Everything of one paper that could be read."""

    paper: str
    title: str
    reference: str
    claims: tuple[Claim, ...]
    anchors: tuple[Anchor, ...] = ()
    findings: tuple[Statement, ...] = ()
    notes: dict[str, str] = Field(default={}, description="faults of published figures: sentences")

    @model_validator(mode="after")
    def _linked(self) -> Paper:
        known = {claim.id: claim for claim in self.claims if claim.id is not None}
        named = [claim.id for claim in self.claims if claim.id is not None]
        for names in (named, [a.id for a in self.anchors], [f.id for f in self.findings]):
            if len(set(names)) < len(names):
                raise ValueError("an id stands twice")
        stated = {finding.id for finding in self.findings}
        for finding in self.findings:
            if unknown := [name for name in finding.grows if name not in stated]:
                raise ValueError(f"finding {finding.id}: '{unknown[0]}' is no finding")
        for anchor in self.anchors:
            for name in (anchor.first, anchor.second):
                if name not in known or not isinstance(known[name].value, float):
                    raise ValueError(f"anchor {anchor.id}: '{name}' is no claim with one value")
        for claim in self.claims:
            if claim.note is not None and claim.note not in self.notes:
                place = f"{claim.table}, {claim.setting}"
                hint = nearest(claim.note, self.notes, "notes")
                raise ValueError(f"{place}: unknown note '{claim.note}': {hint}".rstrip(": "))
        return self

    def claim(self, name: str) -> Claim:
        """Return the claim of an id."""
        return next(claim for claim in self.claims if claim.id == name)


def load_paper(document: Any, where: str) -> Paper:
    """Validate the content of a claims file.

    Raises:
        ConfigError: naming the place of the first thing that is wrong.
    """
    try:
        return Paper.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        text = f"{where}: {place + ': ' if place else ''}{first['msg']}"
        raise ConfigError(text, "recipes/_claims/fsd.yaml is an example") from error
