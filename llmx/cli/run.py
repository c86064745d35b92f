"""``llmx run``: compose a recipe, show or do the work, print the table."""

from __future__ import annotations

import shlex
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llmx.cli import complete
from llmx.cli.console import say
from llmx.cli.options import (
    AskAgain,
    Debug,
    DryRun,
    Limit,
    Plugins,
    Quiet,
    Recipes,
    Runs,
    TrustCode,
    Workers,
)
from llmx.core.errors import ConfigError, nearest
from llmx.core.secrets import without_secrets

if TYPE_CHECKING:
    from llmx.core.spec import RunSpec
    from llmx.runs.run import Elsewhere

_SIGNALLED = 128  # what a shell adds to the number of a signal that ended a process

Words = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="recipe=NAME KEY=VALUE",
        autocompletion=complete.overrides,
        show_default=False,
        help="The recipe, and what to change in it.",
    ),
]


def run(
    words: Words = None,
    dry_run: DryRun = False,
    limit: Limit = None,
    recipes: Recipes = None,
    plugins: Plugins = None,
    runs: Runs = None,
    workers: Workers = None,
    quiet: Quiet = False,
    ask_again: AskAgain = False,
    trust_remote_code: TrustCode = False,
    debug: Debug = False,
) -> None:
    """Run a recipe, or resume it where an earlier try stopped.

    Reserved words: recipe=NAME, scale=smoke|laptop|desk|paper, arms=[NAME,NAME], seed=N. Every
    other KEY=VALUE is a setting; commas sweep; arms.NAME.KEY=VALUE sets it in one arm.

    \b
    Examples:
      llmx run recipe=fsd_gsm8k
      llmx run recipe=fsd_gsm8k --dry-run
      llmx run recipe=fsd_gsm8k scale=smoke sampler.temperature=0
      llmx run recipe=fsd_gsm8k 'arms=[target,sd]' sampler.gamma=3,5,7 --limit 50
    """
    recipe, overrides = split(words or [])
    start(
        recipe,
        overrides,
        dry_run=dry_run,
        limit=limit,
        recipes=recipes,
        runs=runs,
        workers=workers,
        quiet=quiet,
        ask_again=ask_again,
        trust_remote_code=trust_remote_code,
    )


def start(
    recipe: str,
    overrides: Sequence[str],
    *,
    dry_run: bool,
    limit: int | None,
    recipes: Sequence[Path] | None,
    runs: Path | None,
    workers: int | None,
    quiet: bool,
    trust_remote_code: bool,
    ask_again: bool = False,
) -> None:
    """Compose a recipe, then show its plan or do it; the arguments are those of the verb."""
    from llmx.config.compose import compose

    own, overrides = _parted(overrides)
    spec = compose(
        recipe, overrides, extra_paths=recipes or (), trust_remote_code=trust_remote_code
    )
    elsewhere = _elsewhere(spec, own, begins=not dry_run)
    if not dry_run:
        _beside_jobs(runs)
    if dry_run:
        _plan(spec, runs, limit, workers, here=elsewhere is None)
    else:
        _run(spec, runs, limit, workers, quiet, ask_again, elsewhere)


