"""Arc 1D as a search over rules: try one, hold it against the examples, apply it to the test input.

A state is the rule that is tried and how many examples it has met. A rule is dead if some example
shows another output than it gives. Each excursion goes back to the start, where no rule is chosen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import Any

from llmx.data.tasks.verifiers import row as same_row
from llmx.papers.backtracking.traces.arc_blocks import Row
from llmx.papers.backtracking.traces.arc_rules import RULES
from llmx.papers.backtracking.traces.arc_text import PHRASES
from llmx.papers.backtracking.traces.events import Conclude, Event
from llmx.papers.backtracking.traces.moves import Applied, Differs, Guess, ShownExample
from llmx.papers.backtracking.traces.puzzle import IllegalStep, TooFew
from llmx.papers.backtracking.traces.wording import Phrases

RuleMove = Guess | ShownExample | Applied


@dataclass(frozen=True)
class Tried:
    """The rule that is tried, how many examples it has met, and its output for the test input."""

    rule: str | None = None
    met: int = 0
    output: Row | None = None


class ArcPuzzle:
    """Examples of a rule, and an input to apply it to.

    Args:
        rule: the name of a rule that gives all examples.
        solution: the output that is asked for.
    """

    def __init__(
        self, examples: Sequence[tuple[Row, Row]], test: Row, solution: Row, rule: str
    ) -> None:
        self.examples, self.test, self.solution, self.rule = examples, test, solution, rule

    @classmethod
    def of(cls, instance: Mapping[str, Any]) -> ArcPuzzle:
        """Return the problem with these ``examples``, ``test`` input, ``solution`` and ``rule``."""
        pairs = [(tuple(given), tuple(shown)) for given, shown in instance["examples"]]
        test, solution = tuple(instance["test"]), tuple(instance["solution"])
        return cls(pairs, test, solution, instance["rule"])

    def instance(self) -> dict[str, Any]:
        """Return examples, test input, its output, and the rule."""
        return {
            "examples": [[list(given), list(shown)] for given, shown in self.examples],
            "test": list(self.test),
            "solution": list(self.solution),
            "rule": self.rule,
        }

    def start(self) -> Tried:
        """Return that no rule is tried."""
        return Tried()

    def step(self, state: Tried, move: RuleMove) -> Tried:
        """Return the state after a rule, an example or the test input; see :class:`Puzzle`."""
        match move:
            case Guess(rule):
                return self._guess(state, rule)
            case ShownExample(number, output):
                return self._meet(state, number, output)
            case Applied(output):
                return self._apply(state, output)

    def _guess(self, state: Tried, rule: str) -> Tried:
        if state.rule is not None:
            raise IllegalStep("another rule is being tried")
        if rule not in RULES:
            raise IllegalStep(f"there is no rule {rule!r}")
        return Tried(rule)

    def _meet(self, state: Tried, number: int, output: Row) -> Tried:
        if state.rule is None or number != state.met + 1 or number > len(self.examples):
            raise IllegalStep(f"example {number} does not come next")
        given, shown = self.examples[number - 1]
        if output != RULES[state.rule].apply(given):
            raise IllegalStep(f"the rule does not give this for example {number}")
        if output != shown:
            raise IllegalStep(f"this is not what example {number} shows")
        return Tried(state.rule, number)

    def _apply(self, state: Tried, output: Row) -> Tried:
        if state.rule is None or state.met != len(self.examples) or state.output is not None:
            raise IllegalStep("the rule has not been held against all examples")
        if output != RULES[state.rule].apply(self.test):
            raise IllegalStep("the rule does not give this for the test input")
        return Tried(state.rule, state.met, output)

    def check_stuck(self, state: Tried, reason: Differs) -> None:
        """The rule gives something else for the next example, or nothing."""
        if state.rule is None or reason.number != state.met + 1:
            raise IllegalStep(f"example {reason.number} does not come next")
        if reason.number > len(self.examples):
            raise IllegalStep("there are no more examples")
        given, shown = self.examples[reason.number - 1]
        if reason.output != RULES[state.rule].apply(given):
            raise IllegalStep(f"this is not what the rule makes of example {reason.number}")
        if reason.output == shown:
            raise IllegalStep(f"example {reason.number} shows this")

    def dead(self, state: Tried) -> bool:
        """Whether the rule that is tried fails some example."""
        return state.rule is not None and _first_failure(self, state.rule) is not None

    def conclusion(self, state: Tried, moves: Sequence[RuleMove]) -> str:
        """Return the output for the test input."""
        if state.output is None:
            raise IllegalStep("the rule has not been applied to the test input")
        return " ".join(map(str, state.output))

    def right(self, answer: str) -> bool:
        """By the verifier of rewards."""
        return same_row(answer, " ".join(map(str, self.solution)))

    def well_formed(self, answer: str) -> bool:
        """Whether it is a row of colours as long as the test input."""
        cells = answer.split(" ")
        digits = {str(digit) for digit in range(10)}
        return len(cells) == len(self.test) and set(cells) <= digits

    def path(self, rng: Random) -> list[RuleMove]:
        """Return the right rule, the examples that it meets, and its output.

        Raises:
            TooFew: if the rule does not give the examples or the answer.
        """
        output = RULES[self.rule].apply(self.test)
        if _first_failure(self, self.rule) is not None or output is None or output != self.solution:
            raise TooFew(f"the rule {self.rule} does not give what is shown")
        shown = [ShownExample(number + 1, out) for number, (_, out) in enumerate(self.examples)]
        return [Guess(self.rule), *shown, Applied(output)]

    def detours(self, path: Sequence[RuleMove], step: int) -> list[RuleMove]:
        """Return the rules that give something for the first example and fail some example.

        Of rules that give the same for all examples one is taken, drawn by the problem.
        """
        alike: dict[tuple[Row | None, ...], list[Guess]] = {}
        for guess in self._wrong(step):
            if self._gives(guess.rule):
                outputs = tuple(RULES[guess.rule].apply(given) for given, _ in self.examples)
                alike.setdefault(outputs, []).append(guess)
        rng = Random(str(self.test))
        return [rng.choice(guesses) for guesses in alike.values()]

    def further_detours(self, path: Sequence[RuleMove], step: int) -> list[RuleMove]:
        """Return the rules that cannot be applied to the first example."""
        return [guess for guess in self._wrong(step) if not self._gives(guess.rule)]

    def _wrong(self, step: int) -> list[Guess]:
        rules = RULES if step == 0 else {}
        return [Guess(rule) for rule in rules if _first_failure(self, rule) is not None]

    def _gives(self, rule: str) -> bool:
        return RULES[rule].apply(self.examples[0][0]) is not None

    def excursion(self, state: Tried, rng: Random) -> Iterator[RuleMove | Differs]:
        """Hold the rule against the examples up to the one that it fails."""
        assert state.rule is not None
        failing = _first_failure(self, state.rule)
        assert failing is not None, "only a wrong rule leads astray"
        for number in range(1, failing):
            yield ShownExample(number, self.examples[number - 1][1])
        yield Differs(failing, RULES[state.rule].apply(self.examples[failing - 1][0]))

    def mistaken(
        self, events: Sequence[Event[RuleMove, Differs]], rng: Random
    ) -> list[Event[RuleMove, Differs]]:
        """Change the colour of one cell of the answer."""
        wrong = list(self.solution)
        place = rng.randrange(len(wrong))
        wrong[place] = rng.choice([colour for colour in range(10) if colour != wrong[place]])
        return [*events[:-1], Conclude(" ".join(map(str, wrong)))]

    def phrases(self, wording: str) -> Phrases[RuleMove, Differs]:
        """Return how rules and rows are written."""
        return PHRASES[wording]


@lru_cache(maxsize=1 << 12)  # some sixty problems; a trace set holds thousands, without these
def _first_failure(puzzle: ArcPuzzle, rule: str) -> int | None:
    """Return the number of the first example that a rule does not give, or None."""
    for number, (given, shown) in enumerate(puzzle.examples, 1):
        if RULES[rule].apply(given) != shown:
            return number
    return None
