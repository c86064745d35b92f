"""A folder of runs on a Slurm of one node, and what a test does there."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
NAPS = ROOT / "tests" / "unit" / "cluster" / "naps"


class Site:
    """A folder of runs on the cluster, and commands there."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self.runs = folder / "runs"
        self.made_at = folder / "made"
        self.environment = {
            **environment,
            "LLMX_RUNS": str(self.runs),
            "LLMX_CONFIG": str(folder / "config"),
            "LLMX_PLUGINS": str(NAPS),
            "LLMX_RECIPES": str(folder / "recipes"),
            "NAPS_MADE": str(self.made_at),
            "NAPS_FAIL": str(folder / "fail"),
            "NAPS_HOLD": str(folder / "hold"),
            "OMP_NUM_THREADS": "1",
        }

    def recipe(self, name: str, arms: int, gpu: int = 0, **options: object) -> None:
        """Write a recipe of naps."""
        held = {
            f"a{at:02}": [
                f"stages.nap.word=w{at}",
                f"engine.device={'cuda' if at < gpu else 'cpu'}",
            ]
            for at in range(arms)
        }
        stages = {
            "nap": {"kind": "nap", "over": "arm", **options},
            "tally": {"kind": "tally", "over": "recipe", "needs": ["nap"]},
        }
        text = yaml.safe_dump({"name": name, "description": "d", "stages": stages, "arms": held})
        (self.folder / "recipes").mkdir(exist_ok=True)
        (self.folder / "recipes" / f"{name}.yaml").write_text(text)

    def llmx(self, *words: str, code: int = 0, **more: str) -> str:
        """Run a command; return what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "llmx", *words],
            capture_output=True,
            text=True,
            cwd=self.folder,
            env={**self.environment, **more},
            timeout=120,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def submit(self, name: str, *words: str) -> str:
        """Submit a recipe; return the run's name."""
        said = self.llmx("submit", f"recipe={name}", "launch=slurm", *words)
        return said.partition(":")[0]

    def hold(self) -> None:
        """Let every stage wait behind its next record, until :meth:`let_go`."""
        (self.folder / "hold").touch()

    def let_go(self) -> None:
        """Let stages go on."""
        (self.folder / "hold").unlink()

    def slurm(self, *words: str) -> str:
        """Run a command of Slurm."""
        done = subprocess.run(
            words, capture_output=True, text=True, env=self.environment, timeout=60
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def begin_now(self, run: str) -> None:
        """Let jobs that were queued again begin, which Slurm has wait for two minutes."""
        for name in (one.split()[0] for one in self.jobs(run) if one.endswith(" PENDING")):
            words = ["scontrol", "update", f"JobId={name}", "StartTime=now"]
            # It may have begun meanwhile.
            subprocess.run(words, env=self.environment, timeout=60, stderr=subprocess.DEVNULL)

    def jobs(self, run: str) -> list[str]:
        """Return ``ARRAY_TASK STATE`` of the jobs of a run."""
        rows = self.slurm("squeue", "--me", "-h", "-r", "-o", "%i %T %j").splitlines()
        found = [row.split() for row in rows]
        return [f"{number} {state}" for number, state, name in found if f":{run}:" in name]

    def made(self) -> list[str]:
        """Return ``ARM ID JOB.RESTART`` of every record that was made."""
        return self.made_at.read_text().splitlines() if self.made_at.exists() else []

    def finished(self, run: str) -> bool:
        """Whether the run has its manifest."""
        return (self.runs / run / "manifest.json").exists()

    def wait(self, happens: Callable[[], bool], seconds: float = 90.0) -> None:
        """Wait until something happens."""
        until = time.monotonic() + seconds
        while not happens():
            if time.monotonic() > until:
                logs = sorted(self.runs.glob("*/cluster/logs/*.log"))
                tails = "\n".join(f"{path.name}: {path.read_text()[-600:]}" for path in logs)
                raise AssertionError(f"it does not happen\n{self.slurm('squeue')}\n{tails}")
            time.sleep(0.3)

    def end(self, run: str) -> None:
        """Wait until the run is finished and its jobs have gone."""
        self.wait(lambda: self.finished(run) and not self.jobs(run))

    def outputs(self, runs: Path | None = None) -> dict[str, bytes]:
        """Return what stages wrote."""
        found = sorted(((runs or self.runs) / "cache").glob("*/*/*.json*"))
        return {
            str(path.relative_to(runs or self.runs)): path.read_bytes()
            for path in found
            if path.name in ("records.jsonl", "tally.json") and "." not in path.parent.name
        }

    def same_as_local(self, name: str) -> None:
        """Compare with an undisturbed local run; no record was made twice."""
        lines = [line.rsplit(" ", 1)[0] for line in self.made()]
        assert len(lines) == len(set(lines)), "a record was made twice"
        local = self.folder / "local"
        self.llmx("run", f"recipe={name}", "--runs", str(local), "--workers", "1", NAPS_MADE="")
        assert self.outputs() == self.outputs(local) != {}
