"""Part 2: our loops beside transformers', and FSD beside SD, at batch 1 and like for like.

Both sides of a ratio have the same temperature, draft mode, length cap and problems.
"""

from __future__ import annotations

from bench.arms import Cell
from bench.book import Book
from bench.clock import CLOCKS
from bench.decoding import Timing, Timings, rates, speed
from bench.settings import Settings
from bench.spans import Span, ratio, ratio_of_rates

_RATIOS = (
    ("SD", "assisted", "tokens"),
    ("SD", "target", "tokens"),
    ("target", "generate", "tokens"),
    ("FSD-H", "SD", "tokens"),
    ("FSD-H", "SD", "problems"),
)


def show(book: Book, timings: Timings, settings: Settings) -> None:
    """Print every temperature."""
    for heat in settings.temperatures:
        found = {cell.loop: timings[cell] for cell in timings if _here(cell, heat)}
        _speeds(book, found, heat)
        for above, below, of in _RATIOS:
            _ratio(book, found, (above, below, of), heat)
        _counts(book, found, heat)
        if heat == 0:
            book.counted("greedy SD gives the text of the greedy target", "share", _same(found))


def _here(cell: Cell, heat: float) -> bool:
    return cell.batch == 1 and cell.temperature == heat and cell.kernel != "torch"


def _speeds(book: Book, found: dict[str, list[Timing]], heat: float) -> None:
    for loop in ("generate", "assisted", "target", "SD", "FSD-H"):
        book.clocked(
            f"{loop}, T {heat:g}",
            "tokens/s",
            {clock: speed(found[loop], clock) for clock in CLOCKS},
        )


def _ratio(
    book: Book, found: dict[str, list[Timing]], which: tuple[str, str, str], heat: float
) -> None:
    above, below, of = which
    book.clocked(
        f"{above} over {below}, T {heat:g}, {of}/s",
        "ratio",
        {
            clock: ratio_of_rates(rates(found[above], clock, of), rates(found[below], clock, of))
            for clock in CLOCKS
        },
    )


def _counts(book: Book, found: dict[str, list[Timing]], heat: float) -> None:
    """Print what no clock gives."""
    for loop in ("SD", "FSD-H"):
        units = found[loop]
        tokens = [one.outcome.tokens for one in units]
        rounds = [one.outcome.rounds for one in units]
        accepted = [one.outcome.accepted for one in units]
        where = f"{loop}, T {heat:g}"
        book.counted(f"{where}, drafted share", "of tokens", ratio(accepted, tokens))
        book.counted(f"{where}, tokens a round", "tokens", ratio(tokens, rounds))
        problems = [one.problems for one in units]
        book.counted(f"{where}, target rounds a problem", "rounds", ratio(rounds, problems))
    above, below = ([one.outcome.rounds for one in found[loop]] for loop in ("FSD-H", "SD"))
    book.counted(f"FSD-H over SD, T {heat:g}, rounds a problem", "ratio", ratio(above, below))


def _same(found: dict[str, list[Timing]]) -> Span:
    pairs = zip(found["SD"], found["target"], strict=True)
    alike = [float(one.outcome.texts == two.outcome.texts) for one, two in pairs]
    return Span(sum(alike) / len(alike))
