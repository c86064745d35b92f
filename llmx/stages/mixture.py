"""Stage `mixture`: one call reads several draws of a pool and writes an answer of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from pydantic import Field

from llmx.core.ensemble import Layout
from llmx.core.options import Count, StageOptions
from llmx.core.record import Record
from llmx.core.spec import SamplerSpec
from llmx.core.stage import StageInput
from llmx.dialogue.mixture import HEADER, mixture
from llmx.dialogue.rounds import Rounds, side_by_side
from llmx.engines.engine import Engine
from llmx.stages.expense import drawn, mean
from llmx.stages.live import LiveOptions, LiveStage, Row, Spend, row, share
from llmx.stages.pooled import PooledProblem


class MixtureOptions(LiveOptions):
    """How many draws are read, and where they stand."""

    sizes: tuple[Count, ...] = Field(default=(2, 4, 8), description="draws that one call reads")
    groups: Count = Field(
        default=1, description="mixtures of each size, of other draws; their mean counts"
    )
    layout: Layout = Field(
        default="L0", description="where the draws stand: L0 in a system turn, L1b in the user's"
    )


@dataclass(frozen=True)
class Mixture:
    """Mixtures of the first draws, the next ones, and so on; the mean over the groups counts.

    Where each draw shows options in another order, every proposal stands below those that it was
    given, and the question is asked in the order of the first of them.
    """

    options: MixtureOptions
    words: ClassVar[str] = HEADER

    @property
    def draws(self) -> int:
        """The largest size."""
        return max(self.options.sizes, default=0)

    @property
    def calls(self) -> int:
        """One a mixture."""
        return sum(len(self._groups(size)) for size in self.options.sizes)

    @property
    def shown(self) -> int:
        """On average over the sizes."""
        return sum(self.options.sizes) // max(len(self.options.sizes), 1)

    def ask(
        self, problem: PooledProblem, sampler: SamplerSpec, engine: Engine
    ) -> Rounds[list[Record]]:
        """Return the calls about one problem."""
        return side_by_side(
            [
                self._one(problem, members, sampler, group)
                for size in self.options.sizes
                for group, members in enumerate(self._groups(size))
            ]
        )

    def _one(
        self, problem: PooledProblem, members: range, sampler: SamplerSpec, group: int
    ) -> Rounds[Record]:
        asked = problem.asked(problem.draws[members.start].draw)
        drafts = [*map(problem.proposed, members)]
        return mixture(asked, drafts, sampler, self.options.layout, group)

    def rows(self, problem: PooledProblem, found: list[Record], spend: Spend) -> Iterator[Row]:
        """Yield the outcomes of one problem."""
        written = iter(found)
        for size in self.options.sizes:
            groups = self._groups(size)
            answers = [next(written) for _ in groups]
            heard = [problem.draws[members.start : members.stop] for members in groups]
            own = [
                problem.classes.of(answer, draws[0].draw)
                for answer, draws in zip(answers, heard, strict=True)
            ]
            takes = [drawn([*map(spend, draws)], problem.begun(draws)) for draws in heard]
            pairs = zip(takes, answers, strict=True)
            spent = mean([before.then(spend(answer)) for before, answer in pairs])
            right = sum(map(problem.classes.correct, own)) / len(own)
            shares = {
                "unparsed": share([one < 0 for one in own]),
                "cut": share([answer.finish == "length" for answer in answers]),
            }
            yield row(problem, "mixture", size, right, spent, **shares)

    def _groups(self, size: int) -> list[range]:
        """Return the draws of each mixture: as many groups as the largest size has draws for."""
        groups = max(1, min(self.options.groups, self.draws // size))
        return [range(group * size, (group + 1) * size) for group in range(groups)]


class MixtureStage(LiveStage):
    """Lets the model write one answer from several draws; see :class:`Mixture`."""

    Options: ClassVar[type[StageOptions]] = MixtureOptions
    kind: ClassVar[str] = "mixture"

    def method(self, given: StageInput) -> Mixture:
        """Return the method with its options."""
        return Mixture(given.read(MixtureOptions))
