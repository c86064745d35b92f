"""One value a problem, as a short text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

NONE = "-"


def flags(values: Iterable[bool | None]) -> str:
    """Return ``1``, ``0`` or ``-`` (no value) for each."""
    return "".join(NONE if value is None else "01"[value] for value in values)


def read_flags(text: str) -> list[bool | None]:
    """Return what :func:`flags` was given.

    Raises:
        ValueError: for another character.
    """
    known = {"0": False, "1": True, NONE: None}
    if strange := set(text) - known.keys():
        raise ValueError(f"'{min(strange)}' is neither 0 nor 1 nor {NONE}")
    return [known[one] for one in text]


def numbers(values: Sequence[int]) -> str:
    """Return whole numbers with spaces between; one alone where all are equal."""
    alike = len(set(values)) == 1
    return " ".join(map(str, values[:1] if alike else values))


def read_numbers(text: str, count: int) -> list[int]:
    """Return what :func:`numbers` was given.

    Raises:
        ValueError: unless there are `count` of them, or one that stands for all.
    """
    found = [int(one) for one in text.split()]
    if len(found) == 1:
        return found * count
    if len(found) != count:
        raise ValueError(f"{len(found)} numbers for {count} problems")
    return found


def reals(values: Sequence[float]) -> str:
    """Return numbers to their last bit with spaces between; one alone where all are equal."""
    return " ".join(
        dict.fromkeys(map(repr, values)) if len(set(values)) == 1 else map(repr, values)
    )


def read_reals(text: str, count: int) -> list[float]:
    """Return what :func:`reals` was given.

    Raises:
        ValueError: unless there are `count` of them, or one that stands for all.
    """
    found = [float(one) for one in text.split()]
    if len(found) == 1:
        return found * count
    if len(found) != count:
        raise ValueError(f"{len(found)} numbers for {count} problems")
    return found


def places(values: Iterable[bool]) -> str:
    """Return the places, from 0, of what is true: for what seldom is."""
    return " ".join(str(place) for place, value in enumerate(values) if value)


def read_places(text: str, count: int) -> list[bool]:
    """Return what :func:`places` was given.

    Raises:
        ValueError: for a place that is none of `count`.
    """
    found = {int(one) for one in text.split()}
    if found and not 0 <= min(found) <= max(found) < count:
        raise ValueError(f"place {max(found)} of {count} problems")
    return [place in found for place in range(count)]
