"""Numbers as people and models write them, brought to one spelling."""

from __future__ import annotations

import re
from decimal import Decimal

_DIGITS = r"(?:[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]+)"
_VALUE = rf"(?:{_DIGITS}(?:\.[0-9]+)?|\.[0-9]+)"
# A minus is a sign only where nothing stands before it that it could be subtracted from.
_NUMBER = re.compile(rf"(?<![\w.)])-\$?{_VALUE}|\$-?{_VALUE}|{_VALUE}")


def leading_number(text: str) -> str | None:
    """Return the number that opens `text` (after white space), normalised, or None."""
    found = _NUMBER.match(_plain(text).lstrip())
    return _normalise(found.group()) if found else None


def last_number(text: str) -> str | None:
    """Return the last number of `text`, normalised, or None if there is none."""
    found = _NUMBER.findall(_plain(text))
    return _normalise(found[-1]) if found else None


def _plain(text: str) -> str:
    """Replace the typographic minus; an en dash stays, since in prose it means "to"."""
    return text.replace("\u2212", "-")


def _normalise(written: str) -> str:
    """Return the shortest plain spelling: no commas, currency, exponent, outer zeros or -0.

    Decimal is exact here whatever the length; `normalize` would round to the context's precision.
    """
    digits = format(Decimal(re.sub(r"[$,]", "", written)), "f")
    sign, body = ("-", digits[1:]) if digits.startswith("-") else ("", digits)
    whole, _, fraction = body.partition(".")
    whole, fraction = whole.lstrip("0") or "0", fraction.rstrip("0")
    value = f"{whole}.{fraction}" if fraction else whole
    return value if value == "0" else sign + value
