"""What decides nothing, an arm or a whole finding, and the number that says why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from llmx.report.verdict.model import Number


@dataclass(frozen=True)
class Unfit:
    """Why an arm is no evidence, with its figures."""

    arm: str
    why: str
    numbers: tuple[Number, ...]


@dataclass(frozen=True)
class Why:
    """Why a finding cannot be tested, with its figures."""

    reason: str
    numbers: tuple[Number, ...] = ()


def named(found: Iterable[Unfit]) -> str:
    """Return ``k1 (at the floor: …); k3 (…)`` with the names as code."""
    return "; ".join(f"`{one.arm}` ({one.why})" for one in found)
