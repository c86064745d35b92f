"""The library: what the command line does, as calls. Nothing heavy is imported before it is needed.

``llmx.run("fsd_gsm8k", "scale=smoke")`` is ``llmx run recipe=fsd_gsm8k scale=smoke``; the command
line calls these functions, with a recipe that it has composed.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from llmx.core.user_cache import at_home

if TYPE_CHECKING:
    from llmx.claims.compare.model import Compared
    from llmx.core.spec import RunSpec
    from llmx.graph.accesses import State
    from llmx.graph.folder import RunFolder
    from llmx.graph.observer import Observer
    from llmx.graph.plan import Plan
    from llmx.runs.batches import StoredBatches
    from llmx.runs.budget import Affordability
    from llmx.runs.check import Checked
    from llmx.runs.parity import Parity
    from llmx.runs.reproduce import PaperPage
    from llmx.runs.result import RunResult
    from llmx.runs.run import Elsewhere
    from llmx.store.cache import Entry

__all__ = ["budget", "compare", "load_run", "plan", "reproduce", "run"]

Folder = Path | str


def run(
    recipe: str | RunSpec,
    *overrides: str,
    runs: Folder | None = None,
    limit: int | None = None,
    recipes: Sequence[Folder] = (),
    plugins: Sequence[Folder] = (),
    workers: int | None = None,
    observer: Observer | None = None,
    trust_remote_code: bool = False,
    ask_again: bool = False,
    elsewhere: Elsewhere | None = None,
) -> RunResult:
    """Run a recipe, or resume it where an earlier try stopped.

    Args:
        recipe: a name, a path, or a composed :class:`~llmx.core.spec.RunSpec`.
        overrides: ``KEY=VALUE`` as on the command line.
        runs: folder of the runs; ``$LLMX_RUNS`` or ``./runs`` if None.
        limit: at most so many problems.
        recipes: folders with recipes of your own.
        plugins: folders with kinds and code of your own; they stay for as long as the process does.
        workers: processes that share the stages which are not measurements.
        observer: receives the progress; None shows it in a notebook, and nothing elsewhere.
        trust_remote_code: run the code that model folders bring with them.
        ask_again: ask a judge again about what he gave no readable verdict on, and nothing else.
        elsewhere: does what no measurement comes before in place of worker processes here:
            ``llmx.cluster.ray_driver.RayTasks(launch)``.

    Raises:
        LlmxError: for everything that a user can put right.
    """
    from llmx.graph.observer import in_notebook
    from llmx.runs import run as stored

    spec = _composed(recipe, overrides, recipes, plugins, trust_remote_code)
    watcher = observer or in_notebook()
    return stored.run(
        spec,
        runs=runs_folder(runs),
        limit=limit,
        workers=workers,
        observer=watcher,
        ask_again=ask_again,
        elsewhere=elsewhere,
    )


def plan(
    recipe: str | RunSpec,
    *overrides: str,
    runs: Folder | None = None,
    limit: int | None = None,
    recipes: Sequence[Folder] = (),
    plugins: Sequence[Folder] = (),
    workers: int | None = None,
    trust_remote_code: bool = False,
) -> Plan:
    """Return what :func:`run` would do: stages, what is cached, samples, tokens, time, memory.

    The arguments are those of :func:`run`.

    Raises:
        LlmxError: for everything that a user can put right.
    """
    from llmx.graph import plan as planning

    spec = _composed(recipe, overrides, recipes, plugins, trust_remote_code)
    return planning.plan(spec, runs=runs_folder(runs), limit=limit, workers=workers)


def load_run(run: str, runs: Folder | None = None, *, plugins: Sequence[Folder] = ()) -> RunResult:
    """Return a finished run by (the beginning of) its name, or by its folder.

    Raises:
        StoreError: if there is no such run, or it is unfinished.
    """
    from llmx.runs import run as stored

    _use(plugins)
    return stored.load_run(run, runs=runs_folder(runs))


def compare(
    first: str,
    second: str,
    *,
    runs: Folder | None = None,
    plugins: Sequence[Folder] = (),
) -> Compared:
    """Compare two arms sample by sample: the second against the first.

    Args:
        first, second: ``RUN:ARM``, ``RUN`` (every arm that both runs have) or ``:ARM`` (of the
            newest run); ``ARM`` is an arm with all its seeds, or one of them (``sd@seed=1``).
        runs: folder of the runs; ``$LLMX_RUNS`` or ``./runs`` if None.
        plugins: as for :func:`run`.

    Raises:
        LlmxError: for everything that a user can put right.
    """
    from llmx.runs.compare import compare_runs

    _use(plugins)
    return compare_runs(first, second, runs_folder(runs))


def budget(
    run: str,
    *,
    gain: float = 2.0,
    cost: str | None = None,
    runs: Folder | None = None,
    plugins: Sequence[Folder] = (),
) -> Affordability:
    """Return of each arm the cheapest way of spending compute within some points of its best.

    Args:
        run: (the beginning of) the name of a run that has a stage `scaling`, or its folder.
        gain: percentage points.
        cost: kind of cost, ``completion``, ``longest`` …; the run's own if None.
        runs: folder of the runs; ``$LLMX_RUNS`` or ``./runs`` if None.
        plugins: as for :func:`run`.

    Raises:
        LlmxError: for everything that a user can put right.
    """
    from llmx.runs.budget import budget as affordable

    _use(plugins)
    return affordable(run, runs_folder(runs), gain, cost)


def batches(
    run: str,
    *,
    stage: str | None = None,
    runs: Folder | None = None,
    plugins: Sequence[Folder] = (),
) -> StoredBatches:
    """Return the plan of batches of an arm, with its rows.

    Args:
        run: ``RUN:ARM``, or ``:ARM`` of the newest run.
        stage: which, where several make batches; the last one if None.
        runs: folder of the runs; ``$LLMX_RUNS`` or ``./runs`` if None.
        plugins: as for :func:`run`.

    Raises:
        LlmxError: for everything that a user can put right.
    """
    from llmx.runs.batches import open_batches

    _use(plugins)
    return open_batches(run, runs_folder(runs), stage)


def export_batches(found: StoredBatches, folder: Folder) -> dict[str, Path]:
    """Write rows in the order of their batches, and how to train on them; return what was written.

    Raises:
        ConfigError: if the folder holds an export.
    """
    from llmx.runs.batches_export import export

    return export(found, at_home(folder))


def reproduce(
    paper: str,
    *,
    runs: Folder | None = None,
    sources: Sequence[Folder] = (),
    recipes: Sequence[Folder] = (),
    plugins: Sequence[Folder] = (),
) -> PaperPage:
    """Return a paper's published figures and statements beside what stored runs found.

    Args:
        paper: its name, as in ``recipes/_claims``, or a short one that its recipes begin with.
        runs: folder of the runs; of each recipe the largest finished run is taken.
        sources: run folders, or folders of committed results, to take instead.
        recipes: folders with recipes of your own.
        plugins: as for :func:`run`.

    Raises:
        LlmxError: for everything that a user can put right.
    """
    from llmx.claims import known
    from llmx.runs import reproduce as stored

    _use(plugins)
    folder, found = runs_folder(runs), known.find(paper, recipes)
    specs = known.specs(found.paper, recipes)
    if sources:
        rests_on = stored.given_runs([Path(source) for source in sources], specs)
    else:
        rests_on = stored.stored_runs(folder, specs)
    made = stored.paper_page(found, specs, rests_on, folder)
    return made if sources else replace(made, notes=stored.unended(folder, specs))


def write_page(
    made: PaperPage, runs: Folder | None, out: Path | None, keep: bool
) -> dict[str, Path]:
    """Write a paper's page under the runs, or into the named folder; nothing without a run."""
    from llmx.runs import reproduce as stored

    if not made.stored and out is None:
        return {}
    return stored.write_page(made, out or runs_folder(runs) / "pages", keep)


