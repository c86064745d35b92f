"""Stage `stopped`: answers are drawn one after the other until the vote is settled.

A draw has the number, the words and the dice of the same draw of a pool. On an engine whose answers
depend on their requests alone it is that draw, and a rule uses and answers what its replay does in
the order of the draws. No pool is needed: draws that nobody asks for are what is saved.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any, ClassVar, Literal

from pydantic import Field

from llmx.core.errors import ConfigError
from llmx.core.options import Count, StageOptions
from llmx.core.record import Record, Sample
from llmx.core.spec import SamplerSpec
from llmx.core.speech import Request
from llmx.core.stage import Cost, StageContext, StageInput
from llmx.data import load
from llmx.dialogue.rounds import Rounds
from llmx.engines.engine import Engine
from llmx.papers.inference_scaling import figure_names
from llmx.papers.inference_scaling.stop import StopExact, StopPosterior, StopRule
from llmx.stages.decode import refuse_alike
from llmx.stages.expense import Expense, beside, sharing
from llmx.stages.live import (
    AskingOptions,
    LiveStage,
    Row,
    Spend,
    asked_problems,
    row,
    share,
)
from llmx.stages.pool import size_of
from llmx.stages.pooled import AnswerClasses, PooledProblem, keyed
from llmx.stages.requests import calibrated_threshold, put, required, settled
from llmx.stages.scoring_stage import chosen


class StoppedOptions(AskingOptions):
    """When no more draws are worth it."""

    rules: tuple[Literal["exact", "posterior"], ...] = Field(
        default=("exact", "posterior"),
        description="exact: the lead is safe; posterior: the lead is likely; [] = draw nothing",
    )
    threshold: float = Field(
        default=0.95, ge=0.5, lt=1, description="probability of the leader at which posterior stops"
    )
    budget: Count | None = Field(
        default=None, description="draws of a problem at most; null = as many as a pool has"
    )
    step: Count = Field(default=1, description="draws at a time, after which the rules are asked")


@dataclass(frozen=True)
class DrawnVote:
    """What was drawn of a problem.

    Attributes:
        draws: in their order.
        of: class of each; -1 = nothing was read.
        used: rule → how many of the draws it saw before it stopped.
    """

    draws: Sequence[Record]
    of: Sequence[int]
    used: Mapping[str, int]


@dataclass(frozen=True)
class StoppedVote:
    """Votes that stop; the rules share draws, and each counts those alone that it has seen.

    Outcomes: ``stop_exact_live`` and ``stop_posterior_live``, whose size is the budget. The winner
    has the most votes, of those that tie it is the one that came first. `used` is the number of
    draws. Draws of one step do not wait for each other, and each step waits for the one before.

    Attributes:
        budget: the most draws.
        step: draws at a time.
    """

    rules: tuple[StopRule, ...]
    budget: int
    step: int
    words: ClassVar[str] = ""
    shown: ClassVar[int] = 0

    @property
    def draws(self) -> int:
        """Those that are drawn at most; none without a rule."""
        return self.budget if self.rules else 0

    @property
    def calls(self) -> int:
        """One a draw, at most."""
        return self.draws

    @property
    def least(self) -> int:
        """How many draws are made of a problem at least: those of one answer, time after time."""
        steps = range(self.step, self.budget, self.step)
        return next(
            (n for n in steps if all(self._stops(n, rule) for rule in self.rules)), self.budget
        )

    def _stops(self, alike: int, rule: StopRule) -> bool:
        return rule.decide((alike,), self.budget - alike)

    def ask(
        self, problem: PooledProblem, sampler: SamplerSpec, engine: Engine
    ) -> Rounds[DrawnVote]:
        """Return the calls about one problem: the next draws while a rule wants them."""
        draws: list[Record] = []
        of: list[int] = []
        used: dict[str, int] = {}
        while len(used) < len(self.rules):
            numbers = range(len(draws), min(len(draws) + self.step, self.budget))
            drawn = yield [_draw(problem.asked(number), number) for number in numbers]
            draws += drawn
            of += [problem.classes.of(record, record.draw) for record in drawn]
            counts = list(Counter(one for one in of if one >= 0).values())
            for rule in self.rules:
                if rule.name not in used and rule.decide(counts, self.budget - len(draws)):
                    used[rule.name] = len(draws)
        return DrawnVote(draws, of, used)

    def rows(self, problem: PooledProblem, found: DrawnVote, spend: Spend) -> Iterator[Row]:
        """Yield the outcomes of one problem."""
        for name, used in found.used.items():
            draws, winner = found.draws[:used], leader(found.of[:used])
            yield row(
                problem,
                figure_names.live(name),
                self.budget,
                problem.classes.correct(winner),
                self._spent(draws, spend, problem.begun(draws)),
                unparsed=winner < 0,
                cut=share([one.finish == "length" for one in draws]),
                used=used,
            )

    def _spent(self, draws: Sequence[Record], spend: Spend, begun: int) -> Expense:
        starts = range(0, len(draws), self.step)
        steps = (beside([spend(one) for one in draws[at : at + self.step]]) for at in starts)
        spent = reduce(Expense.then, steps, Expense())
        return sharing(spent, begun, len(draws))


def leader(of: Sequence[int]) -> int:
    """Return the class with the most votes, of those that tie the first; -1 if nothing was read.

    Args:
        of: class of each draw, numbered in the order of their first draws; -1 = nothing was read.
    """
    counts = Counter(one for one in of if one >= 0)
    return max(counts, key=lambda one: (counts[one], -one), default=-1)


def _draw(asked: Request, number: int) -> Request:
    return asked.model_copy(update={"draw": number}) if number else asked


class StoppedStage(LiveStage):
    """Draws until the vote is settled, and needs no pool; see :class:`StoppedVote`."""

    Options: ClassVar[type[StageOptions]] = StoppedOptions
    kind: ClassVar[str] = "stopped"
    turns: ClassVar[bool] = False

    def method(self, given: StageInput) -> StoppedVote:
        """Return the rules with their budget."""
        options = given.read(StoppedOptions)
        known: dict[str, StopRule] = {
            "exact": StopExact(),
            "posterior": StopPosterior(options.threshold),
        }
        rules = tuple(known[name] for name in dict.fromkeys(options.rules))
        return StoppedVote(rules, options.budget or size_of(given), options.step)

    def identity(self, given: StageInput) -> Mapping[str, Any]:
        """What other live stages depend on, with the budget where the pool gives it.

        Raises:
            ConfigError: for an arm of several models, or that gives one answer each time.
        """
        budget = self.method(given).budget
        refuse_alike(given, budget)
        if given.arm.ensemble is not None:
            text = f"stage '{given.stage.name}' draws from one model, and the arm is an ensemble"
            raise ConfigError(text, f"arms.NAME=[…, 'stages.{given.stage.name}.rules=[]']")
        return {**super().identity(given), "budget": budget}

    def problems(self, context: StageContext) -> Iterator[PooledProblem]:
        """Yield the problems as a pool puts them, without any draws."""
        given, scorer = context.given, keyed(context.given)
        data, sampler = required(settled(given.arm), given.stage.name)
        threshold = calibrated_threshold(context.inputs)

        def ask(sample: Sample) -> Request:
            return put(data, sample, sampler, given.arm.seed, threshold)

        for sample in load(data, chosen(given).split, asked_problems(given)):
            yield PooledProblem(sample, ask, (), (), AnswerClasses(sample, scorer, [], []))

    def plan(self, given: StageInput) -> Cost:
        """Every draw of the budget: when a rule stops, nobody knows before."""
        cost, method = super().plan(given), self.method(given)
        if cost.refusal is not None or method.least == method.budget:
            return cost
        total = asked_problems(given)
        least, most = (f"{total * draws:,}" for draws in (method.least, method.budget))
        note = f"{given.stage.name}: at most {most} answers an arm, {least} if all agree"
        return replace(cost, notes=(*cost.notes, note))
