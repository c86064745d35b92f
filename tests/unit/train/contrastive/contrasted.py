"""A contrastive training of pairs of topics: data, a plan, and the stage over them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from forked import end

from llmx.core.progress import Silent
from llmx.core.registry import lookup
from llmx.core.spec import ArmSpec, DataSpec, EngineSpec, StageSpec
from llmx.core.stage import StageContext, StageInput
from llmx.papers.b3.plan import BatchPlan, groups
from llmx.papers.b3.plan_file import write_plan

ROWS, TOPICS = 72, 12
TEXTS = [f"t{topic}w{word} q{row}" for row, (topic, word) in enumerate(np.ndindex(12, 8))]
WIDTH, LAYERS = 16, 3
FAST = {"num_train_epochs": 3, "learning_rate": 0.05, "logging_steps": 2, "save_steps": 2}


def save_pairs(folder: Path, rows: int = ROWS) -> Path:
    """Write pairs whose queries and targets share words by their topic."""
    rng = np.random.default_rng(0)
    lines = []
    for row in range(rows):
        words = [f"t{row % TOPICS}w{one}" for one in rng.choice(8, 5, replace=False)]
        query, target = " ".join([*words[:3], f"q{row}"]), " ".join([*words[2:], f"a{row}"])
        lines.append({"query": query, "target": target, "id": f"r{row}"})
    path = folder / "mine.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


@dataclass
class Contrast:
    """One stage to run: what a recipe would say, and where."""

    folder: Path
    out: Path
    options: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=lambda: dict(FAST))
    seed: int = 1
    size: int = 8
    inputs: dict[str, Path] = field(default_factory=dict)

    def data(self) -> DataSpec:
        own = {"path": str(self.folder / "mine.jsonl")}
        return DataSpec(kind="pairs_local", test=6, calibration=2, options=own)

    def rows(self) -> Any:
        return lookup("data", "pairs_local")(self.data()).pairs("train")

    def plan(self) -> BatchPlan:
        count = len(self.rows())
        clusters = np.random.default_rng(3).permutation(count).astype(np.int32)
        return BatchPlan(groups(clusters, 1), self.size)

    def save_plan(self) -> Path:
        folder = self.folder / "batches"
        folder.mkdir(exist_ok=True)
        write_plan(folder, self.plan(), {"data": self.rows().hash})
        return folder

    def given(self, kind: str = "contrastive", needs: tuple[str, ...] = ("batches",)) -> StageInput:
        base = {"settings": self.settings, "trackers": [], "dimension": 8, "temperature": 0.2}
        options = {**base, "evaluations": 3, **self.options} if kind == "contrastive" else {}
        stage = StageSpec(
            name="train", kind=kind, needs=(*needs, *self.inputs), options=options or self.options
        )
        arm = ArmSpec(seed=self.seed, data=self.data(), engine=EngineSpec(device="cpu"))
        plan = {"batches": StageSpec(name="batches", kind="batches", options={"size": self.size})}
        return StageInput(stage, {"main": arm}, stages=plan)

    def context(self, progress: Any = None) -> StageContext:
        given = self.given()
        self.out.mkdir(parents=True, exist_ok=True)
        if not (self.folder / "batches").exists():
            self.save_plan()
        inputs: Mapping[str, Path] = {"batches": self.folder / "batches", **self.inputs}
        return StageContext(given, {}, inputs, self.out, progress or Silent())

    def run(self, progress: Any = None) -> Path:
        lookup("stage", "contrastive")().run(self.context(progress))
        return self.out

    def told(self) -> str:
        """Return it as JSON, for :func:`killed`."""
        paths = {"folder": str(self.folder), "out": str(self.out)}
        return json.dumps({**paths, "options": self.options, "settings": self.settings})


class Ends(Silent):
    """Ends the process when so many steps were made here."""

    def __init__(self, at: int) -> None:
        self.left = at

    def advance(self, amount: int = 1) -> None:
        self.left -= amount
        if not self.left:
            end()


def killed(about: str, moment: str, at: int) -> None:
    """Run a training until it ends itself: after steps, inside a save, or while it is exported."""
    from llmx.train.contrastive import train
    from llmx.train.course import watch

    given = json.loads(about)
    folder, out = (Path(given.pop(name)) for name in ("folder", "out"))
    if moment == "save":  # everything is written but the mark
        mark, calls = watch.mark_whole, iter(range(at - 1))
        watch.mark_whole = lambda *told: end() if next(calls, None) is None else mark(*told)
    if moment == "export":
        train._card = end
    Contrast(folder, out, **given).run(Ends(at) if moment == "step" else None)
