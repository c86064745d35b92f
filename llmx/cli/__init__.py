"""The command line: one thin module a verb, which parses, calls the API and prints."""

from __future__ import annotations

import io
import os
import sys


def main() -> None:
    """Run ``llmx`` with the arguments of the process, and exit with its code."""
    _write_what_can_be_written()
    if "_LLMX_COMPLETE" in os.environ and _completed():
        return
    from llmx.cli.app import app
    from llmx.cli.console import complain_at_length

    sys.excepthook = complain_at_length
    app(prog_name="llmx")


def _write_what_can_be_written() -> None:
    """Let streams that are not UTF-8 show a mark for what they cannot: a good run stays one."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors != "backslashreplace":
            stream.reconfigure(errors="replace")


def _completed() -> bool:
    from llmx.cli.complete import join_bash_words
    from llmx.cli.quick_complete import answer

    join_bash_words()
    found = answer()
    if found is not None:
        from llmx.core.names import marked

        sys.stdout.write(f"{marked(found)}\n")
    return found is not None
