"""Measure how time and memory grow with records, arms and runs, and print the law.

    python scripts/bench_scale.py                         all of it, in some minutes
    python scripts/bench_scale.py --records 2000 20000    two sizes of records, not three
    python scripts/bench_scale.py --only arms,runs        plans of many arms, lists of many runs

Records are those of two arms together, answered by the scripted engine to problems that are drawn
here (worked_arithmetic). Every stage is a process of its own; `run` is the command as it is typed,
with two processes and nothing kept, and `compare` comes after it. Seconds are the processor's (user
and system, of all processes) and the wall's; memory is that of the largest process. The exponent
goes through the processor seconds of the two largest sizes, less those of a start.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from bench.scaled import STAGES
from bench.spent import Spent, exponent, spent

_PARTS = ("records", "arms", "runs")
_FEW = {"records": 32, "arms": 2, "runs": 2}
"""Sizes that show what a start takes."""


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--records", type=int, nargs="+", default=[2_000, 20_000, 200_000])
    parser.add_argument("--arms", type=int, nargs="+", default=[200, 2_000])
    parser.add_argument("--runs", type=int, nargs="+", default=[1_000, 10_000])
    parser.add_argument("--only", default=",".join(_PARTS), help="records, arms, runs")
    return parser.parse_args()


class Place:
    """A folder with runs and caches of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.runs = folder / "runs"
        self.number = 0

    def llmx(self, *words: str) -> Spent:
        """Run llmx as it is typed."""
        return self._spent("-m", "llmx", *words)

    def scaled(self, *words: str) -> Spent:
        """Run :mod:`bench.scaled`."""
        return self._spent("-m", "bench.scaled", *words)

    def forget(self) -> None:
        """Begin with nothing kept: no run, no drawn problem, no composition."""
        shutil.rmtree(self.runs, ignore_errors=True)
        self.number += 1

    def _spent(self, *words: str) -> Spent:
        kept = {"LLMX_CACHE": str(self.folder / f"cache-{self.number}")}
        paths = (str(Path(__file__).parent), os.environ.get("PYTHONPATH", ""))
        own = {"LLMX_RUNS": str(self.runs), "PYTHONPATH": os.pathsep.join(filter(None, paths))}
        return spent([sys.executable, *words], {**kept, **own})


def of_records(place: Place, records: int) -> dict[str, Spent]:
    """Return what every stage takes, then the whole command and the comparison."""
    path = written(place, records)
    stages = {kind: place.scaled(kind, path, str(place.runs)) for kind in STAGES}
    place.forget()
    return {**stages, **commands(place, path)}


def written(place: Place, records: int) -> str:
    """Write the recipe; return its path, with nothing kept."""
    home = place.folder / "recipe"
    place.scaled("recipe", str(home), str(records))
    place.forget()
    return str(home / "scaled.yaml")


def commands(place: Place, path: str, workers: int = 2) -> dict[str, Spent]:
    """Return what the commands of a person take."""
    run = ("run", f"recipe={path}", "--workers", str(workers), "--quiet")
    return {"run": place.llmx(*run), "compare": place.llmx("compare", ":a", ":b")}


def of_arms(place: Place, arms: int) -> dict[str, Spent]:
    """Return what a plan takes."""
    place.llmx("run", "recipe=fsd_gsm8k", "arms=[sd]", "--dry-run")  # compiles the forward, once
    seeds = ",".join(map(str, range(arms)))
    words = ("run", "recipe=fsd_gsm8k", "arms=[sd]", f"seed={seeds}", "--dry-run")
    return {"run --dry-run": place.llmx(*words)}


def of_runs(place: Place, runs: int) -> dict[str, Spent]:
    """Return what a list takes."""
    commands(place, written(place, _FEW["records"]), workers=1)
    (made,) = place.runs.glob("scaled-*")
    place.scaled("runs", str(made), str(place.folder / "many"), str(runs))
    return {"runs": place.llmx("runs", "--runs", str(place.folder / "many"))}


def measured(measure: Callable[[Place, int], dict[str, Spent]], size: int) -> dict[str, Spent]:
    """Measure one size in a folder that goes."""
    with tempfile.TemporaryDirectory() as folder:
        return measure(Place(Path(folder)), size)


def show(what: str, found: Mapping[int, Mapping[str, Spent]], start: Mapping[str, Spent]) -> None:
    """Print a row for each size and piece of work, and the exponents."""
    print(f"\n{what:>10}  {'':<14}{'processor s':>12}{'wall s':>9}{'MB':>7}", flush=True)
    for size, works in found.items():
        for work, one in works.items():
            seconds = f"{one.processor:>12.1f}{one.wall:>9.1f}"
            print(f"{size:>10,}  {work:<14}{seconds}{one.megabytes:>7.0f}")
    if len(found) > 1:
        for work in start:
            power = exponent(list(found), [works[work] for works in found.values()], start[work])
            print(f"{'law':>10}  {work:<14} processor s ~ {what}^{power:.2f}")


def main() -> None:
    """Measure and print what is asked for."""
    args = parse()
    measures = {"records": of_records, "arms": of_arms, "runs": of_runs}
    wanted: Sequence[str] = args.only.split(",")
    for what in wanted:
        if what not in measures:
            sys.exit(f"bench_scale: no part '{what}'; parts: {', '.join(_PARTS)}")
        load = " ".join(f"{one:.1f}" for one in os.getloadavg())
        print(f"load {load}, {os.cpu_count()} cores", file=sys.stderr)
        start = measured(measures[what], _FEW[what])
        sizes: list[int] = getattr(args, what)
        show(what, {size: measured(measures[what], size) for size in sizes}, start)


if __name__ == "__main__":
    main()
