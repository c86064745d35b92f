"""Where a training is looked at: its own seconds, and evaluations spread evenly over its steps."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from llmx.store.files import Appender, read_json, read_lines, write_json, write_lines

EVALUATIONS = "evaluations.jsonl"
_CLOCK = "clock.json"
Evaluate = Callable[[Any], Sequence[Mapping[str, Any]]]
"""Takes the model and returns a row for each split."""


def points(steps: int, count: int) -> list[int]:
    """Return the steps after which a training of `steps` is evaluated, 0 being before it."""
    if count < 2:
        return [steps][:count]
    return sorted({round(place * steps / (count - 1)) for place in range(count)})


class TrainingClock:
    """Seconds of training alone, over all tries, and the most memory of any of them."""

    def __init__(self, checkpoint: Path | None) -> None:
        held = read_json(checkpoint / _CLOCK) if checkpoint is not None else {}
        self.seconds: float = held.get("seconds", 0.0)
        self._peak: int = held.get("peak_bytes", 0)
        self._since = time.perf_counter()

    def go(self) -> None:
        """Training begins again."""
        self._since = time.perf_counter()

    def stop(self) -> None:
        """Add what has passed."""
        now = time.perf_counter()
        self.seconds += now - self._since
        self._since = now

    @property
    def peak(self) -> int:
        """Bytes of memory: of the GPU, or else of the process."""
        return max(self._peak, _peak())

    def save(self, checkpoint: Path) -> None:
        """Write it into a checkpoint."""
        write_json(checkpoint / _CLOCK, {"seconds": self.seconds, "peak_bytes": self.peak})


def _peak() -> int:
    import torch

    if torch.cuda.is_available():
        return int(torch.cuda.max_memory_allocated())
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def watch_points(
    trainer: Any,
    out: Path,
    clock: TrainingClock,
    count: int,
    evaluate: Evaluate,
    about: Callable[[int], dict[str, Any]],
) -> None:
    """Evaluate at each point, and keep the rows of points that a checkpoint knows.

    Args:
        out: where ``evaluations.jsonl`` is.
        clock: of the training, which stands still meanwhile.
        about: what is said of a step beside its number.
    """
    from transformers import TrainerCallback

    class _Points(TrainerCallback):  # type: ignore[misc]
        at: Sequence[int] = ()

        def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            self.at = points(state.max_steps, count)
            if state.is_world_process_zero:
                cut_back(out / EVALUATIONS, state.global_step)
                if state.global_step == 0:
                    self._look(state)
            clock.go()

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            clock.stop()
            control.should_log |= state.global_step >= state.max_steps
            if state.is_world_process_zero:
                self._look(state)
            clock.go()

        def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            clock.go()

        def _look(self, state: Any) -> None:
            if state.global_step in self.at:
                told = {"step": state.global_step, **about(state.global_step)}
                trainer.model.eval()
                found = [{**told, **row} for row in evaluate(trainer.model)]
                trainer.model.train()
                with Appender(out / EVALUATIONS) as book:
                    book.append(found)

    trainer.add_callback(_Points())


def cut_back(path: Path, step: int) -> None:
    """Let go of the rows of points after `step`; of a training from its beginning, of all."""
    if path.exists():
        kept = [row for row in read_lines(path) if row["step"] <= step] if step else []
        write_lines(path, kept)
