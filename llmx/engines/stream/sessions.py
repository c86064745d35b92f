"""Requests of vLLM that stay open between the chunks of an answer (its *streaming input*).

When a chunk is done vLLM keeps what it computed, but for the last token, and waits for more input.
A prompt that goes on from there, token for token, is sent as what is new: nothing is computed
again. Any other prompt is a new request, and the prefix cache keeps what it can.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from weakref import WeakKeyDictionary, proxy

from llmx.core.errors import EngineError
from llmx.engines.vllm.process import Process

_MOST = 8  # open requests of one engine that wait: each holds its part of the cache
_NAMES = count()


@dataclass
class Session:
    """One request.

    Attributes:
        key: its name in the worker.
        held: ids that vLLM has computed for it; empty before its first chunk.
    """

    key: str = field(default_factory=lambda: f"stream-{next(_NAMES)}")
    held: list[int] = field(default_factory=list)


class Sessions:
    """The waiting requests of one engine, by speaker; the one that waits longest gives way.

    A request that waits takes one of the engine's places (``max_num_seqs``), so at most half of
    them may wait: otherwise those who run would wait for those who do not.
    """

    def __init__(self, process: Process, places: int) -> None:
        # Weakly: it lives as long as the engine, and must not hold it.
        self.process, self.most = proxy(process), min(_MOST, places // 2)
        self._waiting: OrderedDict[Hashable, Session] = OrderedDict()

    def take(self, speaker: Hashable, ids: Sequence[int]) -> Session:
        """Return the speaker's request if the prompt goes on from what it holds, else a new one."""
        found = self._waiting.pop(speaker, None)
        if found is None:
            return Session()
        if len(found.held) < len(ids) and list(ids[: len(found.held)]) == found.held:
            return found
        self.drop([found])
        return Session()

    def keep(self, speaker: Hashable, session: Session) -> None:
        """Let a request wait for its speaker's next chunk."""
        crowd = [one] if (one := self._waiting.pop(speaker, None)) else []
        self._waiting[speaker] = session
        while len(self._waiting) > self.most:
            crowd.append(self._waiting.popitem(last=False)[1])
        self.drop(crowd)

    def forget(self, speaker: Hashable) -> None:
        """Give up what waits for one speaker."""
        if found := self._waiting.pop(speaker, None):
            self.drop([found])

    def leave(self, owner: object) -> None:
        """Give up what waits for the speakers of one owner: keys are (owner, name)."""
        mine = [key for key in self._waiting if isinstance(key, tuple) and key[0] is owner]
        self.drop([self._waiting.pop(key) for key in mine])

    def drop(self, sessions: Sequence[Session]) -> None:
        """Abort requests."""
        if sessions:
            # An engine that has ended, or is gone, holds nothing.
            with suppress(EngineError, ReferenceError):
                self.process.send("drop", keys=[one.key for one in sessions])


_OF: WeakKeyDictionary[Process, Sessions] = WeakKeyDictionary()


def sessions_of(process: Process, places: int) -> Sessions:
    """Return the waiting requests of an engine that decodes so many at once."""
    if process not in _OF:
        _OF[process] = Sessions(process, places)
    return _OF[process]
