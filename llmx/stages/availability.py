"""Arms that cannot be had, or have learned nothing: what rests on them is not used, and reports
say why.

A stage of one arm raises an UnavailableError. Its output is then the reason alone, and so is that
of every stage of the arm that needs it; the stages over the recipe go on with the other arms. The
same command finds the same reason in the cache.
"""

from __future__ import annotations

from collections.abc import Mapping

from llmx.core.names import families
from llmx.core.stage import StageContext
from llmx.store.cache import Entry

KEY = "unavailable"


def reason(entry: Entry) -> str | None:
    """Return why a whole output is none."""
    found: str | None = entry.about().get(KEY)
    return found


REWARDED = ("grpo", "rloo")
"""Kinds of stages that learn from rewards within groups of completions."""


def learned_nothing(context: StageContext) -> dict[str, str]:
    """Return arm → why a training behind its answers had no signal; nothing without trainings."""
    if not any(stage.kind in REWARDED for stage in context.given.stages.values()):
        return {}
    from llmx.report.training.signal import unlearned

    return unlearned(context.inputs, context.given.arms)


def sentences(unavailable: Mapping[str, str]) -> tuple[str, ...]:
    """Return one sentence an arm, whatever its seeds, as reports say it."""
    return tuple(
        f"`{name}` is not available: {unavailable[members[0]]}."
        for name, members in families(unavailable).items()
    )
