"""Arms that differ by their seed alone become one arm with several runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from llmx.core.names import families, family
from llmx.core.spec import ArmSpec

if TYPE_CHECKING:
    from llmx.report.gather import ArmFiles, Gathered


def pool(found: Gathered) -> Gathered:
    """Return the files by family; of one seed it is what was given.

    The pooled arm shows the records of its first seed, and keeps the files of all in `runs`.
    """
    arms = {name: _pooled([found.arms[m] for m in of]) for name, of in families(found.arms).items()}
    blocks = [block.model_copy(update={"arm": family(block.arm)}) for block in found.blocks]
    return replace(found, arms=arms, blocks=blocks)


def _pooled(members: list[ArmFiles]) -> ArmFiles:
    if len(members) == 1:
        return members[0]
    return replace(
        members[0], seeds=tuple(members), trained=any(member.trained for member in members)
    )


def pool_specs(arms: Mapping[str, ArmSpec]) -> dict[str, ArmSpec]:
    """Return the specification of each family: its first seed's."""
    return {name: arms[members[0]] for name, members in families(arms).items()}


def pool_references(references: Mapping[str, str]) -> dict[str, str]:
    """Return family -> the family it is compared with."""
    return {family(name): family(of) for name, of in references.items()}
