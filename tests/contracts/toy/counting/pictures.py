"""The pictures of the paper: two declared over llmx's plot kit, one drawn by hand."""

from counting.names import DIGITS

from llmx.report.brought import Picture, intervals, lines
from llmx.report.svg import document, label


def strip(figures):
    """Draw a line a figure, or nothing where the run has none."""
    found = [one for one in figures.of(DIGITS) if not one.swept()]
    shown = [f"{one.arm} writes {one.span.estimate:g}" for one in found]
    body = [label(text, 10, 20 + 20 * place) for place, text in enumerate(shown)]
    return document("Digits", body, 300, 20 + 20 * len(body)) if body else ""


SPREAD = intervals(DIGITS, "Digits of an answer", zero=True)
HEAPS = lines(DIGITS, "stones", "Digits against stones")
STRIP = Picture("Digits in words", strip)
