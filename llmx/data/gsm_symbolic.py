"""Grade-school word problems with new names and numbers: GSM-Symbolic through reasoning-gym.

The generator has one function a template. What this data is and is not: same templates, new
variables.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from importlib.metadata import version
from random import Random
from typing import Any, ClassVar

from llmx.core.errors import DataError
from llmx.core.record import Sample
from llmx.core.spec import DataSpec
from llmx.data.templated import Templated

LOYALTY = 0.8

_NUMBER = r"[$€£]?\d[\d,]*(?:\.\d+)?"
_UNIT = r"(?:[ -][A-Za-z][A-Za-z/'-]*){0,3}?"
_OPERATION = re.compile(
    rf"(?P<first>{_NUMBER}){_UNIT}(?P<rest>(?:\s*[*x+/÷×-]\s*{_NUMBER}{_UNIT})+)"
    rf"\s*=\s*(?P<result>{_NUMBER})"
)
_TERM = re.compile(rf"([*x+/÷×-])\s*({_NUMBER})")
_SIGNS = {"x": "*", "×": "*", "÷": "/"}
_WORDS = {"+": "plus", "-": "minus", "*": "times", "/": "divided by"}


@dataclass(frozen=True)
class Step:
    """One line of a worked solution, cut at its last equation."""

    before: str
    terms: tuple[str, ...]
    operators: tuple[str, ...]
    result: str
    after: str

    @property
    def symbols(self) -> str:
        """The calculation in signs: ``12 * 3 + 4``."""
        pairs = zip(self.operators, self.terms[1:], strict=True)
        return self.terms[0] + "".join(f" {sign} {term}" for sign, term in pairs)

    @property
    def words(self) -> str:
        """The calculation in words: ``12 times 3 plus 4``."""
        pairs = zip(self.operators, self.terms[1:], strict=True)
        return self.terms[0] + "".join(f" {_WORDS[sign]} {term}" for sign, term in pairs)

    @property
    def statement(self) -> str:
        """The line with the calculation left out, only its result."""
        return f"{self.before}{self.result}{self.after}"


def parse_step(line: str) -> Step | None:
    """Cut a line at its last equation; None where it has none that can be reworded."""
    matches = list(_OPERATION.finditer(line))
    if not matches or line.count("=") != 1:
        return None
    found = matches[-1]
    pairs = _TERM.findall(found["rest"])
    return Step(
        before=line[: found.start()],
        terms=(found["first"], *(term for _, term in pairs)),
        operators=tuple(_SIGNS.get(sign, sign) for sign, _ in pairs),
        result=found["result"],
        after=line[found.end() :],
    )


def _inline(step: Step) -> str:
    return f"{step.before}{step.symbols} = {step.result}{step.after}"


def _inline_words(step: Step) -> str:
    return f"{step.before}{step.words}, or {step.result}{step.after}"


def _calculation_first(step: Step) -> str:
    return f"{step.symbols} = {step.result}. {step.statement}"


def _words_first(step: Step) -> str:
    return f"{step.words} is {step.result}. {step.statement}"


def _bare(step: Step) -> str:
    return f"{step.symbols} = {step.result}{step.after}"


_LAYOUTS = (_inline, _inline_words, _calculation_first, _words_first, _bare)
_OPENINGS: tuple[tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]], ...] = (
    # first step, middle steps, last step
    (("",), ("",), ("",)),
    (("First, ",), ("Then, ", "Next, "), ("Finally, ", "In the end, ")),
    (("To begin: ", "We start here: "), ("After that: ", "Now: "), ("So: ", "Therefore: ")),
    (("Step one: ",), ("Another step: ",), ("Last step: ",)),
    (("Let us see. ", "OK. "), ("Good. ", "And now: "), ("Almost there. ", "That leaves this: ")),
)
_CLOSINGS = (
    "",
    "The answer is {answer}.\n",
    "So the answer is {answer}.\n",
    "That gives {answer} in total.\n",
    "We are done: {answer}.\n",
)


@dataclass(frozen=True)
class Manner:
    """How one writer words his steps: indices into the tables above."""

    layout: int
    opening: int

    @classmethod
    def draw(cls, rng: Random) -> Manner:
        """Draw a writer."""
        return cls(rng.randrange(len(_LAYOUTS)), rng.randrange(len(_OPENINGS)))


def _follow(rng: Random, habit: int, size: int) -> int:
    return habit if rng.random() < LOYALTY else rng.randrange(size)


_LOWERED = re.compile(
    r"(?:A|An|After|All|Altogether|Another|Each|For|He|Her|His|If|In|It|Now|Of|On|She|So|The|"
    r"Then|There|Therefore|They|Thus)\b"
)


def _join(opening: str, body: str) -> str:
    """Put an opening before a sentence; after a comma the sentence starts in lower case."""
    if opening.endswith(", ") and _LOWERED.match(body):
        body = body[0].lower() + body[1:]
    return opening + body


def _word_line(line: str, place: int, manner: Manner, rng: Random) -> str:
    opening = rng.choice(_OPENINGS[_follow(rng, manner.opening, len(_OPENINGS))][place])
    layout = _LAYOUTS[_follow(rng, manner.layout, len(_LAYOUTS))]
    step = parse_step(line)
    body = layout(step) if step else line
    return _join(opening, body.strip().rstrip(".") + ".")


def _step_lines(solution: str) -> list[str]:
    """Return the lines of a generator's solution, without its closing ``#### N``."""
    lines = [line.strip() for line in solution.splitlines() if line.strip()]
    return [line for line in lines if not line.startswith("####")]


