"""What a training was fed, from the audit before it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from llmx.core.record import Frozen
from llmx.report.numbers import NONE

HEAD = (
    "arm",
    "stage",
    "rows",
    "tokens with loss",
    "cut",
    "without end",
    "double",
    "also tested on",
    "fed as shown",
)
NOTE = (
    "Counted before each training, in the first seed. Cut, without end: texts that lose tokens, or"
    " have no EOS to learn; double: rows that ask what an earlier one asks. The file"
    " STAGE/ARM/audit.md of the run shows three rows as token ids, loss mask and text. Prompts that"
    " a model answers itself carry no loss."
)


class TrainedOn(Frozen):
    """The counts of one audit; None = not checked."""

    stage: str
    rows: int
    with_loss: int = Field(description="tokens, once texts are cut")
    cut: int | None
    without_end: int | None
    double: int | None
    tested: int | None = Field(description="rows that ask a question of a split that is tested on")
    as_shown: bool | None = Field(description="the trainer feeds what the audit shows")


def trained_on(stage: str, audit: Mapping[str, Any]) -> TrainedOn:
    """Return the counts of the ``audit.json`` of a training stage."""
    checks = {one["check"]: one for one in audit["checks"]}
    overlaps = [_found(one) for name, one in checks.items() if name.startswith("overlap with")]
    known = [count for count in overlaps if count is not None]
    return TrainedOn(
        stage=stage,
        rows=audit["rows"],
        with_loss=audit["tokens"]["with_loss"],
        cut=_found(checks.get("truncated")),
        without_end=_found(checks.get("without end")),
        double=_found(checks.get("duplicates")),
        tested=sum(known) if known else None,
        as_shown=checks.get("fed as shown", {}).get("passed"),
    )


def _found(check: Mapping[str, Any] | None) -> int | None:
    return None if check is None or check["passed"] is None else int(check["found"])


def cells(one: TrainedOn) -> tuple[str, ...]:
    """Return a row of the table, without the arm."""
    counts = (one.cut, one.without_end, one.double, one.tested)
    fed = {True: "yes", False: "no", None: NONE}[one.as_shown]
    shown = (NONE if count is None else f"{count:,}" for count in counts)
    learned = f"{one.with_loss:,}" if one.with_loss else NONE
    return (one.stage, f"{one.rows:,}", learned, *shown, fed)
