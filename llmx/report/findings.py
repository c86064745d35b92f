"""The sentences above the table. Each is computed; none is a template that is always true."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from llmx.core.figure import Span
from llmx.report.gather import Word
from llmx.report.numbers import number, number_span, percent, points_span, several
from llmx.report.results import Finding, Row
from llmx.report.verdict.family import said_over_all

LEVEL = 0.05
MANY = 0.1
"""Share of cut or unparsed outputs from which accuracy says more about the format than the arm."""

_IN_BRACKETS = "(speed-up, difference in points)"


def findings(
    rows: Sequence[Row], reference: str | None, baseline: str | None
) -> tuple[Finding, ...]:
    """Return the sentences in the order in which they are read."""
    groups = list(_by_reference(rows, reference))
    return (
        *_speculation(rows, baseline),
        *(finding for of, own in groups for finding in _trade(own, of)),
        *(finding for of, own in groups for finding in _power(own, of)),
        *_calibration(rows),
        *_cautions(rows),
    )


def verdict_line(verdicts: Sequence[Word]) -> Iterator[Finding]:
    """Gather in one sentence what the run says of each statement."""
    by_word: dict[str, list[str]] = {}
    for verdict in verdicts:
        over = said_over_all(verdict.word, verdict.p_all, verdict.tested)
        named = f"`{verdict.id}` ({over})" if over else f"`{verdict.id}`"
        by_word.setdefault(verdict.word, []).append(named)
    if by_word:
        words = "; ".join(f"{word}: {', '.join(ids)}" for word, ids in by_word.items())
        text = f"Verdicts on the statements of the paper and of the recipe: {words}."
        yield Finding(kind="verdict", text=text)


_LOSSLESS = {"speculative": "Speculative decoding", "block": "Block verification"}


def _speculation(rows: Sequence[Row], baseline: str | None) -> Iterator[Finding]:
    """Say whether lossless speculation pays at all: everything else is measured against it."""
    for row in rows:
        name = _LOSSLESS.get(row.algorithm or "")
        if name is not None and row.speedup is not None:
            text = _faster(f"{name} (`{row.arm}`)", row.speedup, baseline)
            yield Finding(kind="speed", text=text)


def _faster(subject: str, speedup: Span, baseline: str | None) -> str:
    base, times = (
        f"the target alone (`{baseline}`)",
        f"{number_span(speedup, 2)} times its tokens/s",
    )
    if speedup.low is None:
        return f"{subject} was timed in one round beside {base}: {times}, and no interval."
    if speedup.above(1):
        return f"{subject} is faster than {base}: {times}."
    verdict = "slower than" if speedup.below(1) else "not shown to be faster than"
    return f"{subject} is {verdict} {base}: {times}."


_UNITS = {
    "speedup_reference": "tokens/s",
    # What a user waits for: a lossy decoder that writes longer answers loses here.
    "speedup_reference_problems": "problems/s",
}


def _by_reference(
    rows: Sequence[Row], reference: str | None
) -> Iterator[tuple[str | None, list[Row]]]:
    """Yield each reference with the arms that are compared with it; sweep points share theirs."""
    found: dict[str | None, list[Row]] = {}
    for row in rows:
        root = row.reference.partition("@")[0] if row.reference else reference
        of = reference if root == (reference or "").partition("@")[0] else root
        found.setdefault(of, []).append(row)
    yield from found.items()


def _trade(rows: Sequence[Row], reference: str | None) -> Iterator[Finding]:
    """Name the arms that beat the reference in speed, and what is known of their accuracy."""
    for field, unit in _UNITS.items():
        others = [row for row in rows if row.difference is not None and _gain(row, field)]
        faster = [row for row in others if (gain := _gain(row, field)) and gain.above(1)]
        if others and not faster:
            text = f"No arm is shown to be faster than `{reference}` in {unit}."
            yield Finding(kind="trade", text=text)
        for text in _bargains(faster, field, f"Faster than `{reference}` in {unit}"):
            yield Finding(kind="trade", text=text)


def _bargains(faster: Sequence[Row], field: str, lead: str) -> Iterator[str]:
    free = [row for row in faster if not _loses(row)]
    if free:
        names = "; ".join(_bargain(row, field) for row in free)
        yield (
            f"{lead} without a detectable loss of accuracy {_IN_BRACKETS}: {names}."
            " The interval shows how large a loss may have gone unseen."
        )
    if len(free) < len(faster):
        names = "; ".join(_bargain(row, field) for row in faster if _loses(row))
        yield f"{lead}, but less accurate {_IN_BRACKETS}: {names}."


def _gain(row: Row, field: str) -> Span | None:
    found: Span | None = getattr(row, field)
    return found


def _loses(row: Row) -> bool:
    gap = row.difference
    return gap is not None and gap.score.estimate < 0 and gap.p_value < LEVEL


def _bargain(row: Row, field: str) -> str:
    gain, gap = _gain(row, field), row.difference.score if row.difference else None
    return f"`{row.arm}` {number(gain.estimate if gain else None, 2)}×, {points_span(gap)}"


def _power(rows: Sequence[Row], reference: str | None) -> Iterator[Finding]:
    gaps = [row.difference for row in rows if row.difference is not None]
    if not gaps:
        return
    if min(gap.detectable for gap in gaps) >= 1:
        most = several(max(gap.problems for gap in gaps), "problem")
        yield Finding(
            kind="power", text=f"No difference from `{reference}` can be shown on {most}."
        )
        return
    sizes = sorted({percent(min(gap.detectable, 1.0)) for gap in gaps}, key=float)
    counts = sorted({gap.problems for gap in gaps})
    span = sizes[0] if len(sizes) == 1 else f"{sizes[0]} to {sizes[-1]}"
    n = str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    why = "" if len(sizes) == 1 else ", less for arms that rarely disagree with it"
    seeds = max(gap.seeds for gap in gaps)
    test = "exact McNemar test" if seeds == 1 else f"t test over items and {seeds} seeds"
    text = (
        f"On {n} problems the smallest difference in accuracy from `{reference}` that would be"
        f" found ({test} at 5 %, 80 % power) is {span} points{why}."
    )
    yield Finding(kind="power", text=text)


def _calibration(rows: Sequence[Row]) -> Iterator[Finding]:
    asked = [row for row in rows if row.asked_share is not None and row.draft_share is not None]
    missed = [row for row in asked if row.share_missed]
    if missed:
        names = "; ".join(_miss(row) for row in missed)
        text = f"Calibration missed the asked draft share by over 3 points: {names}."
        yield Finding(kind="calibration", text=text)
    elif asked:
        text = "Every calibrated arm came within 3 points of the draft share that was asked."
        yield Finding(kind="calibration", text=text)


def _miss(row: Row) -> str:
    notes = dict.fromkeys(one.note for one in row.calibrations() if one.note)
    note = "".join(f", {one}" for one in notes)
    return (
        f"`{row.arm}` (asked {percent(row.asked_share)} %, got {percent(row.draft_share)} %{note})"
    )


def _cautions(rows: Sequence[Row]) -> Iterator[Finding]:
    """Warn where accuracy is mostly a matter of the length cap or of the answer's format."""
    for what, shares in (
        ("were cut by the length cap", {row.arm: row.cut_share for row in rows}),
        ("hold no answer in the asked form", {row.arm: row.unparsed_share for row in rows}),
    ):
        many = [(arm, share) for arm, share in shares.items() if share and share > MANY]
        if many:
            names = ", ".join(f"`{arm}` {percent(share)} %" for arm, share in many)
            yield Finding(kind="caution", text=f"Many outputs {what}: {names}.")
