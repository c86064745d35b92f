"""Figures of data analysis: accuracy by level and shape, endings, causes, plan and arguments."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from llmx.core.figure import Figure, Span
from llmx.papers.indata.items.item import LEVELS
from llmx.papers.indata.report.attempts import ReadEpisode
from llmx.papers.indata.taxonomy import CAUSES
from llmx.report.gather import ArmFiles
from llmx.report.measure import accuracy
from llmx.report.timing import as_span
from llmx.report.verdict.levels import restricted
from llmx.stats.proportion import wilson

SHAPE = ("steps", "depth", "branches")
BY_LEVEL, BY_SHAPE, TOKENS = "accuracy, ", "accuracy by ", "tokens an answer"
ENDED, CAUSE, CALLED = "ended: ", "cause: ", "called: "
TOOLS, CALLS, STRAY = "tools of the gold program", "calls of the gold program", "no descent"


@dataclass(frozen=True)
class AnalysisArm:
    """One arm: its scores and problems over all seeds, and its episodes where a model acted."""

    name: str
    files: ArmFiles
    episodes: Sequence[ReadEpisode] = ()

    def figures(self) -> Iterator[Figure]:
        """Yield all figures of the arm."""
        yield from self._levels()
        yield from self._shapes()
        yield from self._tokens()
        yield from self._episodes()

    def problems_with(self, key: str) -> Mapping[str | int, set[str]]:
        """Return value → problems, of a key of their metadata."""
        found: dict[str | int, set[str]] = {}
        for sample in self.files.problems.values():
            if isinstance(value := sample.metadata.get(key), str | int):
                found.setdefault(value, set()).add(sample.id)
        return found

    def _levels(self) -> Iterator[Figure]:
        known = self.problems_with("level")
        for level in LEVELS:
            span, n = self._accuracy(known.get(level, set()))
            if span is not None:
                yield self._share(f"{BY_LEVEL}{level}", span, n)

    def _shapes(self) -> Iterator[Figure]:
        for key in SHAPE:
            for value, ids in sorted(self.problems_with(key).items(), key=lambda one: str(one[0])):
                span, n = self._accuracy(ids)
                if span is not None:
                    named = self._share(f"{BY_SHAPE}{key}", span, n)
                    yield named.model_copy(update={"setting": key, "at": float(value)})

    def _accuracy(self, ids: set[str]) -> tuple[Span | None, int]:
        part = restricted(self.files, ids)
        return (accuracy(part), len(part.scores)) if part.scores else (None, 0)

    def _tokens(self) -> Iterator[Figure]:
        scores = [one for run in self.files.runs() for one in run.scores.values()]
        total = sum(one.tokens for one in scores)
        if total:
            span = Span(estimate=total / len(scores))
            yield Figure(quantity=TOKENS, arm=self.name, span=span, unit="tokens", n=len(scores))

    def _episodes(self) -> Iterator[Figure]:
        found = self.episodes
        for ending, count in Counter(one.ending for one in found).most_common():
            yield self._counted(f"{ENDED}{ending}", count, len(found))
        for level in LEVELS:
            own = [one for one in found if one.level == level]
            causes = Counter(one.cause for one in own if one.cause is not None)
            for cause in CAUSES:
                if causes[cause]:
                    yield self._counted(f"{CAUSE}{cause}, {level}", causes[cause], len(own))
            own = [one for one in own if one.answerable]
            if own:
                named = sum(one.same_tools for one in own), sum(one.same_calls for one in own)
                for what, count in zip((TOOLS, CALLS), named, strict=True):
                    yield self._counted(f"{CALLED}{what}, {level}", count, len(own))
        right = [one for one in found if one.right and one.answerable]
        if right:
            stray = sum(not one.descends for one in right)
            yield self._counted(f"{CALLED}{STRAY}", stray, len(right))

    def _counted(self, quantity: str, count: int, of: int) -> Figure:
        return self._share(quantity, as_span(wilson(count, of)), of)

    def _share(self, quantity: str, span: Span, n: int) -> Figure:
        seeds = len(self.files.runs())
        return Figure(quantity=quantity, arm=self.name, span=span, unit="share", n=n, seeds=seeds)
