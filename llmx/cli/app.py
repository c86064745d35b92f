"""The ``llmx`` command: its verbs, in the order in which a newcomer meets them."""

from __future__ import annotations

import errno
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from llmx.cli import (
    batches,
    budget,
    compare,
    describe,
    doctor,
    evaluate,
    list_recipes,
    parity,
    report,
    reproduce,
    run,
    runs,
    serve,
    submit,
    transcript,
    trust,
    validate,
)
from llmx.cli.console import complain, say
from llmx.core.errors import ConfigError, LlmxError, StoreError
from llmx.store.files import unwritable


class GuardedGroup(TyperGroup):
    """The group of all verbs, with every error turned into a line and an exit code.

    2: the user can put it right. 130: Ctrl-C, 143: SIGTERM, 129: SIGHUP. Anything else is a defect
    and shows its traceback.
    """

    def main(self, args: Sequence[str] | None = None, *more: Any, **options: Any) -> Any:
        """Run one command line and exit."""
        given = list(sys.argv[1:] if args is None else args) or ["--help"]
        options["standalone_mode"] = False
        try:
            _refuse_empty_values(given)
            code = super().main(given, *more, **options)
        except LlmxError as error:
            _refuse(error, given)
        except typer.Abort:
            sys.exit(130)
        except OSError as error:
            _disk(error, given)
        except Exception as error:
            _usage(error, given)
        sys.exit(code if isinstance(code, int) else 0)


def _refuse_empty_values(given: Sequence[str]) -> None:
    """Refuse ``--runs ""``, mostly a variable that is not set: as a path it is this folder.

    Raises:
        ConfigError: naming the flag.
    """
    following = [*given[1:], "another word"]
    for flag, value in zip(given, following, strict=True):
        if flag.startswith("--") and (flag.endswith("=") or not value):
            raise ConfigError(f"there is nothing after {flag.rstrip('=')}", "give it a value")


def _refuse(error: LlmxError, args: Sequence[str]) -> None:
    if "--debug" in args:
        raise error
    complain(error)
    sys.exit(error.exit_code)


def _disk(error: OSError, args: Sequence[str]) -> None:
    """Show a disk that takes nothing more, and a name that it cannot take; the rest is a defect."""
    if error.errno == errno.ENAMETOOLONG:
        _refuse(StoreError(f"'{str(error.filename)[:40]}…' is too long for a file's name"), args)
    if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
        raise error
    _refuse(unwritable(Path(error.filename or "."), error), args)


def _usage(error: Exception, args: Sequence[str]) -> None:
    """Show a mistake in flags or verbs. Its class is typer's own business, its method is not."""
    if not hasattr(error, "format_message"):
        raise error
    verb = next((word for word in args if not word.startswith("-")), "")
    text = " ".join(error.format_message().split())
    complain(LlmxError(text or "nothing to do", f"`llmx {verb} --help`".replace("  ", " ")))
    sys.exit(2)


app = typer.Typer(
    name="llmx",
    cls=GuardedGroup,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)

app.command("run")(run.run)
app.command("eval")(evaluate.evaluate)
app.command("submit")(submit.submit)
app.command("status")(submit.status)
app.command("logs")(submit.logs)
app.command("cancel")(submit.cancel)
app.command("fetch")(submit.fetch)
app.command("list")(list_recipes.list_recipes)
app.command("describe")(describe.describe)
app.command("validate")(validate.validate)
app.add_typer(runs.app, name="runs")
app.command("report")(report.report)
app.command("compare")(compare.compare)
app.command("budget")(budget.budget)
app.command("batches")(batches.batches)
app.command("reproduce")(reproduce.reproduce)
app.command("parity")(parity.parity)
app.command("serve")(serve.serve)
app.command("transcript")(transcript.transcript)
app.command("trust")(trust.trust)
app.command("doctor")(doctor.doctor)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import PackageNotFoundError, version

        try:
            number = version("llmx-lab")
        except PackageNotFoundError:
            number = "(not installed: run from a checkout)"
        say(f"llmx {number}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Run a paper's experiment from one YAML file.

    \b
    Examples:
      llmx list
      llmx run recipe=fsd_gsm8k
      llmx run recipe=fsd_gsm8k scale=smoke sampler.gamma=3,5 --dry-run
    """
