"""Where curves go while a training runs: TensorBoard, W&B, MLflow, trackio, or nowhere.

Nothing is imported until a recipe names it. Keys are those of each tool's own login or environment
variables; none is read, passed on or written here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from llmx.core.errors import ConfigError
from llmx.core.install import pip_install
from llmx.train.course.fields import installed

Open = Callable[["Tracked"], "Tracker"]


@dataclass(frozen=True)
class Tracked:
    """What a tracker is told of a training.

    Attributes:
        name: fingerprint of the stage's output: the same training goes on under the same name.
        folder: where files may be left.
        config: the settings, for display.
        start: the step that a resumed training goes on from; what came after it is logged again.
    """

    project: str
    name: str
    folder: Path
    config: Mapping[str, Any]
    start: int = 0


class Tracker(Protocol):
    """Receives numbers of a step."""

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Show the values of one step."""

    def close(self) -> None:
        """Send what is left."""


class _TensorBoard:
    def __init__(self, about: Tracked) -> None:
        from torch.utils.tensorboard import SummaryWriter

        folder = str(about.folder / "tensorboard")
        # Steps that a kill cut off the checkpoints come again: the old ones are taken back.
        self.writer = SummaryWriter(folder, purge_step=about.start + 1)
        self.writer.add_text("settings", f"```\n{json.dumps(dict(about.config), indent=2)}\n```")

    def log(self, step: int, values: Mapping[str, float]) -> None:
        for name, value in values.items():
            self.writer.add_scalar(name, value, step)

    def close(self) -> None:
        self.writer.close()


class _Wandb:
    def __init__(self, about: Tracked) -> None:
        self.run = import_module("wandb").init(
            project=about.project,
            id=about.name,
            name=about.name,
            resume="allow",
            dir=str(about.folder),
            config=dict(about.config),
        )

    def log(self, step: int, values: Mapping[str, float]) -> None:
        self.run.log(dict(values), step=step)

    def close(self) -> None:
        self.run.finish()


class _Mlflow:
    def __init__(self, about: Tracked) -> None:
        self.mlflow = import_module("mlflow")
        self.mlflow.set_experiment(about.project)
        same = f"tags.llmx = '{about.name}'"
        before = self.mlflow.search_runs(filter_string=same, output_format="list")
        if before:
            self.mlflow.start_run(run_id=before[0].info.run_id)
        else:
            self.mlflow.start_run(run_name=about.name, tags={"llmx": about.name})
        self.mlflow.log_dict(dict(about.config), "settings.json")

    def log(self, step: int, values: Mapping[str, float]) -> None:
        self.mlflow.log_metrics(dict(values), step=step)

    def close(self) -> None:
        self.mlflow.end_run()


class _Trackio:
    def __init__(self, about: Tracked) -> None:
        self.trackio = import_module("trackio")
        self.trackio.init(
            project=about.project, name=about.name, resume="allow", config=dict(about.config)
        )

    def log(self, step: int, values: Mapping[str, float]) -> None:
        self.trackio.log(dict(values), step=step)

    def close(self) -> None:
        self.trackio.finish()


TRACKERS: dict[str, Open] = {
    "tensorboard": _TensorBoard,
    "wandb": _Wandb,
    "mlflow": _Mlflow,
    "trackio": _Trackio,
}


def chosen(names: Sequence[str] | None) -> tuple[str, ...]:
    """Return the trackers to use: those named, or TensorBoard where it is installed.

    Raises:
        ConfigError: if one that is named is not installed.
    """
    if names is None:
        return ("tensorboard",) if installed("tensorboard") else ()
    for name in names:
        if not installed(name):
            hint = f"{pip_install(name)}, or name others: trackers: []"
            raise ConfigError(f"tracker '{name}' is not installed", hint)
    return tuple(names)


@contextmanager
def tracking(names: Sequence[str], about: Tracked) -> Iterator[list[Tracker]]:
    """Open the trackers, and close each however the training ends."""
    opened: list[Tracker] = []
    with ExitStack() as closing:
        for name in names:
            opened.append(TRACKERS[name](about))
            closing.callback(opened[-1].close)
        yield opened
