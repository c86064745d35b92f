"""The command line: one thin module a verb, which parses, calls the API and prints."""

from __future__ import annotations


def main() -> None:
    """Run ``llmx`` with the arguments of the process, and exit with its code."""
    from llmx.cli.app import app
    from llmx.cli.complete import join_bash_words

    join_bash_words()
    app(prog_name="llmx")
