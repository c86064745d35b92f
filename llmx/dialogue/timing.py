"""What a reader felt and what it cost, read off the events of one answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from llmx.core.events import ANSWER, Event


@dataclass(frozen=True)
class Timing:
    """One answer in numbers; seconds from the request on.

    Attributes:
        ttft: to the first token that is shown.
        total: to the end of the answer.
        tokens: shown.
        per_token: seconds a token after the first, waits included (time per output token).
        stalled: seconds between the last token of a chunk and the first of the next: waiting for
            drafts, and computing the prompt anew. `longest_stall` is the longest of them.
        sent: prompt tokens of all requests of all speakers; of them `cached` were not computed
            again. `answer_sent` and `answer_cached` are those of the answer alone.
        answer_again: tokens of the answer's requests that were computed for an earlier one already:
            what a prefix cache with a fitting layout saves. (Engines that do not say what they had
            cached count as having had nothing.)
        drafted: tokens of everybody but the answer.
        requests: of the answer.
        repeated: chunks that repeated what was shown.
    """

    ttft: float
    total: float
    tokens: int
    per_token: float
    stalled: float
    longest_stall: float
    sent: int
    cached: int
    answer_sent: int
    answer_cached: int
    answer_again: int
    drafted: int
    requests: int
    repeated: int

    def as_dict(self) -> dict[str, float]:
        """Return the numbers by name."""
        return asdict(self)


def timing(events: Sequence[Event]) -> Timing:
    """Read the numbers off the events of one answer.

    Raises:
        ValueError: if nothing was shown.
    """
    shown = [one for one in events if one.who == ANSWER and one.what == "piece" and one.tokens]
    if not shown:
        raise ValueError("no token of the answer was shown")
    first, last = shown[0].at, shown[-1].at
    tokens = sum(one.tokens for one in shown)
    stalls = _stalls([one for one in events if one.who == ANSWER])
    return Timing(
        ttft=first,
        total=last,
        tokens=tokens,
        per_token=(last - first) / (tokens - 1) if tokens > 1 else 0.0,
        stalled=sum(stalls),
        longest_stall=max(stalls, default=0.0),
        sent=sum(one.prompt_tokens or 0 for one in events),
        cached=sum(one.cached_tokens or 0 for one in events),
        answer_sent=sum(one.prompt_tokens or 0 for one in events if one.who == ANSWER),
        answer_cached=sum(one.cached_tokens or 0 for one in events if one.who == ANSWER),
        answer_again=_again([one for one in events if one.who == ANSWER]),
        drafted=sum(one.tokens for one in events if one.who != ANSWER and one.what == "piece"),
        requests=sum(one.who == ANSWER and one.what == "asked" for one in events),
        repeated=sum(one.who == ANSWER and one.what == "repeated" for one in events),
    )


def _stalls(answer: Sequence[Event]) -> list[float]:
    """Return the seconds from the last token of each chunk to the first of the next."""
    stalls: list[float] = []
    last: float | None = None
    waiting = False
    for one in answer:
        if one.what == "asked":
            waiting = last is not None
        elif one.what == "piece" and one.tokens:
            if waiting and last is not None:
                stalls.append(one.at - last)
            last, waiting = one.at, False
    return stalls


def _again(answer: Sequence[Event]) -> int:
    """Return the tokens that stood in an earlier context of the answer and were computed anew."""
    again, context = 0, 0
    for request in _requests(answer):
        sent = sum(one.prompt_tokens or 0 for one in request)
        cached = sum(one.cached_tokens or 0 for one in request)
        again += max(0, min(context, sent) - cached)
        context = sent + sum(one.tokens for one in request if one.what == "piece")
    return again


def _requests(answer: Sequence[Event]) -> list[list[Event]]:
    """Return the events of each request that says how long its prompt was, first or last."""
    found: list[list[Event]] = [[]]
    for one in answer:
        if one.what == "asked":
            found.append([])
        found[-1].append(one)
    return [request for request in found if any(one.prompt_tokens for one in request)]
