"""Was every problem answered, once, in its place, and none twice under two names?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b

from llmx.audit.watch import unchecked
from llmx.core.audit import Check
from llmx.core.record import Record, Sample


class Identity:
    """Keeps the ids of the records, and a hash of what was sent: each is looked up once.

    Args:
        unsent: why there are no prompts to compare; empty = there are.
    """

    def __init__(self, samples: Sequence[Sample], unsent: str = "") -> None:
        self.unsent = unsent
        self.wanted = [sample.id for sample in samples]
        self.there: list[str] = []
        self.draws: list[int] = []
        self.sent: list[bytes] = []

    def see(self, record: Record) -> None:
        """Keep what names the record."""
        self.there.append(record.id)
        self.draws.append(record.draw)
        self.sent.append(blake2b(repr(record.sent).encode(), digest_size=16).digest())

    def checks(self) -> Iterator[Check]:
        """Yield the five checks."""
        ids = Counter(self.there)
        drawn = Counter(zip(self.there, self.draws, strict=True))
        yield self._records("duplicate_id", "answered more than once", self._twice(drawn))
        yield from self._prompts(drawn)
        asked = set(self.wanted)
        all_draws = set(self.draws) or {0}
        missing = [n for n in self.wanted if any((n, draw) not in drawn for draw in all_draws)]
        strange = [name for name in self.there if name not in asked]
        yield _ids("missing_sample", missing, len(self.wanted), "was not answered")
        yield _ids("unknown_sample", strange, len(self.there), "is not in the dataset")
        common = [name for name in ids if name in asked]  # in the order of their first records
        order = [name for name in self.wanted if name in ids]
        moved = [one for one, other in zip(common, order, strict=True) if one != other]
        yield _ids("sample_order", moved, len(common), "is not in the dataset's place")

    def _prompts(self, drawn: Counter[tuple[str, int]]) -> Iterator[Check]:
        if self.unsent:
            yield from unchecked(self.unsent, "duplicate_prompt").checks()
            return
        what = "another id has the same prompt"
        yield self._records("duplicate_prompt", what, self._alike(drawn))

    def _twice(self, drawn: Counter[tuple[str, int]]) -> list[str]:
        """Return the records whose problem has the same draw twice."""
        both = zip(self.there, self.draws, strict=True)
        return [name for name, draw in both if drawn[name, draw] > 1]

    def _alike(self, drawn: Counter[tuple[str, int]]) -> list[str]:
        """Return the records whose prompt another id has too, at the same draw."""
        often = Counter(zip(self.sent, self.draws, strict=True))
        all_three = zip(self.there, self.draws, self.sent, strict=True)
        return [n for n, at, sent in all_three if often[sent, at] > 1 and drawn[n, at] == 1]

    def _records(self, name: str, what: str, bad: Iterable[str]) -> Check:
        found = list(bad)
        detail = f"{found[0]}: {what}" if found else ""
        return _check(name, len(found), len(self.there), detail)


def _ids(name: str, bad: list[str], of: int, what: str) -> Check:
    return _check(name, len(bad), of, f"{bad[0]} {what}" if bad else "")


def _check(name: str, bad: int, of: int, detail: str) -> Check:
    return Check(check=name, level="fail", passed=not bad, found=bad, of=of, detail=detail)
