"""Arithmetic with its steps written out, in skills that have little in common and grow by size.

Models that each learned one skill are experts of different things. Problems of one skill in several
sizes are a ladder, from what a small model answers at once to what it has to work out.
``data.options.skills`` says which skills there are.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from random import Random
from typing import Annotated, Any, ClassVar, NamedTuple

from pydantic import AfterValidator, Field

from llmx.core.options import parse, wrong
from llmx.core.record import Sample
from llmx.core.spec import DataSpec
from llmx.data.templated import Templated, TemplatedOptions

VERSION = 1  # to be raised with every change here that changes a problem


class Worked(NamedTuple):
    """A question, the steps to its answer, and the answer."""

    question: str
    steps: tuple[str, ...]
    answer: int


def total(rng: Random, numbers: int = 5, least: int = 10, most: int = 99) -> Worked:
    """Add numbers to one of two digits and take them away, from left to right, never below zero."""
    value = rng.randint(10, 99)
    asked, steps = str(value), []
    for _ in range(numbers - 1):
        term = rng.randint(least, most)
        sign = rng.choice("+-") if value >= term else "+"
        after = value + term if sign == "+" else value - term
        asked += f" {sign} {term}"
        steps.append(f"{value} {sign} {term} = {after}.")
        value = after
    return Worked(f"What is {asked}?", tuple(steps), value)


def product(rng: Random) -> Worked:
    """Multiply two numbers of two digits, by the tens and by the ones, and add a third."""
    one, other, more = rng.randint(11, 99), rng.randint(11, 99), rng.randint(11, 99)
    return _product(one, other, one, more)


def product_1(rng: Random) -> Worked:
    """Multiply a number of two digits by one of one digit, and add another of two digits."""
    one, other, more = rng.randint(11, 99), rng.randint(2, 9), rng.randint(11, 99)
    return _product(one, other, other, more)


def _product(one: int, other: int, by: int, more: int) -> Worked:
    """Split the factor that is not `by` into tens and ones."""
    split = other if by == one else one
    ones = split % 10
    tens = split - ones
    steps = (
        f"{split} = {tens} + {ones}.",
        f"{by} * {tens} = {by * tens}.",
        f"{by} * {ones} = {by * ones}.",
        f"{by * tens} + {by * ones} = {one * other}.",
        f"{one * other} + {more} = {one * other + more}.",
    )
    return Worked(f"What is {one} * {other} + {more}?", steps, one * other + more)


def remainder(rng: Random, digits: int = 4) -> Worked:
    """Divide a number by one from 11 to 19, digit by digit, for what is left."""
    number = rng.randint(10 ** (digits - 1), 10**digits - 1)
    divisor = rng.randint(11, 19)
    left, steps = int(str(number)[:1]), []
    for digit in str(number)[1:]:
        left = left * 10 + int(digit)
        times, taken = left // divisor, left - left % divisor
        steps.append(f"{left} - {times} * {divisor} = {left} - {taken} = {left - taken}.")
        left -= taken
    return Worked(f"What is left when {number} is divided by {divisor}?", tuple(steps), left)


_small = partial(total, least=1, most=9)

SKILLS: dict[str, Callable[[Random], Worked]] = {
    "small_total_2": partial(_small, numbers=2),
    "small_total_3": partial(_small, numbers=3),
    "small_total_4": partial(_small, numbers=4),
    "small_total": _small,
    "total_2": partial(total, numbers=2),
    "total_3": partial(total, numbers=3),
    "total_4": partial(total, numbers=4),
    "total": total,
    "product_1": product_1,
    "product": product,
    "remainder_3": partial(remainder, digits=3),
    "remainder": remainder,
}
"""Name -> generator. A name without a number is the largest size of its skill."""

LARGEST = ("total", "product", "remainder")


def _known(skills: tuple[str, ...]) -> tuple[str, ...]:
    if not skills or not set(skills) <= set(SKILLS):
        raise wrong(f"{list(skills)!r} are not all skills", f"some of: {', '.join(SKILLS)}")
    if len(set(skills)) < len(skills):
        raise wrong("a skill is there twice")
    return skills


class ArithmeticOptions(TemplatedOptions):
    """Of arithmetic."""

    skills: Annotated[tuple[str, ...], AfterValidator(_known)] = Field(
        default=LARGEST, description="skills that take turns"
    )


class WorkedArithmetic(Templated[str]):
    """`data: {kind: worked_arithmetic}`; skills take turns."""

    scorer: ClassVar[str] = "gsm"
    Options: ClassVar[type[TemplatedOptions]] = ArithmeticOptions

    @classmethod
    def identity(cls, spec: DataSpec) -> dict[str, Any]:
        """Return what the problems depend on."""
        return {"spec": cls.stated(spec), "generator": "llmx", "version": VERSION}

    def templates(self, split: str) -> tuple[str, ...]:
        """Return the skills: those of every split."""
        return parse(self.spec, ArithmeticOptions).skills

    def problem(self, rng: Random, split: str, template: str, index: int) -> Sample:
        """Draw one problem."""
        made = SKILLS[template](rng)
        answer = str(made.answer)
        return Sample(
            id=f"{split}-{template}-{index}",
            question=made.question,
            answer=answer,
            solution=self.solution(" ".join((*made.steps, f"#### {answer}")), answer),
            cluster=template,
        )

    def rung(self, template: str) -> tuple[str, int]:
        """Return a skill, and how many steps its solutions have."""
        return template, len(SKILLS[template](Random(0)).steps)
