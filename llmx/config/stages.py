"""The stages of a recipe: kinds that exist, needs that exist, and no circle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from llmx.config.edge import Assignment
from llmx.config.problems import Problems
from llmx.config.recipe import Recipe
from llmx.config.schema import suggest
from llmx.config.stage_keys import OWN, parted, reaches, stage_keys
from llmx.core.errors import nearest
from llmx.core.options import option_names
from llmx.core.registry import kinds
from llmx.core.replaced import replaced
from llmx.core.spec import StageSpec


def resolve_stages(
    recipe: Recipe, assignments: Sequence[Assignment], problems: Problems
) -> tuple[StageSpec, ...]:
    """Return the stages with `assignments` applied: ``stages.NAME.KEY=…``, and ``stages.NAME=null``
    leaves a stage out, and out of the needs of others.
    """
    raw = {name: dict(stage) for name, stage in recipe.stages.items()}
    for given in assignments:
        _assign(raw, given, problems)
    stages = [_stage(recipe, name, stage, problems) for name, stage in raw.items()]
    _check_circles({stage.name: stage.needs for stage in stages}, recipe, problems)
    return tuple(stages)


def _assign(raw: dict[str, dict[str, Any]], given: Assignment, problems: Problems) -> None:
    name, option, inner = parted(given.key)
    if not option and name in raw:
        return _leave_out(raw, name, given, problems)
    held = raw.get(name, {})
    own = option_names(held.get("kind"))
    if not reaches({**own, **held}, option, inner):
        known = {**raw, name: {**own, **held}} if name in raw else raw
        hint = suggest(given.key, stage_keys(known))
        problems.add(f"{given.origin}: no stage has {given.key}", hint)
    else:
        held[option] = replaced(held.get(option), inner, given.values[0])


def _leave_out(
    raw: dict[str, dict[str, Any]], name: str, given: Assignment, problems: Problems
) -> None:
    if given.sweep or given.values[0] is not None:
        hint = f"stages.{name}=null leaves it out; its options are stages.{name}.KEY"
        problems.add(f"{given.origin}: a stage has no value: {given.text}", hint)
        return
    del raw[name]
    for stage in raw.values():
        if isinstance(stage.get("needs"), list):
            stage["needs"] = [need for need in stage["needs"] if need != name]


def _stage(recipe: Recipe, name: str, raw: Mapping[str, Any], problems: Problems) -> StageSpec:
    kind, over, needs = raw.get("kind"), raw.get("over", "arm"), raw.get("needs") or []

    def wrong(text: str, key: str, hint: str = "") -> None:
        problems.add(f"{recipe.document.where('stages', name, key)}: stage {name}: {text}", hint)

    if not isinstance(kind, str):
        wrong("missing key 'kind'", "kind", f"known kinds: {', '.join(sorted(kinds('stage')))}")
    elif kind not in kinds("stage"):
        hint = nearest(kind, kinds("stage"), "stage kinds")
        wrong(f"unknown stage kind '{kind}'", "kind", hint)
    if over not in ("arm", "recipe"):
        wrong(f"over must be arm or recipe, not {over!r}", "over")
        over = "arm"
    if not isinstance(needs, list) or not all(isinstance(need, str) for need in needs):
        wrong(f"needs must be a list of stage names, not {needs!r}", "needs")
        needs = []
    for need in needs:
        if need not in recipe.stages:
            wrong(f"needs unknown stage '{need}'", "needs", nearest(need, recipe.stages, "stages"))
    options = {key: value for key, value in raw.items() if key not in OWN}
    return StageSpec(name=name, kind=str(kind), over=over, needs=tuple(needs), options=options)


def _check_circles(needs: dict[str, tuple[str, ...]], recipe: Recipe, problems: Problems) -> None:
    """Refuse stages that wait for one another."""
    import networkx as nx  # a run that was composed before does without

    order = nx.DiGraph((name, need) for name, wants in needs.items() for need in wants)
    found = [circle for circle in nx.simple_cycles(order) if needs.keys() >= set(circle)]
    if not found:
        return
    # From the stage that is written first, whatever the order in which circles are found.
    rank = list(needs).index
    circle = min(found, key=lambda stages: min(map(rank, stages)))
    first = circle.index(min(circle, key=rank))
    path = " → ".join([*circle[first:], *circle[: first + 1]])
    where = recipe.document.where("stages", circle[first])
    problems.add(f"{where}: stages wait in a circle: {path}")
