"""``llmx submit``, ``status``, ``logs``, ``cancel``, ``fetch``: a run as jobs of a cluster."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llmx.cli import complete
from llmx.cli.console import say, show, table
from llmx.cli.options import Debug, Limit, Plugins, Recipes, Runs, TrustCode
from llmx.core.errors import ConfigError, LlmxError, StoreError

if TYPE_CHECKING:
    from llmx.cluster.slurm import SlurmJob
    from llmx.cluster.status import Status
    from llmx.cluster.submission import Submission
    from llmx.cluster.submit import Intended, SubmittedRun

_LOOK = 2.0  # seconds between looks of --watch and -f

Submitting = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="recipe=NAME KEY=VALUE | RUN",
        autocompletion=complete.submitted,
        show_default=False,
        help="The recipe, what to change in it and launch=slurm; or a run that lacks jobs.",
    ),
]
RunName = Annotated[
    str | None,
    typer.Argument(metavar="[RUN]", autocompletion=complete.submitted_runs, show_default=False),
]
OneRun = Annotated[
    str, typer.Argument(metavar="RUN", autocompletion=complete.submitted_runs, show_default=False)
]


def submit(
    words: Submitting = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show job scripts and hours; queue nothing.")
    ] = False,
    fail_fast: Annotated[
        bool, typer.Option("--fail-fast", help="End all jobs when the first stage fails.")
    ] = False,
    limit: Limit = None,
    recipes: Recipes = None,
    plugins: Plugins = None,
    runs: Runs = None,
    trust_remote_code: TrustCode = False,
    debug: Debug = False,
) -> None:
    """Queue a recipe as jobs of Slurm and return at once; the jobs queue what comes next.

    Of a run that has lost jobs, `llmx submit RUN` queues what is missing, and nothing twice.
    launch.KEY=VALUE says what jobs ask for: partition, gpu_partition, time (minutes), workers …

    \b
    Examples:
      llmx submit recipe=fsd_gsm8k scale=smoke launch=slurm
      llmx submit recipe=fsd_gsm8k launch=slurm launch.partition=cpu launch.time=60 --dry-run
      llmx submit fsd_gsm8k-1a2b3c
    """
    words = words or []
    if len(words) == 1 and "=" not in words[0]:
        _again(words[0], runs, dry_run)
    else:
        _first(words, dry_run, fail_fast, limit, recipes, runs, trust_remote_code)


def _first(
    words: list[str],
    dry_run: bool,
    fail_fast: bool,
    limit: int | None,
    recipes: list[Path] | None,
    runs: Path | None,
    trust_remote_code: bool,
) -> None:
    from llmx.api import plan
    from llmx.cli.run import split
    from llmx.cluster.slurm import Slurm
    from llmx.cluster.submit import intended
    from llmx.cluster.submit import submit as queue_up
    from llmx.config.compose import compose
    from llmx.config.launch_words import launch_of, parted

    recipe, overrides = split(words)
    own, settings = parted(overrides)
    spec = compose(recipe, settings, extra_paths=recipes or (), trust_remote_code=trust_remote_code)
    launch = launch_of(spec.launch, own)
    if launch.kind != "slurm":
        text = "waits for its tasks" if launch.kind == "ray" else "works here"
        hint = "launch=slurm, or llmx run"
        raise ConfigError(f"launch={launch.kind} {text} and has no jobs", hint)
    planned, queue = plan(spec, runs=runs, limit=limit), Slurm()
    if dry_run:
        _show_intended(intended(planned, launch, queue.partitions()))
    else:
        _show(queue_up(planned, launch, queue, fail_fast=fail_fast))


def _again(name: str, runs: Path | None, dry_run: bool) -> None:
    from llmx.cluster.slurm import Slurm
    from llmx.cluster.submit import go_on

    submission = _submission(name, runs)
    if dry_run:
        raise ConfigError("--dry-run is of a recipe", f"llmx status {submission.run.name}")
    queue = Slurm()
    queue.partitions()  # a cluster that does not answer is said before anything is changed
    _show(go_on(submission, queue))


def _show(found: SubmittedRun) -> None:
    name = found.run.name
    show(f"{name}: {found.done} of {found.total} stages done")
    for number, array in found.arrays:
        several = "job" if array.workers == 1 else "jobs"
        show(f"submitted {number}: {array.workers} {several} of {array.asks.key}")
    if found.done == found.total:
        show(f"nothing is left: llmx report {name}")
    elif not found.arrays:
        show("every stage that is ready has its jobs already")
    if found.done < found.total:
        show(f"next: llmx status {name} --watch, llmx logs {name} STAGE/ARM, llmx cancel {name}")


def _show_intended(found: Intended) -> None:
    show(f"{found.done} of {found.total} stages done already")
    for text in found.scripts:
        say(text)
    for one in found.now:
        show(f"now: {one.workers} of {one.asks.key}")
    for one in found.later:
        show(f"later, as it becomes ready: up to {one.workers} of {one.asks.key}")
    for name, hours in found.hours.items():
        show(f"partition {name}: {hours:.2f}")
    if found.unknown:
        show(f"{found.unknown} stages have no estimate and are not in these hours")
    show("nothing was queued")


def _submission(name: str | None, runs: Path | None) -> Submission:
    """Return a submitted run by the beginning of its name; the newest of all if none is named."""
    from llmx.api import runs_folder
    from llmx.cluster.submission import Submission
    from llmx.graph.folder import called, find_run, list_runs

    folder = runs_folder(runs)
    known = [run for run in list_runs(folder) if Submission(run).there]
    if name is None and not known:
        raise StoreError(f"no run under {folder} was submitted", "llmx submit recipe=NAME …")
    found = known[0] if name is None else next(iter(called(known, name)), None)
    submission = Submission(found or find_run(folder, str(name)))
    _ = submission.settings  # or say that it has none
    return submission


def _jobs() -> list[SlurmJob] | None:
    """Return the user's jobs; None where Slurm does not answer."""
    from llmx.cluster.slurm import Slurm

    try:
        return Slurm().jobs()
    except LlmxError:
        return None


