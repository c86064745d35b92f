"""Rows of a batch that are decoded alike: one tensor operation for all of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from llmx.decoding import DecodeOptions
from llmx.engines.vllm_plugin.answer import InFlight

Row = tuple[int, InFlight, int]
"""Place in the batch, the request, and the output position of its next token."""


def alike(rows: Iterable[Row]) -> Iterator[tuple[DecodeOptions, list[Row]]]:
    """Yield the rows of each set of options."""

    def options(row: Row) -> DecodeOptions:
        return row[1].rule.options

    # Options have no order of their own: their text has one, and equal ones have the same.
    for _, group in groupby(sorted(rows, key=lambda row: repr(options(row))), key=options):
        members = list(group)
        yield options(members[0]), members
