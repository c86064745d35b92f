"""Folders of any size to measure on: a scripted recipe with its answers, and runs to list."""

from __future__ import annotations

import json
import os
import random
import sys
from pathlib import Path

from llmx.config.compose import compose
from llmx.data import load
from llmx.graph.execute import execute
from llmx.graph.observer import SilentObserver
from llmx.graph.plan import plan

_RECIPE = """\
name: scaled
defaults:
  - override /data: worked_arithmetic
  - override /sampler: greedy
data: {{test: {problems}, options: {{skills: [total, product]}}}}
engine: {{kind: scripted}}
stages:
  decode: {{kind: decode, over: arm}}
  score: {{kind: score, over: arm, needs: [decode]}}
  audit: {{kind: audit, over: arm, needs: [decode, score]}}
  report: {{kind: report, over: recipe, needs: [decode, score, audit]}}
reference: a
arms:
  a: [engine.script={folder}/a.json]
  b: [engine.script={folder}/b.json]
scales:
  laptop: [scale.problems={problems}, scale.budget_seconds=null]
"""
STAGES = ("decode", "score", "audit", "report")
_RIGHT = {"a": 0.70, "b": 0.72}
"""Share of answers that are right in each arm."""


def recipe(folder: Path, records: int) -> Path:
    """Write a recipe of two arms with so many records together, and what its engine answers."""
    folder.mkdir(parents=True)
    path = folder / "scaled.yaml"
    path.write_text(_RECIPE.format(folder=folder, problems=records // len(_RIGHT)))
    data = compose(str(path)).arms["a"].data
    assert data is not None
    samples = load(data, "test")
    for arm, share in _RIGHT.items():
        rng = random.Random(arm)
        answers = {s.id: s.solution + ("" if rng.random() < share else "1") for s in samples}
        (folder / f"{arm}.json").write_text(json.dumps(answers))
    return path


def stage(path: Path, kind: str, runs: Path) -> None:
    """Do the stages of one kind; those that they need are done."""
    planned = plan(compose(str(path)), runs=runs)
    execute(planned.graph, runs / "cache", SilentObserver(), lambda node: node.stage.kind == kind)


def runs_like(found: Path, into: Path, count: int) -> None:
    """Make so many run folders with the files of a finished run."""
    spec = json.loads((found / "spec.json").read_text())
    files = [path for path in found.rglob("*") if path.is_file() and path.name != "spec.json"]
    for place in range(count):
        folder = into / f"{spec['name']}-{place:08x}"
        for path in files:
            (folder / path.relative_to(found)).parent.mkdir(parents=True, exist_ok=True)
            os.link(path, folder / path.relative_to(found))
        spec["overrides"] = [f"seed={place}"]
        (folder / "spec.json").write_text(json.dumps(spec, indent=2) + "\n")


def main(what: str, *words: str) -> None:
    """Do one of the above, in a process of its own."""
    if what == "recipe":
        recipe(Path(words[0]), int(words[1]))
    elif what == "runs":
        runs_like(Path(words[0]), Path(words[1]), int(words[2]))
    else:
        stage(Path(words[0]), what, Path(words[1]))


if __name__ == "__main__":
    main(*sys.argv[1:])
