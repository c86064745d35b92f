"""What is printed at the end of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmx.cli.console import show
from llmx.config.yaml_file import shown

if TYPE_CHECKING:
    from llmx.run.api import RunResult


def show_result(result: RunResult) -> None:
    """Print the table of a run, or the pages of its stages, and where everything lies."""
    if result.results is not None:
        from llmx.report.results import load_results
        from llmx.report.terminal import render

        show(render(load_results(result.results)))
    else:
        from llmx.cli.pages import show_pages

        show_pages(result.folder.path)
    for label, path in {**result.files, "run": result.folder.path}.items():
        show(f"{label:<10}{shown(path.absolute())}")
