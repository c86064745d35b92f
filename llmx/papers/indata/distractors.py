"""Tools that lead nowhere: they look like tools of a data platform, and answer no question."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from pydantic import create_model

from llmx.papers.indata.arguments import TableArg, ToolArguments

_VERBS = {
    "export": "Export",
    "schedule": "Schedule",
    "share": "Share",
    "archive": "Archive",
    "preview": "Prepare a preview of",
    "annotate": "Annotate",
    "refresh": "Refresh",
    "subscribe": "Subscribe to",
    "validate": "Validate the layout of",
    "translate": "Translate the labels of",
}
_NOUNS = {
    "chart": "a chart of a table",
    "report": "a report on a table",
    "dashboard": "a dashboard over a table",
    "snapshot": "a snapshot of a table",
    "form": "a form for a table",
}
MOST = len(_VERBS) * len(_NOUNS)
SAID = {"code": "done", "message": "nothing was computed"}
"""What each of them returns."""


@lru_cache(maxsize=1)
def _all() -> tuple[type[ToolArguments], ...]:
    found = []
    for noun, of in _NOUNS.items():
        for verb, does in _VERBS.items():
            fields: dict[str, Any] = {"table": (TableArg, ...)}
            model = create_model(
                f"{verb.title()}{noun.title()}",
                __base__=ToolArguments,
                __doc__=f"{does} {of}. It computes nothing.",
                **fields,
            )
            model.tool = f"{verb}_{noun}"
            found.append(model)
    return tuple(found)


def distractors(number: int) -> dict[str, type[ToolArguments]]:
    """Return the first tools that lead nowhere, by name.

    Raises:
        ValueError: for more than there are.
    """
    if not 0 <= number <= MOST:
        raise ValueError(f"there are {MOST} tools that lead nowhere, and {number} were asked for")
    return {model.tool: model for model in _all()[:number]}
