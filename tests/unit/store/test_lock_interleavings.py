"""Every order in which two owners, their later lives and a waiter can take, lose and use a lock.

The lock's own code runs on files in memory, one step at a time; Slurm is a table of restart
counts. A job that is requeued leaves its old process behind: it was frozen, goes on, and must
write nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from counts import THOROUGH

from llmx.core.errors import StoreError
from llmx.store.job_lock import JobLock, Owner


class Memory:
    """The folder of a lock in memory."""

    def __init__(self, held: dict[str, Any] | None = None) -> None:
        self.held = held if held is not None else {}

    def names(self) -> list[str]:
        return sorted(self.held)

    def read(self, name: str) -> Any:
        return self.held.get(name)

    def create(self, name: str, held: Any) -> bool:
        if name in self.held:
            return False
        self.held[name] = dict(held)
        return True

    def write(self, name: str, held: Any) -> None:
        self.held[name] = dict(held)

    def delete(self, name: str) -> None:
        self.held.pop(name, None)


@dataclass
class Process:
    """One life of a job: what it does next, and the records that it has open."""

    lock: JobLock
    shared: bool
    phase: str = "idle"
    steps: Iterator[None] | None = None
    opened: int = -1
    starts: int = 0

    def key(self) -> tuple[Any, ...]:
        frame = getattr(self.steps, "gi_frame", None)
        at = None if frame is None else (frame.f_lineno, _plain(frame.f_locals))
        lock = self.lock
        return (lock.me.key, self.phase, at, lock.turn, lock.shares, self.opened, self.starts)


def _plain(held: dict[str, Any]) -> str:
    return repr({name: value for name, value in held.items() if isinstance(value, int | str)})


@dataclass
class World:
    """Jobs, the folder of the lock, and the file of records: (who made it, who wrote there)."""

    shared: tuple[bool, ...]
    slurm: dict[str, int | None] = field(default_factory=dict)
    files: Memory = field(default_factory=Memory)
    records: list[tuple[str, list[str]]] = field(default_factory=lambda: [("", [])])
    processes: list[Process] = field(default_factory=list)
    deaths: int = 0
    requeues: int = 0

    def __post_init__(self) -> None:
        for number, shared in enumerate(self.shared):
            self.slurm[str(number)] = 0
            self.begin(str(number), 0, shared)

    def begin(self, job: str, restart: int, shared: bool) -> None:
        lock = JobLock(Path("x.lock"), Owner(job, restart, "h"), self.runs, folder=self.files)
        self.processes.append(Process(lock, shared))

    def runs(self, owner: Owner) -> bool:
        return self.slurm.get(owner.job) == owner.restart

    def alive(self, process: Process) -> bool:
        return self.runs(process.lock.me)

    def actions(self) -> list[tuple[str, int]]:
        found = []
        for at, one in enumerate(self.processes):
            if one.phase == "idle" and one.starts < MOST_STARTS:
                found.append(("start", at))
            nexts = {"acquiring": ["step"], "held": ["check", "release"], "checked": ["write"]}
            nexts["written"] = ["release"]
            found += [(action, at) for action in nexts.get(one.phase, [])]
            if self.alive(one) and one.phase != "gone" and at < MOST_MORTAL:
                found += [("die", at)] if self.may(self.deaths) else []
                found += [("requeue", at)] if self.may(self.requeues) else []
        return found

    def may(self, events: int) -> bool:
        """Whether one more thing may happen to a job."""
        return events < 1 and (THOROUGH or self.deaths + self.requeues < 1)

    def act(self, action: str, at: int) -> None:
        one = self.processes[at]
        getattr(self, action)(one)

    def start(self, one: Process) -> None:
        one.starts += 1
        one.phase, one.steps = "acquiring", one.lock.steps(one.shared)

    def step(self, one: Process) -> None:
        assert one.steps is not None
        if next(one.steps, "over") == "over":
            one.steps = None
            one.phase = "held" if one.lock.held else "idle"
            if one.phase == "held" and not one.shared:
                self.records.append((one.lock.me.key, []))  # begin() copies the records
                one.opened = len(self.records) - 1

    def check(self, one: Process) -> None:
        if one.shared:
            one.phase = "checked"
            return
        newest = max(int(name) for name in self.files.held if name.isdigit())
        try:
            one.lock.check()
        except StoreError:
            assert newest != one.lock.turn
            one.phase = "gone"
        else:
            assert newest == one.lock.turn, "followed, and does not know it"
            one.phase = "checked"

    def write(self, one: Process) -> None:
        if one.opened >= 0:
            self.records[one.opened][1].append(one.lock.me.key)
        one.phase = "written"

    def release(self, one: Process) -> None:
        one.lock.release()
        one.phase = "idle"

    def die(self, one: Process) -> None:
        self.deaths += 1
        self.slurm[one.lock.me.job] = None
        one.phase, one.steps = "gone", None

    def requeue(self, one: Process) -> None:
        self.requeues += 1
        job, restart = one.lock.me.job, one.lock.me.restart + 1
        self.slurm[job] = restart
        self.begin(job, restart, one.shared)

    def key(self) -> str:
        held = (sorted(self.files.held.items(), key=str), sorted(self.slurm.items()))
        return repr((held, self.records, [one.key() for one in self.processes], self.deaths))

    def judge(self) -> None:
        """Hold the state against what must be true of every state."""
        there = [one for one in self.processes if one.phase in ("held", "checked", "written")]
        alive = [one for one in there if self.alive(one)]
        alone = [one for one in alive if not one.shared]
        assert len(alone) <= 1 and not (alone and len(alive) > 1), "two owners"
        for maker, rows in self.records:
            assert set(rows) <= {maker}, "written into another's records"
        if not any(self.alive(one) and one.phase != "idle" for one in self.processes):
            self.can_be_had()

    def can_be_had(self) -> None:
        """Nobody who lives has it or is at it: whoever comes now gets it."""
        slurm = {**self.slurm, "new": 0}
        lock = JobLock(
            Path("x.lock"),
            Owner("new", 0, "h"),
            lambda owner: slurm.get(owner.job) == owner.restart,
            folder=Memory(dict(self.files.held)),
        )
        assert lock.try_acquire(), "stuck"


MOST_STARTS = 1
MOST_MORTAL = 2 if THOROUGH else 1  # the two are alike
DEEPEST = 40


def replay(shared: tuple[bool, ...], path: tuple[tuple[str, int], ...]) -> World:
    world = World(shared)
    for action in path:
        world.act(*action)
    return world


@pytest.mark.parametrize(
    "shared",
    [(False, False), (True, False), (True, True)],
    ids=["alone", "shared and alone", "shared"],
)
def test_in_every_order_one_owner_writes_and_nothing_is_stuck(shared: tuple[bool, ...]) -> None:
    seen: set[str] = set()
    left: list[tuple[tuple[str, int], ...]] = [()]
    lost = taken_over = together = 0
    while left:
        path = left.pop()
        world = replay(shared, path)
        key = world.key()
        if key in seen or len(path) >= DEEPEST:
            continue
        seen.add(key)
        world.judge()
        lost += any(one.phase == "gone" and one.lock.turn for one in world.processes)
        together += sum(one.phase == "held" and world.alive(one) for one in world.processes) > 1
        taken_over += any(one.lock.turn > 1 for one in world.processes)
        left += [(*path, action) for action in world.actions()]
    assert len(seen) > 500 and taken_over
    assert bool(together) == all(shared)
    if not any(shared):
        assert lost, "no owner was ever followed: the test shows nothing"
