"""Two trainings of one process that take turns, step by step, so that noise hits both alike.

Each runs in a thread of its own and only one at a time. Who has the turn goes on from the beginning
of one step to that of the next, so a turn holds all of a step: its data, rollouts, loss, update,
records and checkpoint. Turns go A B, B A, A B, …: what drifts evenly cancels. The generators of
torch, numpy and Python are those of the training whose turn it is.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
import transformers.trainer
from transformers import TrainerCallback

_ORDER = (0, 1, 1, 0)


@dataclass
class Turns:
    """Whose turn it is.

    Attributes:
        taken: turns that are over.
        broken: one of the two has failed, and the other is not to wait for it.
    """

    changed: threading.Condition = field(default_factory=threading.Condition)
    taken: int = 0
    broken: bool = False

    def wait(self, side: int) -> None:
        """Wait for a turn of `side`.

        Raises:
            RuntimeError: if the other side has failed.
        """
        with self.changed:
            self.changed.wait_for(lambda: self.broken or _ORDER[self.taken % 4] == side)
            if self.broken:
                raise RuntimeError("the other training failed")

    def end(self) -> None:
        """Give the turn away."""
        with self.changed:
            self.taken += 1
            self.changed.notify_all()

    def give_up(self) -> None:
        """Let nobody wait any more."""
        with self.changed:
            self.broken = True
            self.changed.notify_all()


@dataclass
class Player:
    """One of the two: seconds of its turns, by the clock and of the processor.

    The first turn is all before the first step, the last all after the last one.
    """

    turns: Turns
    side: int
    clock: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    _began: tuple[float, float] = (0.0, 0.0)
    _generators: Any = None

    def begin(self) -> None:
        """Wait for a turn, and go on with the own generators."""
        self.turns.wait(self.side)
        if self._generators is not None:
            _set_generators(self._generators)
        self._began = time.perf_counter(), time.process_time()

    def end(self) -> None:
        """Write down what the turn took and give it away."""
        self.clock.append(time.perf_counter() - self._began[0])
        self.processor.append(time.process_time() - self._began[1])
        self._generators = _get_generators()
        self.turns.end()


_PLAYERS: dict[int, Player] = {}  # by thread


class _Boundary(TrainerCallback):  # type: ignore[misc]
    """Gives the turn away where a step begins, and behind the last one."""

    def on_step_begin(self, *_: Any, **__: Any) -> None:
        self._next()

    def on_train_end(self, *_: Any, **__: Any) -> None:
        self._next()

    def _next(self) -> None:
        if player := _PLAYERS.get(threading.get_ident()):
            player.end()
            player.begin()


def in_turns(first: Callable[[], object], second: Callable[[], object]) -> tuple[Player, Player]:
    """Run two trainings of equally many steps, and return what their turns took.

    Raises:
        Exception: what a training raises.
    """
    turns = Turns()
    players = Player(turns, 0), Player(turns, 1)
    failures: list[BaseException] = []

    def play(player: Player, run: Callable[[], object]) -> None:
        _PLAYERS[threading.get_ident()] = player
        try:
            player.begin()
            run()
            player.end()
        except BaseException as error:
            failures.append(error)
            turns.give_up()
        finally:
            del _PLAYERS[threading.get_ident()]

    pairs = zip(players, (first, second), strict=True)
    threads = [threading.Thread(target=play, args=pair) for pair in pairs]
    with _boundaries():
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    if failures:
        raise failures[0]
    return players


@contextmanager
def _boundaries() -> Iterator[None]:
    """Let every Trainer that is made have the boundary as its first callback."""
    usual = transformers.trainer.DEFAULT_CALLBACKS
    transformers.trainer.DEFAULT_CALLBACKS = [*usual, _Boundary]
    try:
        yield
    finally:
        transformers.trainer.DEFAULT_CALLBACKS = usual


def _get_generators() -> tuple[Any, Any, Any]:
    return torch.get_rng_state(), np.random.get_state(), random.getstate()


def _set_generators(states: tuple[Any, Any, Any]) -> None:
    torch.set_rng_state(states[0])
    np.random.set_state(states[1])
    random.setstate(states[2])