def reword(solution: str, answer: str, rng: Random) -> str:
    """Word a solution anew.

    Args:
        solution: the generator's lines, with or without its closing ``#### N`` line.
        answer: the normalised final answer, written after the closing ``####``.
        rng: the only source of choices.

    Returns:
        The lines, then ``#### answer``.
    """
    lines = _step_lines(solution)
    manner = Manner.draw(rng)
    places = [0, *[1] * (len(lines) - 2), 2][: len(lines)] if len(lines) > 1 else [2]
    worded = [
        _word_line(line, place, manner, rng) for line, place in zip(lines, places, strict=True)
    ]
    closing = rng.choice(_CLOSINGS).format(answer=answer)
    return "\n".join(worded) + "\n" + closing + f"#### {answer}"


VERSION = 1  # to be raised with every change here that changes a problem


def normalise_number(text: str) -> str:
    """Return a number without trailing zeros, separators or signs of currency: 60.0 → 60.

    Raises:
        DataError: if the text is not a number.
    """
    try:
        value = Decimal(re.sub(r"[,$€£%\s]", "", text))
    except InvalidOperation as error:
        raise DataError(f"'{text}' is not a number") from error
    whole = value.to_integral_value()
    return str(int(whole)) if value == whole else format(value.normalize(), "f")


def _tidy(text: str) -> str:
    """Write 51.0 as 51: the generator mixes both forms of one number."""
    return re.sub(r"(\d)\.0+(?=\D|$)", r"\1", text)


class GsmSymbolic(Templated[int]):
    """`data: {kind: gsm_symbolic}`."""

    scorer: ClassVar[str] = "gsm"
    procedural: ClassVar[bool] = True

    def __init__(self, spec: DataSpec) -> None:
        if not spec.templates:
            raise DataError("data.templates is empty", "list template numbers, e.g. [43, 10]")
        super().__init__(spec)
        self._generators = _load_generators()
        self._check_templates()

    @classmethod
    def identity(cls, spec: DataSpec) -> dict[str, Any]:
        """Return what the problems depend on, the generator's version included."""
        return {"spec": cls.stated(spec), "generator": generator_version(), "version": VERSION}

    def templates(self, split: str) -> tuple[int, ...]:
        """Return numbers of templates: `heldout` has its own."""
        return self.spec.heldout_templates if split == "heldout" else self.spec.templates

    def problem(self, rng: Random, split: str, template: int, index: int) -> Sample:
        """Draw one problem."""
        made = self._generators[template](rng, 1.0)
        answer = normalise_number(str(made["answer"]))
        solution = _tidy(made["metadata"]["answer_cot"])
        if self.spec.wording == "varied":
            solution = reword(solution, answer, rng)
        return Sample(
            id=f"{split}-{template}-{index}",
            question=made["question"].strip(),
            answer=answer,
            # Made in any case: its draws move the generator on to the next problem.
            solution=self.solution(solution, answer),
            cluster=_cluster(template),
        )

    def rung(self, template: int) -> tuple[str, int]:
        """Return the cluster of a template, and the lines of its solution: of all its problems."""
        made = self._generators[template](Random(0), 1.0)
        return _cluster(template), len(_step_lines(made["metadata"]["answer_cot"]))

    def _check_templates(self) -> None:
        unknown = {*self.spec.templates, *self.spec.heldout_templates} - set(self._generators)
        if unknown:
            raise DataError(f"gsm_symbolic has no template {sorted(unknown)}", "numbers 0 to 99")
        both = set(self.spec.templates) & set(self.spec.heldout_templates)
        if both:
            raise DataError(f"templates {sorted(both)} are both trained on and held out")


def _cluster(template: int) -> str:
    return f"template-{template}"


@lru_cache(maxsize=1)
def generator_version() -> str:
    """Return the version of the generator package, part of the data's identity."""
    return f"reasoning_gym {version('reasoning_gym')}"


def _load_generators() -> dict[int, Any]:
    from reasoning_gym.arithmetic.gsm_symbolic.gsm_symbolic import (
        GSMSymbolicDataset,
        GSMSymbolicDatasetConfig,
    )

    generators: dict[int, Any] = GSMSymbolicDataset(
        GSMSymbolicDatasetConfig(seed=0, size=1)
    ).generators
    return generators
