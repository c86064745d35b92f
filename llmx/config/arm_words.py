"""``arms.NAME.KEY=VALUE`` of a command line: which arms a name or a pattern means.

The name ends where a key begins, since it may hold dots: in ``arms.v1.5.sampler.gamma`` it is
``v1.5``. A pattern (``arms.fsd_*.…``, ``arms.*.…``) means every arm that it fits.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from llmx.config.edge import Assignment
from llmx.config.problems import Problems
from llmx.config.recipe import groups
from llmx.core.errors import nearest

PREFIX = "arms."
_PATTERN = re.compile(r"[*?\[]")


@dataclass(frozen=True)
class ForArms:
    """One setting for the arms of a name or pattern. ``given.key`` is the key in an arm."""

    pattern: str
    given: Assignment

    @property
    def is_pattern(self) -> bool:
        """Whether it may mean several arms."""
        return _PATTERN.search(self.pattern) is not None

    @property
    def key(self) -> str:
        """The key as it was typed."""
        return f"{PREFIX}{self.pattern}.{self.given.key}"


def split_word(word: str, known: Collection[str]) -> tuple[str, str] | None:
    """Return (name or pattern, key) of what stands after ``arms.``; None where it has no key.

    Where the name could end at several dots, the longest arm of the recipe is preferred, then a
    pattern that fits one, then the first.
    """
    parts, roots = word.split("."), (*groups(), "seed", "stages")
    cuts = [cut for cut in range(1, len(parts)) if parts[cut] in roots]
    names = [".".join(parts[:cut]) for cut in cuts]
    named = [name for name in names if name in known]
    fitting = [name for name in names if fitted(name, known)]
    # A key that is none is said of the arm that is meant all the same.
    whole = [name for name in known if word.startswith(f"{name}.")]
    best = (*sorted(named, key=len)[-1:], *fitting, *names, *sorted(whole, key=len)[-1:])
    name = next(iter(best), None)
    if name is None:
        name, dot, _ = word.partition(".")
        if not dot:
            return None
    return name, word[len(name) + 1 :]


def fitted(pattern: str, arms: Collection[str]) -> list[str]:
    """Return the arms that a name or pattern means."""
    if pattern in arms:
        return [pattern]
    return [arm for arm in arms if fnmatchcase(arm, pattern)]


def own_settings(
    given: Sequence[ForArms], arms: Collection[str], asked: Collection[str], problems: Problems
) -> dict[str, tuple[Assignment, ...]]:
    """Return arm -> what was set for it; what is said of one arm by name outvotes a pattern.

    Args:
        arms: all of the recipe.
        asked: those of this run.
    """
    found: dict[str, dict[str, ForArms]] = {}
    for one in sorted(given, key=lambda one: not one.is_pattern):
        for arm in _meant(one, arms, asked, problems):
            held = found.setdefault(arm, {})
            before = held.get(one.given.key)
            if before is not None and before.is_pattern and one.is_pattern:
                text = f"command line: {before.key} and {one.key} both set arm {arm}"
                problems.add(text, f"write {PREFIX}{arm}.{one.given.key}=VALUE")
            held[one.given.key] = one
    return {arm: tuple(_given(held.values(), arm)) for arm, held in found.items()}


def _given(held: Collection[ForArms], arm: str) -> Iterator[Assignment]:
    for one in held:
        # A pattern's stays one setting, so that it is said once which arms have its key.
        origin = f"{one.given.origin}, arm {arm}"
        yield one.given if one.is_pattern else replace(one.given, origin=origin)


def _meant(
    one: ForArms, arms: Collection[str], asked: Collection[str], problems: Problems
) -> list[str]:
    found = fitted(one.pattern, arms)
    text = one.given.text
    if not found and one.is_pattern:
        hint = f"arms: {', '.join(arms)}"
        problems.add(f"{text}: no arm is called like '{one.pattern}'", hint)
    elif not found:
        hint = nearest(one.pattern, arms, "arms")
        problems.add(f"{text}: there is no arm '{one.pattern}'", hint)
    elif not set(found) & set(asked):
        what = f"arm '{one.pattern}' is" if not one.is_pattern else f"arms '{one.pattern}' are"
        problems.add(f"{text}: {what} not among arms=[…]")
    return [arm for arm in found if arm in asked]
