"""The few calls that the command line makes on the runner, in one place."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from llmx.core.home import at_home

if TYPE_CHECKING:
    from llmx.core.spec import RunSpec
    from llmx.report.compare.model import Compared
    from llmx.run.api import Plan, RunFolder, RunResult
    from llmx.run.check import Checked
    from llmx.run.observer import Observer
    from llmx.run.parity import Parity
    from llmx.run.reproduce import PaperPage
    from llmx.store.cache import Entry


def runs_folder(given: Path | str | None) -> Path:
    """Return the folder of the runs: the given one, ``$LLMX_RUNS``, or ``./runs``."""
    return at_home(given or os.environ.get("LLMX_RUNS") or "runs")


def run_spec(
    spec: RunSpec,
    runs: Path | str | None = None,
    limit: int | None = None,
    observer: Observer | None = None,
    workers: int | None = None,
) -> RunResult:
    """Run a composed recipe and return its result."""
    from llmx.run import api

    folder = runs_folder(runs)
    return api.run(spec, runs=folder, limit=limit, workers=workers, observer=observer)


def plan_spec(
    spec: RunSpec,
    runs: Path | str | None = None,
    limit: int | None = None,
    workers: int | None = None,
) -> Plan:
    """Return what would be run."""
    from llmx.run import api

    return api.plan(spec, runs=runs_folder(runs), limit=limit, workers=workers)


def load(run: str, runs: Path | str | None = None) -> RunResult:
    """Return one finished run by the beginning of its name, or by its folder."""
    from llmx.run import api

    return api.load_run(run, runs=runs_folder(runs))


def list_runs(runs: Path | str | None = None) -> list[RunFolder]:
    """Return all runs of the folder, newest first."""
    from llmx.run import api

    return api.list_runs(runs_folder(runs))


def remove_run(run: str, runs: Path | str | None = None) -> Path | None:
    """Delete one run, of a link the link alone; return what that points to.

    The stage outputs stay until garbage is collected.
    """
    from llmx.run import api

    return api.remove_run(runs_folder(runs), run)


def reproduce_paper(
    paper: str,
    runs: Path | str | None = None,
    sources: Sequence[Path | str] = (),
    recipes: Sequence[Path | str] = (),
) -> PaperPage:
    """Return the page of a paper: published figures beside those of stored runs.

    Raises:
        ConfigError: if nothing is known of such a paper.
    """
    from llmx.cli import papers
    from llmx.run import reproduce

    folder = runs_folder(runs)
    known = papers.find(paper, recipes)
    specs = papers.specs(known.paper, recipes)
    if sources:
        stored = reproduce.given_runs([Path(source) for source in sources], specs)
    else:
        stored = reproduce.stored_runs(folder, specs)
    return reproduce.paper_page(known, specs, stored, folder)


def write_page(
    made: PaperPage, runs: Path | str | None, out: Path | None, keep: bool
) -> dict[str, Path]:
    """Write the page under the runs, or into the folder that is named; nothing without a run."""
    from llmx.run import reproduce

    if not made.stored and out is None:
        return {}
    return reproduce.write_page(made, out or runs_folder(runs) / "pages", keep)


def compare_runs(first: str, second: str, runs: Path | str | None = None) -> Compared:
    """Compare two arms, or all arms that two runs have in common."""
    from llmx.run import compare

    return compare.compare_runs(first, second, runs_folder(runs))


def compare_engines(
    model: str,
    revision: str | None,
    engines: str,
    dtype: str,
    prompts: Path | None,
    number: int,
    max_tokens: int,
    observer: Observer | None = None,
) -> list[Parity]:
    """Return how the greedy completions of engines differ from those of the first.

    Args:
        engines: kinds, separated by commas.
        prompts: a file with a prompt a line; None = the test problems of gsm_symbolic.

    Raises:
        ConfigError: for an unknown engine or dtype, or a file that cannot be read.
    """
    from llmx.config.places import group_files, roots
    from llmx.config.yaml_file import read
    from llmx.core.progress import Silent
    from llmx.core.spec import DataSpec, ModelSpec
    from llmx.run import parity

    specs = parity.engine_specs(engines, dtype)
    data = DataSpec.model_validate(read(group_files(roots())["data/gsm_symbolic"]).data)
    samples, instruction = parity.prompts(prompts or data, number)
    named = ModelSpec(target=model, target_revision=revision)
    progress = observer.started(f"parity {model}") if observer else Silent()
    return parity.parity(named, specs, samples, instruction, max_tokens, progress)


def check_runs(
    run: str | None, runs: Path | str | None, mend: bool
) -> tuple[Checked, list[tuple[Entry, Path]]]:
    """Compare hashes; return what was found, and what was moved aside to be made again.

    Args:
        run: the beginning of a run's name, or its folder; None = all that lies there.
        mend: whether to move anything.
    """
    from llmx.run import check

    folder = runs_folder(runs)
    found = check.check(folder, run)
    return found, check.repair(folder, found) if mend else []


def collect_garbage(runs: Path | str | None = None) -> tuple[int, int]:
    """Delete the stage outputs that no run uses; return how many, and the bytes they held."""
    from llmx.run import api

    return api.collect_garbage(runs_folder(runs))