def status(
    run: RunName = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Look again every two seconds, to the end.")
    ] = False,
    every: Annotated[
        bool, typer.Option("--all", help="Show the stages that are done, each.")
    ] = False,
    html: Annotated[
        bool, typer.Option("--html", help="Write a page: who did what when, and the hours.")
    ] = False,
    runs: Runs = None,
    debug: Debug = False,
) -> None:
    """Show each stage and arm of a submitted run: done, running where, waiting for what, failed.

    It reads the outputs first and asks Slurm second, so it tells how far a run is without Slurm.
    --html is for any run, those that were worked off here or by Ray too.

    \b
    Examples:
      llmx status
      llmx status fsd_gsm8k-1a2b3c --watch
      llmx status fsd_gsm8k-1a2b3c --html
    """
    if html:
        _write_timeline(run, runs)
        return
    from llmx.cluster.status import status as of

    submission = _submission(run, runs)
    while True:
        found = of(submission, _jobs())
        _show_status(found, every)
        if not watch or found.over:
            return
        time.sleep(_LOOK)


_FROM_STAGES = (
    "This run was worked off on one machine, and each stage says how long it took and when it"
    " ended: how many processes there were is concluded from that. Stages that were there before"
    " the run began are left out, and failed tries have left no row."
)


def _write_timeline(name: str | None, runs: Path | None) -> None:
    from llmx.api import runs_folder
    from llmx.cluster.lives import lives_of
    from llmx.cluster.submission import Submission
    from llmx.graph.folder import find_run, list_runs
    from llmx.graph.lives import local_lives
    from llmx.report.timeline import page
    from llmx.store.page import write_marked

    folder = runs_folder(runs)
    if name is None and not list_runs(folder):
        raise StoreError(f"there is no run under {folder}", "llmx run recipe=NAME")
    run = list_runs(folder)[0] if name is None else find_run(folder, name)
    submission = Submission(run)
    lives = lives_of(submission)
    found = page(run.name, lives or local_lives(run), "" if lives else _FROM_STAGES)
    path = submission.folder / "timeline.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_marked(path, found)
    show(f"written: {path}")


