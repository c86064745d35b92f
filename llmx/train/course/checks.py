"""Checks of the rows before a training: one form for all, a table of them, and a refusal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from llmx.core.audit import Check
from llmx.core.errors import DataError


def check(name: str, found: int, of: int, detail: str, level: Any = "warn") -> Check:
    """Return a check that has passed where nothing was found."""
    return Check(check=name, level=level, passed=not found, found=found, of=of, detail=detail)


def table(checks: Sequence[Check]) -> list[str]:
    """Return the checks as lines of Markdown."""
    lines = ["| check | found | of | |", "| --- | --- | --- | --- |"]
    for one in checks:
        state = {True: "ok", False: one.level, None: "not checked"}[one.passed]
        lines.append(f"| {one.check} ({one.detail}) | {one.found} | {one.of} | {state} |")
    return lines


def refuse(checks: Sequence[Check], stage: str, page: Path, hints: Mapping[str, str]) -> None:
    """Raise for the first check of level fail that has failed.

    Args:
        page: where the audit can be read.
        hints: what helps, by the first word of a check.

    Raises:
        DataError: naming what was found, and where to read more.
    """
    for one in checks:
        if one.level == "fail" and one.passed is False:
            hint = hints.get(one.check.partition(" ")[0], "repair the rows")
            raise DataError(
                f"stage '{stage}' is not trained: {one.check}, {one.found} of {one.of}"
                f" ({one.detail})",
                f"{hint}; {page} shows rows as they would be fed",
            )
