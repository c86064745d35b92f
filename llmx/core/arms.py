"""Names of arms: ``sd@gamma=3@seed=1`` is the arm `sd` at one point of a sweep."""

from __future__ import annotations

from collections.abc import Iterable

_SEED = "seed="


def family(name: str) -> str:
    """Return an arm's name without its seed: arms of one family differ by the seed alone."""
    return "@".join(part for part in name.split("@") if not part.startswith(_SEED))


def seed_of(name: str) -> str:
    """Return ``seed=1`` of ``sd@gamma=3@seed=1``: runs of two arms are paired by it.

    Empty for an arm that no seed was swept of.
    """
    return next((part for part in name.split("@")[1:] if part.startswith(_SEED)), "")


def families(names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return family -> its members, both in the given order."""
    found: dict[str, tuple[str, ...]] = {}
    for name in names:
        found[family(name)] = (*found.get(family(name), ()), name)
    return found
