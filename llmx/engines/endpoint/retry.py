"""What is worth asking again, and when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from random import Random

FIRST = 0.5  # seconds
LAST = 30.0
LONGEST = 600.0
"""Seconds: a server that asks for more patience is taken at its word up to here."""

STATUS = {408: "timeout", 409: "conflict", 425: "early", 429: "limited"}


class Transient(Exception):
    """A try that failed in a way that another may not.

    Args:
        reason: one word, for the counters.
        text: what happened, for a person.
        after: seconds that the server asks to wait, None if it does not say.
        billed: whether the endpoint may have worked, and charge for it.
    """

    def __init__(
        self, reason: str, text: str, after: float | None = None, billed: bool = True
    ) -> None:
        super().__init__(text)
        self.reason, self.text, self.after, self.billed = reason, text, after, billed


def transient_status(status: int) -> str | None:
    """Return the word for a status that may pass, None for one that will not."""
    return "server" if status >= 500 else STATUS.get(status)


def wait(trial: int, after: float | None, key: str) -> float:
    """Return seconds to wait before the next try.

    Exponential with jitter over its upper half, so that requests which failed together do not
    come back together; never less than the server asks for.

    Args:
        trial: how many tries have failed, 1 or more.
        key: of the request, so that the jitter is the same in every run.
    """
    step = min(FIRST * 2.0 ** (trial - 1), LAST)
    jittered = step * (0.5 + 0.5 * Random(f"{key}|{trial}").random())
    return max(jittered, min(after or 0.0, LONGEST))


def asked_for(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that ``Retry-After`` asks for (a number or an HTTP date)."""
    text = headers.get("retry-after", "").strip()
    if not text:
        return None
    try:
        return max(float(text), 0.0)
    except ValueError:
        return _until(text)


def _until(text: str) -> float | None:
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max((aware - datetime.now(UTC)).total_seconds(), 0.0)
