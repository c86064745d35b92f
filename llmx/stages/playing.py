"""Many episodes: in batches that are a function of the data's order, or each at its own pace."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import islice

from llmx.core.episode import Episode
from llmx.core.errors import RequestError
from llmx.core.record import Record
from llmx.core.spec import SamplerSpec
from llmx.core.speech import Request
from llmx.engines.engine import Converses, Engine, Exact
from llmx.stages.play import Play, WorldChangedError
from llmx.stages.turns import EpisodeKey, TurnLog

_BLOCK = 32  # episodes at least that are open at once where an answer depends on its request alone
Ended = Callable[[Episode], None]


def play_all(
    engine: Engine | None,
    keys: Sequence[EpisodeKey],
    make: Callable[[EpisodeKey], Play],
    batch: int,
    sampler: SamplerSpec | None,
    log: TurnLog,
    ended: Ended,
) -> None:
    """Bring every episode to its end.

    Args:
        engine: None where nothing asks a model.
        make: returns an episode; it is made when its turn comes.
        batch: episodes of a batch, where an answer depends on what shares its batch.
        ended: is told what each episode came to, whichever is over first.

    Raises:
        LlmxError: as the engine does; the same command goes on with what is recorded.
    """
    if engine is not None and isinstance(engine, Converses):
        _side_by_side(engine, keys, make, log, ended)
        return
    plays = map(make, keys)
    size = _size(engine, batch, sampler)
    while block := list(islice(plays, size)):
        for play in _in_step(engine, block, ended):
            _in_step(engine, [play.again()], ended)  # alone, so that no other batch changes


def _size(engine: Engine | None, batch: int, sampler: SamplerSpec | None) -> int:
    if engine is None or sampler is None:
        return 1
    alone = isinstance(engine, Exact) and engine.exact(sampler)
    return max(_BLOCK, 4 * batch) if alone else batch


def _in_step(engine: Engine | None, block: list[Play], ended: Ended) -> list[Play]:
    """Play a block turn by turn; return those that have to start over."""
    changed: list[Play] = []

    def stepped(play: Play, step: Callable[[], Request | None]) -> list[tuple[Play, Request]]:
        try:
            request = step()
        except WorldChangedError:
            changed.append(play)
            return []
        if request is None and play.episode is not None:
            ended(play.episode)
        return [] if request is None else [(play, request)]

    try:
        asked = [one for play in block for one in stepped(play, play.start)]
        while asked:
            assert engine is not None
            began = time.monotonic()
            records = _answers(engine, asked)
            seconds = time.monotonic() - began
            pairs = zip(asked, records, strict=True)
            asked = [
                one
                for (play, _), record in pairs
                for one in stepped(play, partial(play.lead, record, seconds))
            ]
    finally:
        for play in block:
            play.close()
    return changed


def _answers(engine: Engine, asked: Sequence[tuple[Play, Request]]) -> list[Record]:
    """Return the answers of a turn: a batch of which one is missing is asked again as it was."""
    known = [play.known for play, _ in asked]
    if all(record is not None for record in known):
        return [record for record in known if record is not None]
    requests = [request for _, request in asked]
    if isinstance(engine, Exact) and engine.exact(requests[0].sampler):
        missing = [one for one, record in zip(requests, known, strict=True) if record is None]
        new = iter(list(engine.generate(missing)))
        return [next(new) if record is None else record for record in known]
    new = engine.generate(requests)
    pairs = zip(known, list(new), strict=True)
    return [found if old is None else old for old, found in pairs]


def _side_by_side(
    engine: Converses,
    keys: Sequence[EpisodeKey],
    make: Callable[[EpisodeKey], Play],
    log: TurnLog,
    ended: Ended,
) -> None:
    """Play each at its own pace; an answer is kept before its calls are made."""
    kept = list(log.spent())
    talking = [_Talking(key, make, log) for key in keys]
    try:
        for place in engine.converse([one.talk for one in talking], kept):
            episode = talking[place].play.episode
            assert episode is not None
            ended(episode)
    finally:
        for one in talking:
            one.close()


class _Talking:
    """One episode as a conversation that an engine leads."""

    def __init__(self, key: EpisodeKey, make: Callable[[EpisodeKey], Play], log: TurnLog) -> None:
        self.key, self.make, self.log = key, make, log
        self.asked = 0.0
        self.made: Play | None = None

    @property
    def play(self) -> Play:
        """The episode."""
        assert self.made is not None
        return self.made

    def talk(self, told: Record | RequestError | None) -> Request | None:
        """Go on from an answer to the next request whose answer is not there yet."""
        seconds = time.monotonic() - self.asked
        if told is None:
            self.made = self.make(self.key)
            request = self._held(self.made.start)
        else:
            if isinstance(told, Record):
                self.log.keep(self.key, self.play.attempt, self.play.turn, told)
            request = self._held(partial(self.play.lead, told, seconds))
        self.asked = time.monotonic()
        return request

    def _held(self, step: Callable[[], Request | None]) -> Request | None:
        while True:
            try:
                request = step()
            except WorldChangedError:
                self.made = self.play.again()
                step = self.made.start
                continue
            known = self.play.known
            if request is None or known is None:
                return request
            step = partial(self.play.lead, known, 0.0)

    def close(self) -> None:
        """Free what its tools hold."""
        if self.made is not None:
            self.made.close()
