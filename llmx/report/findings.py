"""The sentences above the table. Each is computed; none is a template that is always true."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from llmx.core.figure import Figure, Figures, Span
from llmx.core.names import several
from llmx.report.figures import names
from llmx.report.figures.by_arm import ByArm, span_of
from llmx.report.figures.decoded import missed
from llmx.report.gather import Word
from llmx.report.numbers import number, number_span, percent, points_span
from llmx.report.results import Finding
from llmx.report.verdict.decide import said_over_all

LEVEL = 0.05
MANY = 0.1
"""Share of cut or unparsed outputs from which accuracy says more about the format than the arm."""

_IN_BRACKETS = "(speed-up, difference in points)"


def findings(
    figures: Figures,
    reference: str | None,
    baseline: str | None,
    notes: Mapping[str, Sequence[str]] | None = None,
) -> tuple[Finding, ...]:
    """Return the sentences in the order in which they are read.

    Args:
        notes: arm → what its calibrations say of themselves.
    """
    known = ByArm(figures, baseline)
    groups = list(_by_reference(known, reference))
    return (
        *_speculation(known, baseline),
        *(finding for of, own in groups for finding in _trade(known, own, of)),
        *(finding for of, own in groups for finding in _power(known, own, of)),
        *_calibration(known, notes or {}),
        *_cautions(known),
    )


MOST = 240
"""Letters of a reason that stand above a table; the whole is on the page of verdicts."""


def verdict_lines(verdicts: Sequence[Word]) -> Iterator[Finding]:
    """Say what the run says of each statement, ids behind; what is said of several, once."""
    said: dict[tuple[str, str], list[str]] = {}
    for verdict in verdicts:
        over = said_over_all(verdict.word, verdict.p_all, verdict.tested)
        named = f"`{verdict.id}`, {over}" if over else f"`{verdict.id}`"
        said.setdefault((verdict.word, _brief(verdict)), []).append(named)
    for (word, text), ids in said.items():
        behind = f"({'; '.join(ids)})"
        told = f": {text} {behind}" if text else f": {behind}"
        yield Finding(kind="verdict", text=f"{word.capitalize()}{told}.")


def _brief(verdict: Word) -> str:
    """Return what is asked, or why the word is given, without its full stop."""
    text = (verdict.statement or verdict.reason).strip()
    if len(text) > MOST:
        ends = [text.rfind(end, 0, MOST) for end in (". ", "; ", ", ", " ")]
        text = text[: next((at for at in ends if at > 0), MOST)] + " …"
    return text.removesuffix(".")


_LOSSLESS = {"speculative": "Speculative decoding", "block": "Block verification"}


def _speculation(known: ByArm, baseline: str | None) -> Iterator[Finding]:
    """Say whether lossless speculation pays at all: everything else is measured against it."""
    for arm in known.arms:
        name = _LOSSLESS.get(known.algorithms.get(arm, ""))
        speedup = known.over_target(names.TOKEN_RATE, arm)
        if name is not None and speedup is not None:
            text = _faster(f"{name} (`{arm}`)", speedup.span, baseline)
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


# The second is what a user waits for: a lossy decoder that writes longer answers loses there.
_RATES = (names.TOKEN_RATE, names.PROBLEM_RATE)


def _by_reference(known: ByArm, reference: str | None) -> Iterator[tuple[str | None, list[str]]]:
    """Yield each reference with the arms that are compared with it.

    Of arms that have the reference at their own points of a sweep it is named without a point.
    """
    found: dict[str | None, list[str]] = {}
    for arm in known.arms:
        own = known.references.get(arm)
        root = own.partition("@")[0] if own else reference
        of = reference if root == (reference or "").partition("@")[0] else root
        found.setdefault(of, []).append(arm)
    for of, arms in found.items():
        names_of = {known.references[arm] for arm in arms if arm in known.references}
        yield (names_of.pop() if len(names_of) == 1 else of), arms


def _trade(known: ByArm, arms: Sequence[str], reference: str | None) -> Iterator[Finding]:
    """Name the arms that beat the reference in speed, and what is known of their accuracy."""
    for rate in _RATES:
        gains = {arm: gain for arm in arms if (gain := known.beside(rate, arm))}
        faster = {arm: gain for arm, gain in gains.items() if gain.span.above(1)}
        if gains and not faster:
            text = f"No arm is shown to be faster than `{reference}` in {rate}."
            yield Finding(kind="trade", text=text)
        for text in _bargains(known, faster, f"Faster than `{reference}` in {rate}"):
            yield Finding(kind="trade", text=text)


def _bargains(known: ByArm, faster: Mapping[str, Figure], lead: str) -> Iterator[str]:
    gaps = {arm: known.beside(names.ACCURACY_GAP, arm) for arm in faster}
    said = {arm: _bargain(gain, gaps[arm]) for arm, gain in faster.items()}
    free = [text for arm, text in said.items() if not _loses(gaps[arm])]
    costly = [text for arm, text in said.items() if _loses(gaps[arm])]
    if free:
        yield (
            f"{lead} without a detectable loss of accuracy {_IN_BRACKETS}: {'; '.join(free)}."
            " The interval shows how large a loss may have gone unseen."
        )
    if costly:
        yield f"{lead}, but less accurate {_IN_BRACKETS}: {'; '.join(costly)}."


def _loses(gap: Figure | None) -> bool:
    return gap is not None and gap.span.estimate < 0 and gap.p is not None and gap.p < LEVEL


def _bargain(gain: Figure, gap: Figure | None) -> str:
    return f"`{gain.arm}` {number(gain.span.estimate, 2)}×, {points_span(span_of(gap))}"


def _power(known: ByArm, arms: Sequence[str], reference: str | None) -> Iterator[Finding]:
    gaps = [gap for arm in arms if (gap := known.beside(names.DETECTABLE, arm)) is not None]
    if not gaps:
        return
    if min(gap.span.estimate for gap in gaps) >= 1:
        most = several(max(gap.n for gap in gaps), "problem")
        text = f"No difference from `{reference}` can be shown on {most}."
        yield Finding(kind="power", text=text)
        return
    sizes = sorted({percent(min(gap.span.estimate, 1.0)) for gap in gaps}, key=float)
    counts = sorted({gap.n for gap in gaps})
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


def _calibration(known: ByArm, notes: Mapping[str, Sequence[str]]) -> Iterator[Finding]:
    shares = [share for arm in known.arms if (share := known.alone(names.SHARE, arm))]
    asked = [share for share in shares if share.expected is not None]
    if lost := [share for share in asked if missed(share)]:
        said = "; ".join(_miss(share, notes.get(share.arm, ())) for share in lost)
        text = f"Calibration missed the asked draft share by over 3 points: {said}."
        yield Finding(kind="calibration", text=text)
    elif asked:
        text = "Every calibrated arm came within 3 points of the draft share that was asked."
        yield Finding(kind="calibration", text=text)


def _miss(share: Figure, notes: Sequence[str]) -> str:
    note = "".join(f", {one}" for one in notes)
    asked, got = percent(share.expected), percent(share.span.estimate)
    return f"`{share.arm}` (asked {asked} %, got {got} %{note})"


def _cautions(known: ByArm) -> Iterator[Finding]:
    """Warn where accuracy is mostly a matter of the length cap or of the answer's format."""
    found = [one for arm in known.arms if (one := known.alone(names.FILTERED, arm))]
    if found:
        said = ", ".join(f"`{one.arm}` {percent(one.span.estimate)} %" for one in found)
        text = f"A filter of the endpoint took outputs, which count as wrong: {said}."
        yield Finding(kind="caution", text=text)
    for what, quantity in (
        ("were cut by the length cap", names.CUT),
        ("hold no answer in the asked form", names.UNPARSED),
    ):
        found = [one for arm in known.arms if (one := known.alone(quantity, arm)) is not None]
        many = [one for one in found if one.span.estimate > MANY]
        if many:
            said = ", ".join(f"`{one.arm}` {percent(one.span.estimate)} %" for one in many)
            yield Finding(kind="caution", text=f"Many outputs {what}: {said}.")