def _show_status(found: Status, every: bool) -> None:
    from llmx.cluster.status import DONE

    shown = [one for one in found.nodes if every or one.word != DONE]
    far = f"{found.count(DONE)} of {len(found.nodes)} stages done"
    counted = (f"{found.count(word)} {word}" for word in ("runs", "waits", "failed"))
    show(", ".join([f"{found.run}: {far}", *(one for one in counted if one[0] != "0")]))
    if shown:
        rows = [(one.title, one.word, one.what) for one in shown]
        show(table(("stage", "state", "what"), rows, whole=("stage",)))
    show(*_queue(found))


def _queue(found: Status) -> Iterator[str]:
    if found.jobs is None:
        yield "Slurm does not answer: nothing is known of jobs"
    elif found.jobs:
        running = sum(job.runs for job in found.jobs)
        yield f"jobs: {running} run, {len(found.jobs) - running} wait"
    if found.hint:
        yield f"next: {found.hint}"


def logs(
    run: OneRun,
    stage: Annotated[str, typer.Argument(metavar="STAGE/ARM", show_default=False)],
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Go on as it is written.")] = False,
    runs: Runs = None,
    debug: Debug = False,
) -> None:
    """Print what the job wrote that last worked at a stage.

    \b
    Examples:
      llmx logs fsd_gsm8k-1a2b3c generate/sd
      llmx logs fsd_gsm8k-1a2b3c generate/sd -f
    """
    from llmx.cluster.status import log_of

    submission = _submission(run, runs)
    path = log_of(submission, stage)
    at = 0
    while True:
        text = path.read_text(errors="replace")
        for line in text[at:].splitlines():
            say(line)
        at = len(text)
        jobs = _jobs() if follow else []
        if not any(job.run == submission.run.name and job.runs for job in jobs or ()):
            return
        time.sleep(_LOOK)


def cancel(run: OneRun, runs: Runs = None, debug: Debug = False) -> None:
    """End the jobs of a run. What they have done stays; `llmx submit RUN` goes on.

    \b
    Examples:
      llmx cancel fsd_gsm8k-1a2b3c
    """
    from llmx.cluster.slurm import Slurm

    submission, queue = _submission(run, runs), Slurm()
    name = submission.run.name
    names = [job.shown for job in queue.jobs() if job.run == name]
    queue.cancel(names)
    show(f"ended {len(names)} jobs of {name}; to go on: llmx submit {name}")


def fetch(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="recipe=NAME KEY=VALUE",
            autocompletion=complete.overrides,
            show_default=False,
            help="The recipe, and what to change in it.",
        ),
    ] = None,
    recipes: Recipes = None,
    plugins: Plugins = None,
    runs: Runs = None,
    trust_remote_code: TrustCode = False,
    debug: Debug = False,
) -> None:
    """Bring a recipe's models and data into this user's caches, for nodes without a network.

    \b
    Examples:
      llmx fetch recipe=fsd_gsm8k
    """
    from llmx.api import plan
    from llmx.cli.run import split
    from llmx.cluster.fetch import fetch as bring
    from llmx.config.compose import compose
    from llmx.config.launch_words import parted

    recipe, overrides = split(words or [])
    _, settings = parted(overrides)
    spec = compose(recipe, settings, extra_paths=recipes or (), trust_remote_code=trust_remote_code)
    for line in bring(plan(spec, runs=runs)):
        show(line)
