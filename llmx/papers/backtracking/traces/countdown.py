"""Countdown as a search: start from two numbers, then take one number after the other.

A state is the running value and the numbers that are left. The generator's problems are such
chains, so each has an answer in this space. Values are whole; a division has to come out even.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Any

from llmx.data.tasks.arithmetic import evaluate
from llmx.papers.backtracking.traces.chains import Chain, apply, legal_moves, reaches
from llmx.papers.backtracking.traces.events import Conclude, Event, Place, standing
from llmx.papers.backtracking.traces.moves import ChainMove, Missed
from llmx.papers.backtracking.traces.puzzle import IllegalStep, TooFew
from llmx.papers.backtracking.traces.wording import Form, Phrases, Template

_OPERATOR = r"[-+*/]"


def _move(fields: Mapping[str, str]) -> ChainMove:
    left, right, value = (int(fields[name]) for name in ("left", "right", "value"))
    return ChainMove(left, fields["operator"], right, value)


def _missed(fields: Mapping[str, str]) -> Missed:
    return Missed(int(fields["value"]), int(fields["target"]))


def _phrases(move: str, missed: str, **rest: str) -> Phrases[ChainMove, Missed]:
    return Phrases(
        moves=[Form(Template(move, operator=_OPERATOR), vars, _move)],
        reasons=[Form(Template(missed), vars, _missed)],
        **rest,
    )


PHRASES: dict[str, Phrases[ChainMove, Missed]] = {
    "plain": _phrases(
        "{left} {operator} {right} = {value}.",
        "That makes {value}, not {target}, so this path fails.",
        step="Step {step}: ",
        again="Step {step} again: ",
        back="Go back to step {to}.",
        done="That is the target.",
    ),
    "terse": _phrases(
        "{left} {operator} {right} = {value}",
        "{value} is not {target}",
        step="{step}: ",
        again="{step} again: ",
        back="back to {to}",
        done="done",
    ),
}
"""Wording → phrases."""


_TAME = 9_999  # a trace passes no larger value, and none below 0, where it can choose


class CountdownPuzzle:
    """Reach `target` with all of `numbers`, each used once."""

    def __init__(self, numbers: Sequence[int], target: int) -> None:
        self.numbers, self.target = tuple(numbers), target

    @classmethod
    def of(cls, instance: Mapping[str, Any]) -> CountdownPuzzle:
        """Return the problem with these ``numbers`` and this ``target``."""
        return cls(instance["numbers"], instance["target"])

    def instance(self) -> dict[str, Any]:
        """Return numbers and target."""
        return {"numbers": list(self.numbers), "target": self.target}

    def start(self) -> Chain:
        """Return no value and all numbers."""
        return Chain(None, tuple(sorted(self.numbers)))

    def step(self, state: Chain, move: ChainMove) -> Chain:
        """Return the state after one operation; see :class:`Puzzle`."""
        left = list(state.left)
        if state.value is None:
            _take(left, move.left)
        elif move.left != state.value:
            raise IllegalStep(f"the running value is {state.value}, not {move.left}")
        _take(left, move.right)
        if apply(move.left, move.operator, move.right) != move.value:
            raise IllegalStep(f"{move.left} {move.operator} {move.right} is not {move.value}")
        return Chain(move.value, tuple(left))

    def check_stuck(self, state: Chain, reason: Missed) -> None:
        """The numbers are used up, and the value is another than the target."""
        if state.left:
            raise IllegalStep(f"numbers are left: {state.left}")
        if reason.value != state.value or reason.target != self.target:
            raise IllegalStep(f"the value is {state.value} and the target {self.target}")
        if state.value == self.target:
            raise IllegalStep("the target is reached")

    def dead(self, state: Chain) -> bool:
        """Whether no chain leads from here to the target."""
        return not reaches(self.target, state)

    def conclusion(self, state: Chain, moves: Sequence[ChainMove]) -> str:
        """Return the chain as one expression."""
        if state.left or state.value is None:
            raise IllegalStep("numbers are left")
        return expression(moves)

    def right(self, answer: str) -> bool:
        """Whether it has the target's value and uses each number once."""
        found = evaluate(answer)
        if found is None:
            return False
        return found[0] == self.target and sorted(found[1]) == sorted(self.numbers)

    def well_formed(self, answer: str) -> bool:
        """Whether it is an expression at all."""
        return evaluate(answer) is not None

    def path(self, rng: Random) -> list[ChainMove]:
        """Return a chain to the target, drawn among those that stay tame where some do."""
        state, moves = self.start(), []
        if self.dead(state):
            raise TooFew(f"no chain of {self.numbers} gives {self.target}")
        while state.left:
            alive = [move for move in legal_moves(state) if not self.dead(self.step(state, move))]
            moves.append(rng.choice(_tame(alive)))
            state = self.step(state, moves[-1])
        return moves

    def detours(self, path: Sequence[ChainMove], step: int) -> list[ChainMove]:
        """Return the moves to dead states after `step` steps, one a state."""
        return _tame(self._wrong(path, step))

    def further_detours(self, path: Sequence[ChainMove], step: int) -> list[ChainMove]:
        """Return those through values that are negative or large."""
        wrong = self._wrong(path, step)
        kept = set(_tame(wrong))
        return [move for move in wrong if move not in kept]

    def _wrong(self, path: Sequence[ChainMove], step: int) -> list[ChainMove]:
        state = self.start()
        for move in path[:step]:
            state = self.step(state, move)
        after = {self.step(state, move): move for move in reversed(legal_moves(state))}
        return [move for reached, move in reversed(after.items()) if self.dead(reached)]

    def excursion(self, state: Chain, rng: Random) -> Iterator[ChainMove | Missed]:
        """Go on at random until the numbers are used up."""
        while state.left:
            move = rng.choice(_tame(legal_moves(state)))
            yield move
            state = self.step(state, move)
        assert state.value is not None
        yield Missed(state.value, self.target)

    def mistaken(
        self, events: Sequence[Event[ChainMove, Missed]], rng: Random
    ) -> list[Event[ChainMove, Missed]]:
        """Replace the last step by one that misses the target, and claim that it does not."""
        moves = [event.move for event in standing(events)]
        place = max(i for i, event in enumerate(events) if isinstance(event, Place))
        wrong = self.detours(moves, len(moves) - 1)
        if not wrong:
            raise TooFew("every last step reaches the target")
        last = rng.choice(wrong)
        answer = Conclude(expression([*moves[:-1], last]))
        return [*events[:place], Place(len(moves), last), *events[place + 1 : -1], answer]

    def phrases(self, wording: str) -> Phrases[ChainMove, Missed]:
        """Return how chains are written."""
        return PHRASES[wording]


def expression(moves: Sequence[ChainMove]) -> str:
    """Return a chain as an expression with the parentheses that it needs."""
    text, loose = str(moves[0].left), False
    for move in moves:
        if loose and move.operator in "*/":
            text = f"({text})"
        text = f"{text} {move.operator} {move.right}"
        loose = move.operator in "+-"
    return text


def _take(left: list[int], number: int) -> None:
    if number not in left:
        raise IllegalStep(f"{number} is not there to be used, only {left}")
    left.remove(number)


def _tame(moves: list[ChainMove]) -> list[ChainMove]:
    return [move for move in moves if 0 <= move.value <= _TAME] or moves
