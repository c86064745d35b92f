"""llmx: run a paper's experiment from one YAML file.

The command line and this module are in parity: ``llmx run recipe=fsd_gsm8k scale=smoke`` is
``llmx.run("fsd_gsm8k", "scale=smoke")``. Nothing heavy is imported before it is needed.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from llmx.core.spec import RunSpec
    from llmx.run.api import Plan, RunResult
    from llmx.run.compare import Compared
    from llmx.run.observer import Observer
    from llmx.run.reproduce import PaperPage

__all__ = ["compare", "load_run", "plan", "reproduce", "run"]


def _use(plugins: Sequence[Path | str]) -> None:
    from llmx.core.plugins import use

    use(plugins)


def _spec(
    recipe: str | RunSpec,
    overrides: Sequence[str],
    recipes: Sequence[Path | str],
    plugins: Sequence[Path | str],
    trust_remote_code: bool,
) -> RunSpec:
    _use(plugins)
    if not isinstance(recipe, str):
        return recipe
    from llmx.config.compose import compose

    return compose(recipe, overrides, extra_paths=recipes, trust_remote_code=trust_remote_code)


def _run(
    recipe: str | RunSpec,
    *overrides: str,
    runs: Path | str | None = None,
    limit: int | None = None,
    recipes: Sequence[Path | str] = (),
    plugins: Sequence[Path | str] = (),
    workers: int | None = None,
    observer: Observer | None = None,
    trust_remote_code: bool = False,
) -> RunResult:
    """Run a recipe, or go on with it where an earlier try stopped.

    Args:
        recipe: a name, a path, or a composed :class:`~llmx.core.spec.RunSpec`.
        overrides: ``KEY=VALUE`` as on the command line.
        runs: folder of the runs; ``$LLMX_RUNS`` or ``./runs`` if None.
        limit: at most so many problems.
        recipes: folders with recipes of your own.
        plugins: folders with kinds and code of your own; they stay for as long as the process does.
        workers: processes that share the stages which are not measurements.
        observer: receives the progress; None shows nothing.
        trust_remote_code: run the code that model folders bring with them.

    Raises:
        LlmxError: for everything that a user can put right.
    """
    from llmx.cli.api import run_spec

    spec = _spec(recipe, overrides, recipes, plugins, trust_remote_code)
    return run_spec(spec, runs, limit, observer, workers)


def plan(
    recipe: str | RunSpec,
    *overrides: str,
    runs: Path | str | None = None,
    limit: int | None = None,
    recipes: Sequence[Path | str] = (),
    plugins: Sequence[Path | str] = (),
    workers: int | None = None,
    trust_remote_code: bool = False,
) -> Plan:
    """Return what :func:`run` would do: stages, what is cached, samples, tokens, time, memory.

    The arguments are those of :func:`run`.

    Raises:
        LlmxError: for everything that a user can put right.
    """
    from llmx.cli.api import plan_spec

    spec = _spec(recipe, overrides, recipes, plugins, trust_remote_code)
    return plan_spec(spec, runs, limit, workers)


def load_run(
    run: str, runs: Path | str | None = None, *, plugins: Sequence[Path | str] = ()
) -> RunResult:
    """Return a finished or stopped run by its name or folder.

    Raises:
        StoreError: if there is no such run.
    """
    _use(plugins)
    from llmx.cli.api import load

    return load(run, runs)


def compare(
    first: str,
    second: str,
    *,
    runs: Path | str | None = None,
    plugins: Sequence[Path | str] = (),
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
    _use(plugins)
    from llmx.cli.api import compare_runs

    return compare_runs(first, second, runs)


def reproduce(
    paper: str,
    *,
    runs: Path | str | None = None,
    sources: Sequence[Path | str] = (),
    recipes: Sequence[Path | str] = (),
    plugins: Sequence[Path | str] = (),
) -> PaperPage:
    """Return a paper's published figures and statements beside what stored runs found.

    Args:
        paper: its short name, as in ``recipes/_claims``.
        runs: folder of the runs; of each recipe the largest finished run is taken.
        sources: run folders, or folders of committed results, to take instead.
        recipes: folders with recipes of your own.
        plugins: as for :func:`run`.

    Raises:
        LlmxError: for everything that a user can put right.
    """
    _use(plugins)
    from llmx.cli.api import reproduce_paper

    return reproduce_paper(paper, runs, sources, recipes)


class _Callable(ModuleType):
    """`llmx.run` is a package and, for the reader, a function: calling it runs a recipe."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return _run(*args, **kwargs)


if TYPE_CHECKING:
    run = _run
else:
    run = import_module("llmx.run")
    sys.modules["llmx.run"].__class__ = _Callable
