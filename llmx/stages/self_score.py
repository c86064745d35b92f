"""Stage `self_score`: best-of-N where the model that answered says how good its answers are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from llmx.core.options import Count, StageOptions
from llmx.core.record import Record
from llmx.core.spec import SamplerSpec
from llmx.core.stage import StageInput
from llmx.dialogue.rounds import Rounds, side_by_side
from llmx.dialogue.self_score import LIST, SCALE, best_of_list, scores
from llmx.engines.engine import Engine
from llmx.stages.expense import drawn, expected, mean, sharing
from llmx.stages.live import LiveOptions, LiveStage, Row, Spend, row, share
from llmx.stages.pooled import PooledProblem, said
from llmx.stats.order_statistics import BestOf, best_of

Scored = tuple[float | None, Record]
Listed = tuple[int | None, Record]


class SelfScoreOptions(LiveOptions):
    """How many answers are compared, and how."""

    sizes: tuple[Count, ...] = Field(
        default=(2, 4, 8), description="numbers of draws N; the largest one's are all scored"
    )
    lists: int = Field(
        default=1, ge=0, description="lists of each size that are compared in one call; 0 = none"
    )
    temperature: float | None = Field(
        default=0.1, ge=0, allow_inf_nan=False, description="of a reply; null = the sampler's"
    )


@dataclass(frozen=True)
class SelfScore:
    """Draws with a score each, and lists of draws of which one is named.

    Outcomes: ``self_score``, where any of the draws with the best score counts, each with the same
    chance; ``self_score_vote``, where these vote; ``self_score_list``. The first two are expected
    values over all subsets of the draws that were scored. A draw without a score is below all that
    have one, and a list of which none is named counts as any of its answers. `tied` is the share of
    subsets with several best scores, `unscored` that of replies without a score or a place.
    """

    options: SelfScoreOptions
    words: ClassVar[str] = SCALE + LIST

    @property
    def draws(self) -> int:
        """The largest size."""
        return max(self.options.sizes, default=0)

    @property
    def calls(self) -> int:
        """One a draw, and one a list."""
        return self.draws + sum(len(self._lists(size)) for size in self.options.sizes)

    @property
    def shown(self) -> int:
        """One, but for lists."""
        return 1

    def ask(
        self, problem: PooledProblem, sampler: SamplerSpec, engine: Engine
    ) -> Rounds[list[Any]]:
        """Return the calls about one problem."""
        texts = [problem.said(number) for number in range(self.draws)]
        asked = [problem.asked(draw.draw) for draw in problem.draws[: self.draws]]
        lists = [
            best_of_list(
                asked[members.start], [*map(problem.proposed, members)], sampler, said, group
            )
            for size in self.options.sizes
            for group, members in enumerate(self._lists(size))
        ]
        return side_by_side([scores(asked, texts, sampler, said), *lists])

    def rows(self, problem: PooledProblem, found: list[Any], spend: Spend) -> Iterator[Row]:
        """Yield the outcomes of one problem."""
        scored, listed = found[0], iter(found[1:])
        yield from self._scored(problem, scored, spend)
        for size in self.options.sizes:
            if lists := self._lists(size):
                yield _of_lists(problem, size, lists, [next(listed) for _ in lists], spend)

    def _scored(
        self, problem: PooledProblem, scored: Sequence[Scored], spend: Spend
    ) -> Iterator[Row]:
        draws = problem.draws[: self.draws]
        pairs = zip(draws, scored, strict=True)
        expenses = [spend(draw).then(spend(reply)) for draw, (_, reply) in pairs]
        best, nothing = self._best(problem, scored)
        told = {
            "cut": share([draw.finish == "length" for draw in draws]),
            "unscored": share([score is None for score, _ in scored]),
        }
        for place, size in enumerate(self.options.sizes):
            spent = sharing(expected(expenses, size), problem.begun(draws), size)
            tied = best.tied[place]
            ways = {"": (best.expected, nothing), "_vote": (best.voted, best.unread)}
            for name, (right, unparsed) in ways.items():
                shares = {"unparsed": unparsed[place], "tied": tied, **told}
                yield row(problem, f"self_score{name}", size, right[place], spent, **shares)

    def _best(
        self, problem: PooledProblem, scored: Sequence[Scored]
    ) -> tuple[BestOf, np.ndarray[Any, np.dtype[np.float64]]]:
        """Return how often the best is right, and how often it is a draw that was not read."""
        values = [np.nan if score is None else score for score, _ in scored]
        own, number = np.array(problem.of[: self.draws]), len(problem.classes.right)
        right, sizes = problem.classes.gold, self.options.sizes
        unread = np.where(own < 0, number, own)
        found = best_of(values, own, right, sizes, number)
        return found, best_of(values, unread, number, sizes, number + 1).expected

    def _lists(self, size: int) -> list[range]:
        """Return the draws of each list: no draw stands in two lists of a size."""
        groups = min(self.options.lists, self.draws // size)
        return [range(group * size, (group + 1) * size) for group in range(groups)]


def _of_lists(
    problem: PooledProblem,
    size: int,
    lists: Sequence[range],
    found: Sequence[Listed],
    spend: Spend,
) -> Row:
    right, unparsed, spent = [], [], []
    for members, (place, reply) in zip(lists, found, strict=True):
        taken = members if place is None else [members[place]]
        own = [problem.of[number] for number in taken]
        right.append(sum(map(problem.classes.correct, own)) / len(own))
        unparsed.append(share([one < 0 for one in own]))
        takes = [spend(problem.draws[number]) for number in members]
        begun = problem.begun(problem.draws[members.start : members.stop])
        spent.append(drawn(takes, begun).then(spend(reply)))
    cut = [problem.draws[number].finish == "length" for members in lists for number in members]
    shares = {
        "unparsed": sum(unparsed) / len(unparsed),
        "cut": share(cut),
        "unscored": share([place is None for place, _ in found]),
    }
    return row(problem, "self_score_list", size, sum(right) / len(right), mean(spent), **shares)


class SelfScoreStage(LiveStage):
    """Scores the draws of a pool by the model itself; see :class:`SelfScore`."""

    Options: ClassVar[type[StageOptions]] = SelfScoreOptions
    kind: ClassVar[str] = "self_score"

    def method(self, given: StageInput) -> SelfScore:
        """Return the method with its options."""
        return SelfScore(given.read(SelfScoreOptions))
