"""Arithmetic with its steps written out, in three skills that have little in common.

Small models that each learned one skill are experts of different things, and an answer has as many
tokens as a streamed one needs. ``data.options.skills`` says which skills there are.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, ClassVar, NamedTuple

from llmx.core.errors import DataError
from llmx.core.record import Sample
from llmx.core.spec import DataSpec
from llmx.data.templated import Templated

VERSION = 1  # to be raised with every change here that changes a problem


class Worked(NamedTuple):
    """A question, the steps to its answer, and the answer."""

    question: str
    steps: tuple[str, ...]
    answer: int


def total(rng: Random) -> Worked:
    """Add and take away five numbers of two digits, from left to right, never below zero."""
    value = rng.randint(10, 99)
    asked, steps = str(value), []
    for _ in range(4):
        term = rng.randint(10, 99)
        sign = rng.choice("+-") if value >= term else "+"
        after = value + term if sign == "+" else value - term
        asked += f" {sign} {term}"
        steps.append(f"{value} {sign} {term} = {after}.")
        value = after
    return Worked(f"What is {asked}?", tuple(steps), value)


def product(rng: Random) -> Worked:
    """Multiply two numbers of two digits, by the tens and by the ones, and add a third."""
    one, other, more = rng.randint(11, 99), rng.randint(11, 99), rng.randint(11, 99)
    ones = other % 10
    tens = other - ones
    steps = (
        f"{other} = {tens} + {ones}.",
        f"{one} * {tens} = {one * tens}.",
        f"{one} * {ones} = {one * ones}.",
        f"{one * tens} + {one * ones} = {one * other}.",
        f"{one * other} + {more} = {one * other + more}.",
    )
    return Worked(f"What is {one} * {other} + {more}?", steps, one * other + more)


def remainder(rng: Random) -> Worked:
    """Divide a number of four digits by one from 11 to 19, digit by digit, for what is left."""
    number, divisor = rng.randint(1000, 9999), rng.randint(11, 19)
    left, steps = int(str(number)[:1]), []
    for digit in str(number)[1:]:
        left = left * 10 + int(digit)
        times, taken = left // divisor, left - left % divisor
        steps.append(f"{left} - {times} * {divisor} = {left} - {taken} = {left - taken}.")
        left -= taken
    return Worked(f"What is left when {number} is divided by {divisor}?", tuple(steps), left)


SKILLS: dict[str, Callable[[Random], Worked]] = {
    "total": total,
    "product": product,
    "remainder": remainder,
}


class WorkedArithmetic(Templated[str]):
    """`data: {kind: worked_arithmetic}`; skills take turns."""

    scorer: ClassVar[str] = "gsm"

    def __init__(self, spec: DataSpec) -> None:
        super().__init__(spec)
        self._skills = _skills(spec)

    @classmethod
    def identity(cls, spec: DataSpec) -> dict[str, Any]:
        """Return what the problems depend on."""
        _skills(spec)
        return {"spec": spec.model_dump(mode="json"), "generator": "llmx", "version": VERSION}

    def templates(self, split: str) -> tuple[str, ...]:
        """Return the skills: those of every split."""
        return self._skills

    def problem(self, rng: Random, split: str, template: str, index: int) -> Sample:
        """Draw one problem."""
        made = SKILLS[template](rng)
        return Sample(
            id=f"{split}-{template}-{index}",
            question=made.question,
            answer=str(made.answer),
            solution=" ".join((*made.steps, f"#### {made.answer}")),
            cluster=template,
        )


def _skills(spec: DataSpec) -> tuple[str, ...]:
    found = spec.options.get("skills", list(SKILLS))
    unknown = sorted(set(spec.options) - {"skills"})
    if unknown:
        raise DataError(f"data.options has no key '{unknown[0]}'", "worked_arithmetic has: skills")
    if not isinstance(found, list) or not found or not set(found) <= set(SKILLS):
        raise DataError(f"data.options.skills is {found!r}", f"some of: {', '.join(SKILLS)}")
    return tuple(found)