def _parted(overrides: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return (the words of ``launch``, all others); most commands say nothing of it."""
    if not any(word.startswith("launch") for word in overrides):
        return [], list(overrides)
    from llmx.config.launch_words import parted

    return parted(overrides)


def _elsewhere(spec: RunSpec, words: Sequence[str], begins: bool) -> Elsewhere | None:
    """Return what does the stages if it is not this machine: `run` waits until they are done.

    Raises:
        ConfigError: if the launch makes jobs, for which nobody waits, or lacks its package.
    """
    if not words:
        return None
    from llmx.config.launch_words import launch_of

    launch = launch_of(spec.launch, words)
    if launch.kind == "slurm":
        again = shlex.join(["llmx", "submit", f"recipe={spec.name}", *words])
        raise ConfigError("launch=slurm makes jobs, and `llmx run` works here", again)
    if launch.kind == "ray":
        from llmx.cluster.ray_driver import RayTasks

        tasks = RayTasks(launch)
        if begins:
            tasks.check()
        return tasks
    return None


def _beside_jobs(runs: Path | None) -> None:
    """Refuse to work beside jobs of a cluster whose locks are not seen here."""
    from llmx.api import runs_folder

    folder = runs_folder(runs)
    if (folder / "cache" / "cluster.json").exists():
        from llmx.cluster.cache_locks import refuse_beside_jobs

        refuse_beside_jobs(folder)


def split(words: Sequence[str]) -> tuple[str, list[str]]:
    """Return (recipe, the other overrides).

    Raises:
        ConfigError: if no recipe, or two, are named, or a word is no ``KEY=VALUE``.
    """
    chosen = [word.partition("=")[2] for word in words if word.startswith("recipe=")]
    bare = [word for word in words if "=" not in word and not word.startswith("~")]
    if bare:
        raise ConfigError(f"'{bare[0]}' is not KEY=VALUE", _meant(bare[0], bool(chosen)))
    if not chosen or not chosen[0]:
        raise ConfigError("no recipe is named", "write recipe=NAME; `llmx list` shows the names")
    if len(chosen) > 1:
        raise ConfigError(f"two recipes are named: {', '.join(chosen)}", "one recipe a run")
    return chosen[0], [word for word in words if not word.startswith("recipe=")]


def _meant(word: str, has_recipe: bool) -> str:
    from llmx.config import index

    if has_recipe:
        return f"write {word}=VALUE"
    names = [entry.name for entry in index.entries()]
    if word in names:
        return f"did you mean recipe={word}?"
    return nearest(word, [f"recipe={name}" for name in names], "recipes")


def _plan(
    spec: RunSpec, runs: Path | None, limit: int | None, workers: int | None, here: bool
) -> None:
    from llmx.api import plan as planned
    from llmx.cli.console import show
    from llmx.cli.plan_table import render

    plan = planned(spec, runs=runs, limit=limit, workers=workers)
    show(*render(plan), *plan.spec.notes)
    refused = plan.refusal(here)
    if refused is not None:
        raise refused


def _run(
    spec: RunSpec,
    runs: Path | None,
    limit: int | None,
    workers: int | None,
    quiet: bool,
    ask_again: bool,
    elsewhere: Elsewhere | None,
) -> None:
    from llmx.api import run as run_spec
    from llmx.cli.progress import watching
    from llmx.cli.result import show_result

    try:
        with stopped_by_signals(), watching(quiet) as observer:
            result = run_spec(
                spec,
                runs=runs,
                limit=limit,
                observer=observer,
                workers=workers,
                ask_again=ask_again,
                elsewhere=elsewhere,
            )
    except KeyboardInterrupt as stop:
        with suppress(OSError):  # the terminal may be what has gone
            say(f"\nstopped; to resume: {resume_command(sys.argv[1:], sys.argv[0])}", err=True)
        number = stop.number if isinstance(stop, Stopped) else signal.SIGINT
        raise typer.Exit(_SIGNALLED + number) from None
    show_result(result)


class Stopped(KeyboardInterrupt):
    """A signal that asks the process to end. What deals with Ctrl-C deals with it alike."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


@contextmanager
def stopped_by_signals() -> Iterator[None]:
    """Let SIGTERM (of a scheduler) and SIGHUP (of a terminal) end a run as Ctrl-C does.

    The second one ends the process at once. Who has them ignored (``nohup``) is left alone.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}

    def stop(number: int, frame: object) -> None:
        for one in before:
            signal.signal(one, signal.SIG_DFL)
        raise Stopped(number)

    heard = [number for number, handler in before.items() if handler == signal.SIG_DFL]
    for number in heard:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number in heard:
            signal.signal(number, before[number])


def resume_command(arguments: Sequence[str], program: str = "llmx") -> str:
    """Return the command that resumes: the same one, as finished work is kept.

    Args:
        arguments: what follows the program, as it was typed.
        program: ``sys.argv[0]``; of ``python -m llmx`` it is a file.
    """
    run_as_module = Path(program).parts[-2:] == ("llmx", "__main__.py")
    start = [sys.executable, "-m", "llmx"] if run_as_module else ["llmx"]
    return shlex.join([*start, *without_secrets(arguments)])
