"""Arms that cannot be had: a stage says so, what rests on it is left out, and reports say why.

A stage of one arm raises an UnavailableError. Its output is then the reason alone, and so is that
of every stage of the arm that needs it; the stages over the recipe go on with the other arms. The
same command finds the same reason in the cache.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from llmx.core.arms import families
from llmx.core.errors import DataError
from llmx.core.stage import StageContext
from llmx.store.cache import Entry

KEY = "unavailable"


def reason(entry: Entry) -> str | None:
    """Return why a whole output is none."""
    found: str | None = entry.about().get(KEY)
    return found


def lost_inputs(inputs: Mapping[str, str], entries: Mapping[str, Entry]) -> dict[str, str]:
    """Return input name → why it is not there; `inputs` are named by their fingerprints."""
    found = {name: reason(entries[of]) for name, of in inputs.items()}
    return {name: why for name, why in found.items() if why is not None}


def without(context: StageContext, lost: Mapping[str, str]) -> StageContext:
    """Return what a stage over the recipe works with when some arms cannot be had.

    Raises:
        DataError: if no arm is left.
    """
    why = {name.partition("/")[2]: text for name, text in lost.items()}
    given = context.given
    arms = {name: arm for name, arm in given.arms.items() if name not in why}
    if not arms:
        raise DataError(next(iter(why.values())), "no other arm is left")
    references = {a: b for a, b in given.references.items() if a in arms and b in arms}
    return replace(
        context,
        given=replace(given, arms=arms, references=references),
        inputs=_of_arms(context.inputs, why),
        unavailable=why,
    )


def _of_arms(inputs: Mapping[str, Path], lost: Iterable[str]) -> dict[str, Path]:
    gone = set(lost)
    return {name: path for name, path in inputs.items() if name.partition("/")[2] not in gone}


def sentences(unavailable: Mapping[str, str]) -> tuple[str, ...]:
    """Return one sentence an arm, whatever its seeds, as reports say it."""
    return tuple(
        f"`{name}` is not available: {unavailable[members[0]]}."
        for name, members in families(unavailable).items()
    )
