"""Stage `revise`: draws of a pool are revised by the model that gave them, round by round."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import ClassVar

from pydantic import Field

from llmx.core.options import Count, StageOptions
from llmx.core.record import Record
from llmx.core.spec import SamplerSpec
from llmx.core.stage import StageInput
from llmx.dialogue.revise import INSTRUCTION, agreed, revise
from llmx.dialogue.rounds import Rounds, side_by_side
from llmx.engines.engine import Engine
from llmx.stages.expense import Expense, expected, mean, sharing
from llmx.stages.live import LiveOptions, LiveStage, Row, Spend, row, share
from llmx.stages.pooled import PooledProblem, said


class ReviseOptions(LiveOptions):
    """How many chains of how many rounds."""

    rounds: int = Field(default=3, ge=0, description="revisions of each draw, one after the other")
    chains: Count = Field(default=1, description="draws that are revised, each for itself")
    sizes: tuple[Count, ...] = Field(
        default=(2, 4, 8), description="chains that vote, of those that there are"
    )


@dataclass(frozen=True)
class RevisedChain:
    """One chain: a draw and its revisions.

    Attributes:
        answers: (rounds + 1,) class of each answer; -1 = nothing read.
        cut: (rounds + 1,) whether each ended at the cap.
        spent: (rounds + 1,) what it took up to each.
    """

    answers: tuple[int, ...]
    cut: tuple[bool, ...]
    spent: tuple[Expense, ...]


@dataclass(frozen=True)
class Revise:
    """Chains of revisions.

    Outcomes at round r, means over the chains: ``revise``, the answer of round r; ``revise_vote``,
    the vote over rounds 0 to r; ``revise_stop``, the last of them where a chain ends as soon as two
    answers in a row agree (`used` answers, on average). ``chains`` is the vote of N chains' last
    answers, over all subsets. `lost` is the share of chains that round r turned from right to
    wrong, `won` from wrong to right.
    """

    options: ReviseOptions
    words: ClassVar[str] = INSTRUCTION

    @property
    def draws(self) -> int:
        """One a chain."""
        return self.options.chains

    @property
    def calls(self) -> int:
        """One a round of a chain."""
        return self.options.chains * self.options.rounds

    @property
    def shown(self) -> int:
        """The answer before."""
        return 1

    def ask(
        self, problem: PooledProblem, sampler: SamplerSpec, engine: Engine
    ) -> Rounds[list[tuple[Record, ...]]]:
        """Return the calls about one problem."""
        rounds, draws = self.options.rounds, problem.draws[: self.draws]
        return side_by_side(
            [
                revise(problem.asked(draw.draw), problem.said(chain), rounds, sampler, said, chain)
                for chain, draw in enumerate(draws)
            ]
        )

    def rows(
        self, problem: PooledProblem, found: list[tuple[Record, ...]], spend: Spend
    ) -> Iterator[Row]:
        """Yield the outcomes of one problem."""
        chains = [_chain(problem, number, own, spend) for number, own in enumerate(found)]
        for number in range(self.options.rounds + 1):
            yield _revised(problem, chains, number)
            yield _voted(problem, chains, number)
            yield _stopped(problem, chains, number)
        yield from self._chains(problem, chains)

    def _chains(self, problem: PooledProblem, chains: Sequence[RevisedChain]) -> Iterator[Row]:
        sizes = [size for size in self.options.sizes if size <= len(chains)]
        last = [chain.answers[-1] for chain in chains]
        shares = {
            "unparsed": share([one < 0 for one in last]),
            "cut": share([chain.cut[-1] for chain in chains]),
        }
        won = problem.classes.vote(last, sizes) if sizes else ()
        for size, right in zip(sizes, won, strict=True):
            spent = expected([chain.spent[-1] for chain in chains], size)
            spent = sharing(spent, problem.begun(problem.draws[: len(chains)]), size)
            yield row(problem, "chains", size, right, spent, **shares)


def _chain(
    problem: PooledProblem, number: int, revised: Sequence[Record], spend: Spend
) -> RevisedChain:
    draw = problem.draws[number]
    records = [draw, *revised]
    found = (problem.classes.of(record, draw.draw) for record in revised)
    answers = (problem.of[number], *found)
    spent: list[Expense] = []
    for record in records:
        spent.append(reduce(Expense.then, spent[-1:], Expense()).then(spend(record)))
    return RevisedChain(answers, tuple(one.finish == "length" for one in records), tuple(spent))


def _revised(problem: PooledProblem, chains: Sequence[RevisedChain], number: int) -> Row:
    right = [problem.classes.correct(chain.answers[number]) for chain in chains]
    before = [problem.classes.correct(chain.answers[max(number - 1, 0)]) for chain in chains]
    flips = [(one, other) for one, other in zip(before, right, strict=True)]
    return row(
        problem,
        "revise",
        number,
        sum(right) / len(chains),
        mean([chain.spent[number] for chain in chains]),
        **_shares(chains, [number] * len(chains)),
        lost=share([one > other for one, other in flips]),
        won=share([one < other for one, other in flips]),
    )


def _voted(problem: PooledProblem, chains: Sequence[RevisedChain], number: int) -> Row:
    votes = [float(problem.classes.vote(one.answers[: number + 1])[0]) for one in chains]
    spent = mean([chain.spent[number] for chain in chains])
    nothing = [all(one < 0 for one in chain.answers[: number + 1]) for chain in chains]
    shares = {**_shares(chains, [number] * len(chains)), "unparsed": share(nothing)}
    return row(problem, "revise_vote", number, sum(votes) / len(chains), spent, **shares)


def _stopped(problem: PooledProblem, chains: Sequence[RevisedChain], number: int) -> Row:
    places = [agreed(chain.answers[: number + 1]) for chain in chains]
    pairs = list(zip(chains, places, strict=True))
    right = [problem.classes.correct(chain.answers[place]) for chain, place in pairs]
    spent = mean([chain.spent[place] for chain, place in pairs])
    shares = {**_shares(chains, places), "used": 1 + sum(places) / len(places)}
    return row(problem, "revise_stop", number, sum(right) / len(chains), spent, **shares)


def _shares(chains: Sequence[RevisedChain], places: Sequence[int]) -> dict[str, float]:
    pairs = list(zip(chains, places, strict=True))
    return {
        "unparsed": share([chain.answers[place] < 0 for chain, place in pairs]),
        "cut": share([chain.cut[place] for chain, place in pairs]),
    }


class ReviseStage(LiveStage):
    """Revises draws of a pool by the model itself; see :class:`Revise`."""

    Options: ClassVar[type[StageOptions]] = ReviseOptions
    kind: ClassVar[str] = "revise"

    def method(self, given: StageInput) -> Revise:
        """Return the method with its options."""
        return Revise(given.read(ReviseOptions))
