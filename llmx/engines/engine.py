"""The contract of an engine; tests/contracts/test_engine.py holds every engine to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Protocol, runtime_checkable

from llmx.core.errors import RequestError
from llmx.core.progress import Progress
from llmx.core.record import Record
from llmx.core.registry import lookup
from llmx.core.spec import EngineSpec, ModelSpec, SamplerSpec
from llmx.core.speech import Capability, Request


class Engine(Protocol):
    """Completes requests. Built from specifications alone; models load at the first request."""

    capabilities: ClassVar[frozenset[Capability]]

    def __init__(
        self, model: ModelSpec | None, spec: EngineSpec, stages: Mapping[str, Path] | None = None
    ) -> None:
        """Keep what is needed to load; `stages` are outputs that ``stage:NEED`` may refer to."""

    @classmethod
    def identity(cls, model: ModelSpec | None, spec: EngineSpec) -> Mapping[str, object]:
        """Return every value that a completion depends on, without loading anything."""

    def generate(self, requests: Sequence[Request]) -> Iterator[Record]:
        """Yield one record a request, in order, as batches finish.

        Batches are a pure function of the order of the requests and the batch size.
        """


@runtime_checkable
class Telling(Protocol):
    """An engine that takes long to start, and says how far it is."""

    progress: Progress


@runtime_checkable
class Accounting(Protocol):
    """An engine that counts more than a record holds."""

    def accounts(self) -> Mapping[str, Any]:
        """Return what was counted so far, as plain values."""


@runtime_checkable
class Arriving(Protocol):
    """An engine whose answers come when they are ready, not in the order of the requests."""

    def arrivals(
        self, requests: Sequence[Request], kept: Sequence[Record] = ()
    ) -> Iterator[Record]:
        """Yield one record a request as each comes in; what has arrived is never lost.

        Args:
            requests: what is still to be asked; their ids are distinct.
            kept: answers of an earlier try, which count against budgets.
        """


Talk = Callable[[Record | RequestError | None], Request | None]
"""Leads a conversation: is told the last answer (nothing at first), and says what is asked next.

A refusal of the request is told as the error that it is. None ends the conversation.
"""


@runtime_checkable
class Converses(Protocol):
    """An engine that leads many conversations at once, each at its own pace."""

    def converse(self, talks: Sequence[Talk], kept: Sequence[Record] = ()) -> Iterator[int]:
        """Lead conversations to their end; yield the place of each that is over.

        A talk is called in a thread, by one at a time.

        Args:
            kept: answers of an earlier try, which count against budgets.
        """


@runtime_checkable
class Exact(Protocol):
    """An engine whose answers may depend on their requests alone."""

    @classmethod
    def known_exact(cls, model: ModelSpec | None, spec: EngineSpec) -> bool:
        """Whether it is known before anything loads that :meth:`exact` will be true."""

    def exact(self, sampler: SamplerSpec) -> bool:
        """Whether an answer depends on its request alone, not on what shares its batch."""

    def finished(self, requests: Sequence[Request]) -> Iterator[tuple[int, Record]]:
        """Yield (place among the requests, record) as answers are over, where they are exact."""


@runtime_checkable
class Rooms(Protocol):
    """An engine that knows what fits its model's context."""

    def room(self, request: Request) -> int | None:
        """Return how many tokens an answer may have; None where nobody knows."""


@runtime_checkable
class Decodes(Protocol):
    """An engine that can say which text the tokens of a completion are."""

    def decoded(self, ids: Sequence[int]) -> str:
        """Return the text of a completion's tokens, or of its first ones."""


def in_order(arrivals: Iterable[tuple[int, Record]]) -> Iterator[Record]:
    """Yield records by their place among the requests, each when those before it are there."""
    done, place = dict[int, Record](), 0
    for found, record in arrivals:
        done[found] = record
        while place in done:
            yield done.pop(place)
            place += 1


def engine_class(kind: str) -> type[Engine]:
    """Return the engine class behind a kind."""
    found: type[Engine] = lookup("engine", kind)
    return found
