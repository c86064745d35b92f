"""Templates in the place of a question's column: what they read, and which orders they can show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from llmx.core.spec import DataSpec

EACH_DRAW: Literal["each_draw"] = "each_draw"
"""Value of the option `permute` by which each draw of a problem has an order of its own."""
WRITTEN = "lettered"
"""Name by which a template writes the options."""
Named = str | Sequence[str] | None
"""Columns or template of the options; none = there are no options."""


def is_template(text: str) -> bool:
    """Whether a text is a Jinja template, not the name of a column."""
    return any(mark in text for mark in ("{{", "{%", "{#"))


def shows_options(question: str, choices: Named) -> bool:
    """Whether a question is a template that writes the options into itself."""
    return bool({WRITTEN, *_columns(choices)} & _read_by(question))


def order_fault(permute: bool | str, question: str, choices: Named) -> tuple[str, str] | None:
    """Return why options cannot be put in another order, and what to write; None where they can.

    Args:
        permute: the option.
        question: column or template.
    """
    if permute == EACH_DRAW and not choices:
        return "there are no options to choose from", "data.options.choices=COLUMN"
    read = _read_by(question) if permute else frozenset()
    if WRITTEN in read or not (there := sorted(read.intersection(_columns(choices)))):
        return None
    what = f"the template data.options.question shows the column {there[0]} as it is published"
    return what, "write {{ lettered }} in its place, or data.options.permute=false"


def permutes_each_draw(data: DataSpec) -> bool:
    """Whether each draw of a problem shows its options in an order of its own."""
    return data.options.get("permute") == EACH_DRAW


def _columns(choices: Named) -> Sequence[str]:
    return (choices,) if isinstance(choices, str) else choices or ()


def _read_by(question: str) -> frozenset[str]:
    if not is_template(question):
        return frozenset()
    from jinja2 import TemplateSyntaxError

    from llmx.core.templates.dialect import names_in

    try:
        return names_in(question)
    except TemplateSyntaxError:  # said where it is rendered
        return frozenset()
