"""Runs one stage and ends its own process by SIGKILL at a chosen moment."""

import json
from pathlib import Path
from typing import Any

from forked import EndsAt, end
from tiny import Work

from llmx.core.progress import Silent


class Ends(Silent):
    """Ends the process when so many steps were made here."""

    def __init__(self, at: int) -> None:
        self.left = at

    def advance(self, amount: int = 1) -> None:
        self.left -= amount
        if not self.left:
            end()


def _tear(folder: Any, **_: Any) -> None:
    weights = Path(folder) / "checkpoint-10/model.safetensors"
    if weights.exists():
        weights.unlink()
        end()


def _arm(moment: str, at: int) -> Any:
    """Prepare the end: after steps (here, or in all), in a save, or while the model is written."""
    from llmx.train.course import fit, watch
    from llmx.train.post_training import export

    if moment == "step":
        return Ends(at)
    if moment == "step in all":
        return EndsAt(at)
    if moment == "export":
        export.card = end
    if moment == "sweep":  # all is there, and of the checkpoints the weights are gone
        fit.shutil.rmtree = _tear
    if moment == "save":  # everything is written but the mark
        mark, calls = watch.mark_whole, iter(range(at - 1))
        watch.mark_whole = lambda *given: end() if next(calls, None) is None else mark(*given)
    return Silent()


def main(about: str, moment: str, at: int) -> None:
    """Run the stage until it ends itself; the settings are JSON."""
    given = json.loads(about)
    paths = {name: Path(given.pop(name)) for name in ("model", "data", "out")}
    Work(**paths, **given).run(_arm(moment, at))