def runs_folder(given: Folder | None) -> Path:
    """Return the folder of the runs: the given one, ``$LLMX_RUNS``, or ``./runs``."""
    return at_home(given or os.environ.get("LLMX_RUNS") or "runs")


def list_runs(runs: Folder | None = None) -> list[RunFolder]:
    """Return all runs of the folder, newest first."""
    from llmx.graph import folder

    return folder.list_runs(runs_folder(runs))


def state_of(run: RunFolder) -> State:
    """Return how far a run is: finished, in progress, failed and why, or unfinished."""
    from llmx.graph import accesses

    return accesses.state_of(run)


def remove_run(run: str, runs: Folder | None = None) -> Path | None:
    """Delete one run, of a link only the link; return what that points to.

    The stage outputs stay until garbage is collected.
    """
    from llmx.runs import cleanup

    return cleanup.remove_run(runs_folder(runs), run)


def collect_garbage(runs: Folder | None = None) -> tuple[int, int]:
    """Delete the stage outputs that no run uses; return how many, and the bytes they held."""
    from llmx.runs import cleanup

    return cleanup.collect_garbage(runs_folder(runs))


def check_runs(
    run: str | None, runs: Folder | None, mend: bool
) -> tuple[Checked, list[tuple[Entry, Path]]]:
    """Compare hashes; return what was found, and what was moved aside to be made again.

    Args:
        run: the beginning of a run's name, or its folder; None = all that lies there.
        mend: whether to move anything.
    """
    from llmx.runs import check

    folder = runs_folder(runs)
    found = check.check(folder, run)
    return found, check.repair(folder, found) if mend else []


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
    from llmx.runs import parity

    specs = parity.engine_specs(engines, dtype)
    data = DataSpec.model_validate(read(group_files(roots())["data/gsm_symbolic"]).data)
    samples, instruction = parity.prompts(prompts or data, number)
    named = ModelSpec(target=model, target_revision=revision)
    progress = observer.started(f"parity {model}") if observer else Silent()
    return parity.parity(named, specs, samples, instruction, max_tokens, progress)


def _use(plugins: Sequence[Folder]) -> None:
    from llmx.core.plugins import use

    use(plugins)


def _composed(
    recipe: str | RunSpec,
    overrides: Sequence[str],
    recipes: Sequence[Folder],
    plugins: Sequence[Folder],
    trust_remote_code: bool,
) -> RunSpec:
    _use(plugins)
    if not isinstance(recipe, str):
        return recipe
    from llmx.config.compose import compose

    return compose(recipe, overrides, extra_paths=recipes, trust_remote_code=trust_remote_code)
