"""Stage `decode`: answers to one split by one arm, as records."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from llmx.core.errors import ConfigError
from llmx.core.options import Count, InputModels, Split, StageOptions, own_scorer
from llmx.core.permuted import in_draw
from llmx.core.progress import Progress
from llmx.core.record import Record, Sample, as_json
from llmx.core.registry import lookup
from llmx.core.speech import Request
from llmx.core.stage import Cost, StageContext, StageInput
from llmx.data import load
from llmx.engines.engine import Accounting, Arriving, Engine, Exact, engine_class
from llmx.stages.requests import (
    answering,
    calibrated_threshold,
    decoding_cost,
    decoding_identity,
    open_engine,
    otherwise,
    requests_for,
    required,
)
from llmx.store.files import Appender, read_lines, write_json, write_lines, write_parts
from llmx.store.rows import keep_asked, key_of, rows

if TYPE_CHECKING:
    from llmx.scoring.scorer import Scorer

SAMPLES = "samples.jsonl"
SUMMARY = "summary.json"
DRAWS = "draws"
"""In ``summary.json``: answers to each problem; left out where there is one."""
_PART = 16  # problems of a part: some seconds of work, and few enough to share out evenly
_DRAWN_PART = 64  # answers of a part, where a problem has several
_INSTANT = 0.05  # seconds
_EVERY = 0.5  # seconds: waiting for the disk each time takes as long as many an answer


class Asked(StageOptions):
    """Which problems are answered."""

    split: Split = Field(default="test", description="split whose problems are answered")
    problems: Count | None = Field(default=None, description="how many; null = the scale's")
    draws: Count = Field(default=1, description="answers to each problem")
    first_draw: int = Field(default=0, ge=0, description="number of the first of them")


class DecodeStageOptions(Asked):
    """Which problems are answered, and by what."""

    model: InputModels | None = Field(
        default=None,
        description="model in place of the arm's target; of several the first that the arm has",
        examples=["a model, or a list of them"],
    )


class DecodeStage:
    """Writes ``samples.jsonl``, a Record a line in the dataset's order, and ``summary.json``.

    Where a problem is answered several times, its draws stand together, in their order.

    An engine that counts more than records hold adds ``engine.json``.

    """

    Options: ClassVar[type[StageOptions]] = DecodeStageOptions
    kind: ClassVar[str] = "decode"
    version: ClassVar[int] = 1
    timing: ClassVar[bool] = False

    def identity(self, given: StageInput) -> Mapping[str, Any]:
        """Data, models, engine, sampler, seed, and the number of problems."""
        found = decoding_identity(answering(given), split_of(given), given.stage.name)
        return {**found, **otherwise(given), **drawn(given), "problems": problems_of(given)}

    def applies(self, given: StageInput) -> bool:
        """Always."""
        return True

    def plan(self, given: StageInput) -> Cost:
        """Tokens at the cap, time and memory."""
        return decoding_cost(answering(given), problems_of(given) * len(draws_of(given)), given)

    def run(self, context: StageContext) -> None:
        """Answer every problem that an earlier try has not answered.

        Batches are a pure function of the data's order and the batch size, so a batch that a kill
        cut short is done again as a whole, and the result is byte-equal. An engine whose answers
        arrive one by one, or depend on their requests alone, has no batches: each is kept as it
        comes, and at the end all are put in the dataset's order.
        """
        engine = self._answer(context, slice(None))
        draws = len(draws_of(context.given))
        summarise(context.out, calibrated_threshold(context.inputs), draws)
        if isinstance(engine, Accounting):
            write_json(context.out / "engine.json", engine.accounts())

    def parts(self, given: StageInput) -> Mapping[str, int]:
        """Blocks of problems, where it is known beforehand that no answer depends on another."""
        found, arm = engine_class(given.arm.engine.kind), answering(given)
        model = arm.used_model
        if not issubclass(found, Exact) or not found.known_exact(model, arm.engine):
            return {}
        total, draws = problems_of(given), len(draws_of(given))
        size = _PART if draws == 1 else max(1, _DRAWN_PART // draws)
        firsts = range(0, total, size) if total > size else ()
        blocks = [(first, min(first + size, total)) for first in firsts]
        # Named by what they hold: a part that was cut otherwise is never taken for one of these.
        return {f"{first:05d}-{past:05d}": (past - first) * draws for first, past in blocks}

    def run_part(self, context: StageContext, part: str) -> None:
        """Answer one block of problems."""
        first, past = map(int, part.split("-"))
        self._answer(context, slice(first, past))

    def join(self, context: StageContext, parts: Mapping[str, Path]) -> None:
        """Put the blocks one after the other."""
        blocks = ((folder / SAMPLES).read_bytes() for folder in parts.values())
        write_parts(context.out / SAMPLES, blocks)
        draws = len(draws_of(context.given))
        summarise(context.out, calibrated_threshold(context.inputs), draws)

    def _answer(self, context: StageContext, which: slice) -> Engine:
        """Bring the answers to some of the problems to ``samples.jsonl``; return who gave them."""
        given = context.given
        threshold = calibrated_threshold(context.inputs)
        draws = draws_of(given)
        asked = requests_for(given.arm, split_of(given), problems_of(given), threshold, draws)
        asked = asked.of_problems(which)
        arm = answering(given, context.inputs)
        engine = open_engine(arm, context.inputs, context.progress)
        told = _Judging(given, context.progress)
        keep_answers(engine, asked, context.out / SAMPLES, arm.engine.batch_size, told)
        return engine


class _Judging:
    """Progress that scores the answers as they come, so that whoever watches sees how it goes.

    Nothing rests on it: the score stage scores them all. It ends where that is no trifle.
    """

    def __init__(self, given: StageInput, inner: Progress) -> None:
        self.start, self.advance, self.note = inner.start, inner.advance, inner.note
        self.scored = inner.scored
        self._given, self._scorer = given, _scorer_of(given)
        self._problems: dict[str, Sample] = {}
        self._right = self._of = self._told = 0

    def answered(self, records: Iterable[Record]) -> None:
        """Score answers, and report the share of right ones."""
        for record in records:
            if self._scorer is None:
                break
            began = time.perf_counter()
            try:
                asked = in_draw(self._problem(record.id), record.draw)
                self._right += self._scorer.score(record, asked).correct
            except Exception:  # the score stage has the same answer, and says what is wrong
                self._scorer = None
                break
            self._of += 1
            if time.perf_counter() - began > _INSTANT:
                self._scorer = None
        if self._of > self._told:
            self._told = self._of
            self.scored(self._right, self._of)

    def _problem(self, name: str) -> Sample:
        if not self._problems:
            data, _ = required(self._given.arm, self._given.stage.name)
            found = load(data, split_of(self._given), problems_of(self._given))
            self._problems = {sample.id: sample for sample in found}
        return self._problems[name]


def _scorer_of(given: StageInput) -> Scorer | None:
    """Return what will score the answers, where one scorer does and takes no time."""
    after = [s for s in given.stages.values() if s.kind == "score" and given.stage.name in s.needs]
    if len(after) != 1:
        return None
    options, data = StageInput(after[0], given.arms).options, given.arm.data
    kind = options.scorer or (None if data is None else own_scorer(data))
    scorer = None if kind is None else lookup("scorer", kind)
    if scorer is None or not getattr(scorer, "instant", True):
        return None
    if not hasattr(scorer, "Options"):
        found: Scorer = scorer()
        return found
    from llmx.scoring.scorer import made

    return made(str(kind), options.scorer_options)


def keep_answers(
    engine: Engine, requests: Sequence[Request], path: Path, batch: int, progress: _Judging
) -> None:
    """Append what is missing to a file of records, and leave it in the order of the requests."""
    exact = isinstance(engine, Exact) and bool(requests) and engine.exact(requests[0].sampler)
    singly = exact or isinstance(engine, Arriving)
    asked = [(request.id, request.draw) for request in requests]
    kept = keep_asked(path, asked, key_of(Record), 1 if singly else batch, not singly)
    progress.start(len(requests), len(kept))
    # An answer that arrives was waited for, and perhaps paid for: a power cut takes none of them.
    with Appender(path, 0.0 if isinstance(engine, Arriving) else _EVERY) as records:
        for found in _batches(engine, requests, kept, batch, exact):
            records.append(as_json(record) for record in found)
            progress.advance(len(found))
            progress.answered(found)
    if singly:
        _sort(path, requests)


def _batches(
    engine: Engine,
    requests: Sequence[Request],
    kept: Sequence[Mapping[str, Any]],
    size: int,
    exact: bool,
) -> Iterator[list[Record]]:
    """Yield what is missing, a batch at a time; one by one where answers come so."""
    if isinstance(engine, Arriving):
        before = [Record.model_validate(row) for row in kept]
        yield from ([record] for record in engine.arrivals(_left(requests, kept), before))
        return
    if exact:
        assert isinstance(engine, Exact)
        yield from ([record] for _, record in engine.finished(_left(requests, kept)))
        return
    for start in range(len(kept), len(requests), size):
        yield list(engine.generate(list(requests[start : start + size])))


def _left(requests: Sequence[Request], kept: Sequence[Mapping[str, Any]]) -> list[Request]:
    there = {_key(row) for row in kept}
    return [request for request in requests if (request.id, request.draw) not in there]


def _sort(path: Path, requests: Sequence[Request]) -> None:
    there = {_key(row): row for row in read_lines(path)}
    write_lines(path, (there[request.id, request.draw] for request in requests))


def _key(row: Mapping[str, Any]) -> tuple[str, int]:
    return row["id"], row.get("draw", 0)


def draws_of(given: StageInput) -> range:
    """Return which answers to each problem a stage gives.

    Raises:
        ConfigError: for several that would all be the same.
    """
    options = given.options
    first, draws = getattr(options, "first_draw", 0), getattr(options, "draws", 1)
    refuse_alike(given, draws)
    return range(first, first + draws)


def refuse_alike(given: StageInput, draws: int) -> None:
    """Refuse several answers to a problem that would all be the same.

    Raises:
        ConfigError: for more than one at temperature 0.
    """
    sampler = given.arm.sampler
    if draws > 1 and sampler is not None and sampler.temperature == 0:
        text = f"stage '{given.stage.name}' draws {draws} answers to a problem at temperature 0"
        raise ConfigError(f"{text}: all are the same", "sampler.temperature=1")


def drawn(given: StageInput) -> dict[str, list[int]]:
    """Return what an identity says of draws: nothing of the one answer that is usual."""
    draws = draws_of(given)
    return {} if draws == range(1) else {"draws": [draws.start, draws.stop]}


def split_of(given: StageInput) -> str:
    """Return the split that the stage's options name."""
    return str(getattr(given.options, "split", "test"))


def problems_of(given: StageInput) -> int:
    """Return how many problems a stage answers: its option, or the scale's, as far as there are."""
    data, _ = required(given.arm, given.stage.name)
    asked = getattr(given.options, "problems", None)
    wanted = asked or given.arm.scale.problems or data.test
    split = split_of(given)
    # The kinds that have more splits keep their sizes among their options.
    return min(wanted, int(getattr(data, split, data.options.get(split, 0))))


def summarise(out: Path, threshold: float | None, draws: int = 1) -> None:
    """Write sums over the records to ``summary.json``; of `draws` to each problem, if several."""
    sums = dict.fromkeys(("problems", "tokens", "rounds", "drafted", "accepted", "fragile"), 0)
    for record in rows(out / SAMPLES, Record):
        sums["problems"] += 1
        sums["tokens"] += record.tokens
        sums["rounds"] += record.rounds
        sums["drafted"] += record.drafted
        sums["accepted"] += record.accepted
        sums["fragile"] += len(record.fragile)
    several = {} if draws == 1 else {"problems": sums["problems"] // draws, DRAWS: draws}
    write_json(out / SUMMARY, {**sums, **several, "threshold": threshold})
