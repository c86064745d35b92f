"""From token ids as they come to text that is safe to show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

_BROKEN = "\ufffd"  # what a decoder puts for bytes that are no whole character yet


class Speech:
    """Decodes one answer token by token.

    Nothing is given out that a later token could change: an incomplete UTF-8 character waits, and
    so does a text that may be the beginning of a stop string. Two marks move along the ids, after
    vLLM's detokeniser: what stands between them is decoded again with each token, since a token's
    text can depend on the one before it.

    Args:
        before: ids of the answer that were shown already; the first tokens join on to them.
    """

    def __init__(
        self, tokenizer: Any, stop: Sequence[str] = (), before: Sequence[int] = ()
    ) -> None:
        self.tokenizer, self.stop = tokenizer, tuple(stop)
        self.ids = list(before)
        self.read = len(self.ids)
        self.anchor = max(0, self.read - 6)
        self.waiting = ""
        self.stopped = False

    def feed(self, token: int) -> str:
        """Return the text that a token makes safe to show."""
        self.ids.append(token)
        old = self._decode(self.ids[self.anchor : self.read])
        new = self._decode(self.ids[self.anchor :])
        if new.endswith(_BROKEN):
            return ""
        self.anchor, self.read = self.read, len(self.ids)
        return self._held(new[len(old) :])

    def flush(self) -> str:
        """Return what still waits when the request is over; a broken character stays out."""
        text = "" if self.stopped else self.waiting
        self.waiting = ""
        return text

    def _held(self, text: str) -> str:
        """Hold back what may be the beginning of a stop string; cut at a whole one."""
        whole = self.waiting + text
        cuts = [found for stop in self.stop if (found := whole.find(stop)) >= 0]
        if cuts:
            self.stopped, self.waiting = True, ""
            return whole[: min(cuts)]
        longest = max((len(stop) for stop in self.stop), default=1) - 1
        sizes = range(min(longest, len(whole)), 0, -1)
        keep = next((n for n in sizes if any(s.startswith(whole[-n:]) for s in self.stop)), 0)
        self.waiting = whole[len(whole) - keep :]
        return whole[: len(whole) - keep]

    def _decode(self, ids: Sequence[int]) -> str:
        text: str = self.tokenizer.decode(list(ids), skip_special_tokens=True)
        return text
