"""What a training tells while it runs, and when it may save."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from llmx.core.errors import RunError
from llmx.core.progress import Progress
from llmx.train.course.checkpoints import mark_whole
from llmx.train.course.trackers import Tracker

# TRL's names → ours. What else it logs keeps its name; what a stop-watch measured, or what a
# checkpoint does not hold, is left out, so that a resumed training has the same curve.
NAMES = {
    "completions/mean_length": "length",
    "completions/clipped_ratio": "truncated",
    "frac_reward_zero_std": "groups_without_signal",
}
STABLE = "lower settings.learning_rate, or lengthen settings.warmup_steps"
_LEFT_OUT = {"step", "step_time", "num_tokens", "num_input_tokens_seen", "total_flos"}
_LEFT_OUT_PREFIX = ("train_", "profiling/", "sampling/")


def numbers(logs: Mapping[str, Any]) -> dict[str, float]:
    """Return the finite numbers of one entry of TRL's log, under this project's names."""
    return {
        NAMES.get(name, name): float(value)
        for name, value in logs.items()
        if name not in _LEFT_OUT and not name.startswith(_LEFT_OUT_PREFIX)
        if isinstance(value, int | float) and math.isfinite(value)
    }


def curve(history: Sequence[Mapping[str, Any]]) -> list[dict[str, float]]:
    """Return the learning curve: step and numbers of each entry that has a loss."""
    return [{"step": row["step"], **numbers(row)} for row in history if "loss" in row]


def watch(
    progress: Progress,
    trackers: Sequence[Tracker],
    checkpoints: Path,
    may_save: Callable[[], bool],
    saved: Callable[[Path], None] = lambda folder: None,
) -> Any:
    """Return a callback for the Trainer.

    Args:
        may_save: whether a checkpoint of this moment holds everything; a save that falls between
            two such moments is made at the next one.
        saved: adds to a checkpoint, by its folder, before it is called whole.
    """
    from accelerate import PartialState
    from transformers import TrainerCallback

    class _Watch(TrainerCallback):  # type: ignore[misc]
        owed = False
        silent = 0

        def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if state.is_world_process_zero:
                progress.start(state.max_steps, done=state.global_step, unit="steps")

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if state.is_world_process_zero:
                progress.advance()
            self.owed = self.owed or control.should_save
            last = state.global_step >= state.max_steps
            control.should_save = self.owed and (last or may_save())
            self.owed = self.owed and not control.should_save

        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
            if not logs or "loss" not in logs or not state.is_world_process_zero:
                return
            found = numbers(logs)
            if "loss" not in found:
                message = (
                    f"the training diverged: loss is {logs['loss']} at step {state.global_step}"
                )
                raise RunError(message, STABLE)
            for tracker in trackers:
                tracker.log(state.global_step, found)
            self.silent = silent(found, self.silent)
            progress.note(_line(found, self.silent))

        def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            PartialState().wait_for_everyone()  # each process writes its own part
            if state.is_world_process_zero:
                folder = checkpoints / f"checkpoint-{state.global_step}"
                saved(folder)
                mark_whole(folder, state.global_step, state.max_steps)

    return _Watch()


def silent(found: Mapping[str, float], before: int) -> int:
    """Return how many entries of a log in a row have no group that teaches anything."""
    return before + 1 if found.get(NAMES["frac_reward_zero_std"], 0) >= 1 else 0


def _line(found: Mapping[str, float], in_vain: int = 0) -> str:
    """Return the numbers to show, and first a warning where there is nothing to learn from."""
    shown = ("loss", "reward", "length", "truncated")
    said = ", ".join(f"{name} {found[name]:.3g}" for name in shown if name in found)
    return f"{_warning(found, in_vain)}; {said}" if in_vain else said


def _warning(found: Mapping[str, float], in_vain: int) -> str:
    cut = ", every completion is cut" if found.get("truncated", 0) >= 1 else ""
    since = "" if in_vain == 1 else f" for {in_vain} logs"
    return f"WARNING no signal{since}: the rewards of every group are equal{cut}"
