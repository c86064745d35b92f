"""A folder of runs whose stages are tasks of Ray, and what a test does there."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
NAPS = ROOT / "tests" / "unit" / "cluster" / "naps"


class RaySite:
    """A folder of runs, and commands there."""

    def __init__(self, folder: Path, made: Path, hold: Path) -> None:
        self.folder, self.made_at, self.hold = folder, made, hold
        self.environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "LLMX_CONFIG": str(folder / "config"),
            "LLMX_PLUGINS": str(NAPS),
            "LLMX_RECIPES": str(folder / "recipes"),
            "NAPS_MADE": str(made),
            "NAPS_HOLD": str(hold),
        }

    def recipe(self, name: str, arms: int, **options: object) -> None:
        """Write a recipe of naps."""
        held = {f"a{at}": [f"stages.nap.word=w{at}", "engine.device=cpu"] for at in range(arms)}
        stages = {
            "nap": {"kind": "nap", "over": "arm", **options},
            "tally": {"kind": "tally", "over": "recipe", "needs": ["nap"]},
        }
        text = yaml.safe_dump({"name": name, "description": "d", "stages": stages, "arms": held})
        (self.folder / "recipes").mkdir(exist_ok=True)
        (self.folder / "recipes" / f"{name}.yaml").write_text(text)

    def begin(self, *words: str, runs: str = "runs", **more: str) -> "subprocess.Popen[str]":
        """Begin a command."""
        return subprocess.Popen(
            [sys.executable, "-m", "llmx", *words, "--runs", runs],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=self.folder,
            env={**self.environment, **more},
        )

    def llmx(self, *words: str, code: int = 0, runs: str = "runs", **more: str) -> str:
        """Run a command; return what it printed."""
        process = self.begin(*words, runs=runs, **more)
        said, _ = process.communicate(timeout=300)
        assert process.returncode == code, said
        return said

    def made(self) -> list[list[str]]:
        """Return ``[ARM, ID, PROCESS]`` of every record that was made."""
        lines = self.made_at.read_text().splitlines() if self.made_at.exists() else []
        return [line.removesuffix(".0").split() for line in lines]

    def wait(self, happens: Callable[[], bool], seconds: float = 120.0) -> None:
        """Wait until something happens."""
        until = time.monotonic() + seconds
        while not happens():
            assert time.monotonic() < until, self.made()
            time.sleep(0.1)

    def outputs(self, runs: str = "runs") -> dict[str, bytes]:
        """Return what stages wrote."""
        root = self.folder / runs
        return {
            str(path.relative_to(root)): path.read_bytes()
            for path in sorted((root / "cache").glob("*/*/*.json*"))
            if path.name in ("records.jsonl", "tally.json") and "." not in path.parent.name
        }

    def same_as_local(self, name: str) -> None:
        """Compare with an undisturbed local run; no record was made twice."""
        rows = [tuple(row[:2]) for row in self.made()]
        assert len(rows) == len(set(rows)), "a record was made twice"
        self.llmx("run", f"recipe={name}", "--workers", "1", runs="local", NAPS_MADE="")
        assert self.outputs() == self.outputs("local") != {}
