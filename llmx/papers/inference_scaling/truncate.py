"""Stage `truncate`: the thinking of stored draws is cut, and the model answers from what is left.

The kept text goes back as the beginning of the answer, by its own token ids where the engine knows
them, and behind it the mark that closes the thinking. No words follow that mark unless the option
``cue`` has some, so that the answer comes in the format that was asked for; and with all of the
thinking kept, the answer then has the law of the stored one. An answer behind ``####`` ends with
its line: models that were taught worked answers would go on with the steps that were cut.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

from pydantic import Field

from llmx.core.errors import ConfigError, DataError, LlmxError
from llmx.core.options import Count, StageOptions
from llmx.core.record import Part, Record
from llmx.core.spec import ArmSpec, SamplerSpec
from llmx.core.speech import Request
from llmx.core.stage import Cost, StageContext, StageInput
from llmx.data.tasks.tags import THOUGHT, opens_thinking
from llmx.dialogue.rounds import Rounds
from llmx.engines.engine import Decodes, Engine, engine_class
from llmx.papers.inference_scaling.thinking import WORKED, Thought, split_thinking
from llmx.stages.expense import Expense, mean
from llmx.stages.live import LiveOptions, LiveStage, Row, Spend, row, share
from llmx.stages.pooled import PooledProblem, pooled
from llmx.stages.requests import answering

Percent = Annotated[int, Field(ge=0, le=100)]


class TruncateOptions(LiveOptions):
    """How much of the thinking is kept."""

    draws: Count = Field(default=1, description="draws of a problem whose thinking is cut")
    shares: tuple[Percent, ...] = Field(
        default=tuple(range(0, 101, 10)), description="percent of its own thinking that is kept"
    )
    budgets: tuple[Count, ...] = Field(
        default=(), description="tokens of thinking that are kept; a draw that took fewer stands"
    )
    cue: str = Field(
        default="",
        description="words behind the mark that closes the thinking (`</think>`, `####`)",
    )


@dataclass(frozen=True)
class ShortenedAnswer:
    """One draw with its thinking cut.

    Attributes:
        kept: what of the draw is kept, its text.
        tokens: of the draw that are kept.
        prefix: the beginning of the new answer: what is kept, the closing mark, the cue.
        stop: texts that end it, beside those of the sampler.
    """

    kept: str
    tokens: int
    prefix: tuple[Part, ...]
    stop: tuple[str, ...] = ()

    @property
    def begun(self) -> str:
        """The text of the beginning."""
        return "".join(part.text for part in self.prefix)


@dataclass(frozen=True)
class DrawnThought:
    """The thinking of one draw, in tokens.

    Attributes:
        record: the draw.
        thought: its parts.
        first, last: tokens before the thinking, and up to its end.
        decoded: text of the first tokens; None where the engine cannot say it.
    """

    record: Record
    thought: Thought
    first: int
    last: int
    decoded: Callable[[Sequence[int]], str] | None

    @classmethod
    def of(cls, record: Record, engine: Engine) -> DrawnThought | None:
        """Return it; None of a draw without thinking.

        Without token ids, or where the engine cannot say what they are, tokens are counted by
        their share of the text.
        """
        thought = split_thinking(record)
        if not thought.found:
            return None
        _refuse_apart(record)
        begin, end = len(thought.opening), len(thought.opening) + len(thought.thinking)
        if not (isinstance(engine, Decodes) and record.completion_ids):
            share = record.tokens / max(len(record.text), 1)
            return cls(record, thought, round(share * begin), round(share * end), None)
        first, last = (_tokens_of(record, engine.decoded, length) for length in (begin, end))
        return cls(record, thought, first, last, engine.decoded)

    @property
    def tokens(self) -> int:
        """Of the thinking."""
        return self.last - self.first

    def cut(self, tokens: int, cue: str) -> ShortenedAnswer:
        """Return the draw with the first tokens of its thinking."""
        end = self.first + tokens
        whole = self.thought.opening + self.thought.thinking
        if tokens == self.tokens:
            kept = whole
        elif self.decoded is not None:
            kept = self.decoded(self.record.completion_ids[:end])
        else:
            kept = whole[: round(len(whole) * end / max(self.last, 1))]
        mark = self._gap(kept) + self._closing() + cue
        stop = ("\n",) if self._closing() == WORKED else ()
        return ShortenedAnswer(kept, end, (*self._parts(kept, end), Part(text=mark)), stop)

    def _parts(self, kept: str, end: int) -> tuple[Part, ...]:
        """Return what is kept, by its ids as far as they say just that."""
        ids = self.record.completion_ids[:end]
        if self.decoded is None or not ids:
            return (Part(text=kept),) if kept else ()
        text = self.decoded(ids)
        rest = (Part(text=kept[len(text) :]),) if len(text) < len(kept) else ()
        return (Part(text=text, ids=ids), *rest)

    def _gap(self, kept: str) -> str:
        """Return the white space before the mark, where the cut took it away."""
        thinking = self.thought.thinking
        gap = thinking[len(thinking.rstrip()) :]
        return "" if not kept or kept.endswith(gap) else gap

    def _closing(self) -> str:
        """Return the mark that closes the thinking; a draw that never closed it gets one."""
        if self.thought.closing:
            return self.thought.closing
        opened = self.thought.opening.rpartition("<")[2]
        return f"</{opened}" if opened and not opens_thinking(self.record.prompt) else THOUGHT


@dataclass(frozen=True)
class Truncate:
    """Answers from a part of the thinking.

    Outcomes: ``truncate`` at a percent of each draw's own thinking, ``truncate_tokens`` at a number
    of tokens, means over the draws. `already` is the share of draws whose answer stands in the kept
    text, which the scorer then reads as loosely as it can; `stood` that of draws that were left as
    they are: without thinking, or with less of it than the budget. What is kept counts as
    received in a call of its own.
    """

    options: TruncateOptions

    @property
    def words(self) -> str:
        """The cue, which the options hold."""
        return self.options.cue

    @property
    def points(self) -> list[tuple[str, int]]:
        """Method and size of every cut."""
        shares = [("truncate", size) for size in self.options.shares]
        return shares + [("truncate_tokens", size) for size in self.options.budgets]

    @property
    def draws(self) -> int:
        """Those whose thinking is cut."""
        return self.options.draws if self.points else 0

    @property
    def calls(self) -> int:
        """One a cut."""
        return self.draws * len(self.points)

    @property
    def shown(self) -> int:
        """The thinking that is kept."""
        return 1

    def ask(
        self, problem: PooledProblem, sampler: SamplerSpec, engine: Engine
    ) -> Rounds[dict[Place, tuple[ShortenedAnswer, Record]]]:
        """Return the calls about one problem: all cuts of all draws at once."""
        cuts = dict(self._cuts(problem, engine))
        requests = [_request(problem, place, cut, sampler) for place, cut in cuts.items()]
        replies = (yield requests) if requests else []
        pairs = zip(cuts.items(), replies, strict=True)
        return {place: (cut, reply) for (place, cut), reply in pairs}

    def _cuts(
        self, problem: PooledProblem, engine: Engine
    ) -> Iterator[tuple[Place, ShortenedAnswer]]:
        for number, record in enumerate(problem.draws[: self.draws]):
            thought = DrawnThought.of(record, engine)
            for method, size in self.points if thought else ():
                assert thought is not None
                tokens = size if method != "truncate" else round(thought.tokens * size / 100)
                if method == "truncate" or tokens < thought.tokens:
                    yield (number, method, size), thought.cut(tokens, self.options.cue)

    def rows(
        self,
        problem: PooledProblem,
        found: Mapping[Place, tuple[ShortenedAnswer, Record]],
        spend: Spend,
    ) -> Iterator[Row]:
        """Yield the outcomes of one problem."""
        for method, size in self.points:
            own = [
                _outcome(problem, number, found.get((number, method, size)), spend)
                for number in range(self.draws)
            ]
            names = ("unparsed", "cut", "already", "stood")
            shares = {name: share([getattr(one, name) for one in own]) for name in names}
            right = sum(one.right for one in own) / len(own)
            yield row(problem, method, size, right, mean([one.spent for one in own]), **shares)


Place = tuple[int, str, int]
"""Draw, method and size."""


@dataclass(frozen=True)
class CutOutcome:
    """What came of one draw at one cut."""

    right: float
    unparsed: bool
    cut: bool
    already: bool
    stood: bool
    spent: Expense


def _outcome(
    problem: PooledProblem,
    number: int,
    found: tuple[ShortenedAnswer, Record] | None,
    spend: Spend,
) -> CutOutcome:
    draw, own = problem.draws[number], problem.of[number]
    if found is None:
        right, cut = problem.classes.correct(own), draw.finish == "length"
        return CutOutcome(right, own < 0, cut, own >= 0, True, spend(draw))
    shortened, reply = found
    told = {"text": shortened.begun + reply.text, "finish": reply.finish}
    answer = problem.classes.of(draw.model_copy(update=told), draw.draw)
    return CutOutcome(
        problem.classes.correct(answer),
        answer < 0,
        reply.finish == "length",
        _already(problem, draw, shortened.kept),
        False,
        _kept(draw, shortened.tokens, spend).then(spend(reply)),
    )


def _kept(draw: Record, tokens: int, spend: Spend) -> Expense:
    """Return what the kept tokens took: the call that would have ended there."""
    if not tokens:
        return Expense()
    ids = draw.completion_ids[:tokens]
    told = {"completion_ids": ids, "completion_tokens": tokens, "cost": None}
    return replace(spend(draw.model_copy(update=told)), cached=spend(draw).cached)


def _already(problem: PooledProblem, draw: Record, kept: str) -> bool:
    """Whether the answer of the draw is the last of its kind in the kept text."""
    scorer, sample = problem.classes.scorer, problem.shown(draw.draw)
    answer = scorer.score(draw, sample).strict
    there = scorer.score(draw.model_copy(update={"text": kept}), sample).flexible
    return answer is not None and there == answer


def _request(
    problem: PooledProblem, place: Place, cut: ShortenedAnswer, sampler: SamplerSpec
) -> Request:
    number, method, size = place
    asked = problem.asked(problem.draws[number].draw)
    ending = sampler.model_copy(update={"stop": tuple(dict.fromkeys((*sampler.stop, *cut.stop)))})
    name = f"{asked.id}/{method}/{number}/{size}"
    told = {"id": name, "prefix": cut.prefix, "sampler": ending}
    return asked.model_copy(update=told)


def _tokens_of(record: Record, decoded: Callable[[Sequence[int]], str], length: int) -> int:
    """Return how many tokens say the first characters of a draw, and nothing more."""
    ids = record.completion_ids

    def said(count: int) -> int:
        return len(decoded(ids[:count]))

    most = bisect_right(range(len(ids) + 1), length, key=said) - 1
    # Tokens that say nothing, as the end does, stay out.
    return bisect_left(range(len(ids) + 1), said(most), key=said)


def _refuse_apart(record: Record) -> None:
    if record.reasoning.strip():
        text = f"problem '{record.id}': the endpoint gives the thinking apart from the answer"
        raise ConfigError(text, "serve the model without a reasoning parser: it cannot be cut here")


class TruncateStage(LiveStage):
    """Cuts the thinking of draws of a pool; see :class:`Truncate`."""

    Options: ClassVar[type[StageOptions]] = TruncateOptions
    kind: ClassVar[str] = "truncate"
    turns: ClassVar[bool] = False

    def method(self, given: StageInput) -> Truncate:
        """Return the method with its options."""
        return Truncate(given.read(TruncateOptions))

    def plan(self, given: StageInput) -> Cost:
        """Calls with their replies at the cap; refused where an answer cannot be gone on with."""
        refused = _cannot_go_on(answering(given))
        return Cost(refusal=refused) if refused else super().plan(given)

    def run(self, context: StageContext) -> None:
        """Ask what is missing.

        Raises:
            ConfigError: for an engine that cannot go on with an answer.
            DataError: if none of the draws has a thinking part.
        """
        if (refused := _cannot_go_on(answering(context.given))) is not None:
            raise refused
        _require_thinking(context, self.method(context.given))
        super().run(context)


def _cannot_go_on(arm: ArmSpec) -> LlmxError | None:
    engine = arm.engine
    if "prefix" in engine_class(engine.kind).capabilities or engine.speaks_vllm:
        return None
    text = f"engine '{engine.kind}' cannot go on with an answer that was begun"
    hint = "engine=hf or engine=vllm, or engine.dialect=vllm if its server can"
    return ConfigError(text, hint)


def _require_thinking(context: StageContext, method: Truncate) -> None:
    from llmx.stages.decode import problems_of

    given, looked = context.given, 0
    for problem in pooled(context, problems_of(given)):
        for record in problem.draws[: method.draws]:
            if split_thinking(record).found:
                return
            looked += 1
    text = f"stage '{given.stage.name}': none of {looked} answers has a thinking part to cut"
    name = given.stage.name
    raise DataError(text, f"leave the arm out: arms.NAME=[…, stages.{name}.shares=[]]")
