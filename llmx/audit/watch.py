"""Checks that see the records one after the other: an arm of any size is read once, not held."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal, Protocol

from llmx.core.audit import Check
from llmx.core.record import Record

Wrong = Callable[[Record], bool]
Level = Literal["fail", "warn"]


class Watch(Protocol):
    """What makes checks of the records that it is shown."""

    def see(self, record: Record) -> None:
        """Look at the next record."""

    def checks(self) -> Iterator[Check]:
        """Yield what was found, after the last record."""


class Every:
    """A check that no record may fail.

    Args:
        detail: what is wrong with the first that fails.
        of: which records the check is of; None = all.
    """

    def __init__(self, name: str, wrong: Wrong, detail: str, of: Wrong | None = None) -> None:
        self.name, self.wrong, self.detail, self.of = name, wrong, detail, of
        self.seen = self.bad = 0
        self.first = ""

    def see(self, record: Record) -> None:
        """Count the record."""
        if self.of is not None and not self.of(record):
            return
        self.seen += 1
        if self.wrong(record):
            self.bad += 1
            self.first = self.first or f"{record.id}: {self.detail}"

    def checks(self) -> Iterator[Check]:
        """Yield the check."""
        yield Check(
            check=self.name,
            level="fail",
            passed=not self.bad,
            found=self.bad,
            of=self.seen,
            detail=self.first,
        )


class Share:
    """A check on a share of the records: a warning from `warn` on, a failure from `fail` on."""

    def __init__(self, name: str, wrong: Wrong, warn: float, fail: float, what: str) -> None:
        self.name, self.wrong, self.warn, self.fail, self.what = name, wrong, warn, fail, what
        self.seen = self.found = 0

    def see(self, record: Record) -> None:
        """Count the record."""
        self.seen += 1
        self.found += self.wrong(record)

    def checks(self) -> Iterator[Check]:
        """Yield the check."""
        yield share_check(self.name, self.found, self.seen, self.warn, self.fail, self.what)


class Rare(Share):
    """A share that most arms have none of: then nothing is said of it."""

    def checks(self) -> Iterator[Check]:
        """Yield the check, if there is anything to say."""
        if self.found:
            yield from super().checks()


class MadeChecks:
    """Checks that are made already, or cannot be made: no record changes them."""

    def __init__(self, *checks: Check) -> None:
        self.given = checks

    def see(self, record: Record) -> None:
        """Nothing to see."""

    def checks(self) -> Iterator[Check]:
        """Yield them."""
        yield from self.given


def unchecked(why: str, *names: str) -> MadeChecks:
    """Return checks that could not be made."""
    return MadeChecks(*(Check(check=name, level="fail", passed=None, detail=why) for name in names))


def share_check(name: str, found: int, of: int, warn: float, fail: float, what: str) -> Check:
    """Return a check on a share: a warning from `warn` on, a failure from `fail` on."""
    share = found / of if of else 0.0
    level: Level = "fail" if share >= fail else "warn"
    text = f"{100 * share:.1f} % {what}" if share >= warn else ""
    return Check(check=name, level=level, passed=share < warn, found=found, of=of, detail=text)
