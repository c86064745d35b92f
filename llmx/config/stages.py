"""The stages of a recipe, what is wrong with them, and what an arm may change of them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

from llmx.config.edge import Assignment, Origins
from llmx.config.problems import Problems
from llmx.config.recipe import Recipe, groups
from llmx.config.schema import suggest
from llmx.core.errors import LlmxError, nearest
from llmx.core.options import option_names
from llmx.core.registry import kinds, lookup
from llmx.core.replaced import replaced
from llmx.core.spec import ArmSpec, StageSpec
from llmx.core.stage import StageInput

STAGE_KEYS = "stages."


class ArmStages:
    """The stages of one composition as arms see them.

    Attributes:
        origins: who set the options that all arms share, and where.
    """

    def __init__(
        self,
        written: Mapping[str, Mapping[str, Any]],
        stages: Sequence[StageSpec],
        origins: Origins,
    ) -> None:
        self.written = written
        self.by_name = {stage.name: stage for stage in stages}
        self.origins = origins

    def fits(self, key: str) -> bool:
        """Whether an arm may set ``stages.STAGE.OPTION``: it is written out, and over arms."""
        name, option, inner = parted(key)
        stage = self.by_name.get(name)
        if stage is None or stage.over != "arm":
            return False
        return reaches(self._known(stage), option, inner)

    def left_out(self, key: str) -> bool:
        """Whether the recipe has the stage, and this scale or command line leaves it out."""
        name = parted(key)[0]
        return name in self.written and name not in self.by_name

    def refusal(self, given: Assignment) -> tuple[str, str]:
        """Return what is wrong with a key that no arm can set, and what to type."""
        key = given.key
        name, option, _ = parted(key)
        stage = self.by_name.get(name)
        what = "swept" if given.sweep else "set by an arm"
        if self.left_out(key):
            return f"{key} cannot be {what}: stage {name} is left out", ""
        if stage is not None and (not option or option in OWN):
            hint = f"its options are {STAGE_KEYS}{name}.KEY" if stage.over == "arm" else ""
            return f"{key} cannot be {what}: it is the same for all arms", hint
        if stage is not None and stage.over == "recipe" and option in self._known(stage):
            hint = f"one value for all of them: {key}=VALUE"
            return f"{key} cannot be {what}: {name} is over: recipe, arms share it", hint
        return f"no stage has {key}", suggest(key, arm_keys(self._held()))

    def _known(self, stage: StageSpec) -> dict[str, Any]:
        return {**option_names(stage.kind), **stage.options}

    def _held(self) -> dict[str, dict[str, Any]]:
        return {n: {"over": s.over, **self._known(s)} for n, s in self.by_name.items()}

    def changes(self, held: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
        """Return what an arm sets without what the stage says already, stage by stage."""
        kept = {name: _changing(self.by_name[name], by) for name, by in held.items()}
        return {name: by for name, by in kept.items() if by}

    def is_idle(self, name: str, arm: str, spec: ArmSpec) -> bool:
        """Whether a stage has nothing to do for an arm; False where its options are wrong."""
        stages = {one: stage.of_arm(spec) for one, stage in self.by_name.items()}
        given = StageInput(stages[name], {arm: spec}, stages=stages)
        try:
            return not lookup("stage", stages[name].kind)().applies(given)
        except LlmxError:
            return False

    def of_arm(self, held: Mapping[str, Mapping[str, Any]]) -> list[StageSpec]:
        """Return the stages that an arm changes, as it has them."""
        return [self.by_name[name].changed(by) for name, by in held.items()]


def _changing(stage: StageSpec, by: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in by.items():
        before, after = stage.changed(found), stage.changed({**found, key: value})
        # 1 and True are equal and mean other things.
        if repr(after.options) != repr(before.options):
            found[key] = value
    return found


def set_option(values: dict[str, Any], key: str, value: Any) -> None:
    """Set ``stages.STAGE.OPTION`` among the values of an arm, above what it set before."""
    name, option, inner = parted(key)
    dotted = ".".join((option, *inner))
    held = values.setdefault("stages", {}).get(name, {})
    under = {k: v for k, v in held.items() if k != dotted and not k.startswith(f"{dotted}.")}
    values["stages"][name] = {**under, dotted: value}


OWN = ("kind", "over", "needs")
"""What the graph reads of a stage; everything else is an option of its kind."""


def stage_keys(stages: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the dotted names that an override may set of stages as a file writes them."""
    inner = [f"stages.{name}.{key}" for name, held in stages.items() for key in option_keys(held)]
    return [*inner, *(f"stages.{name}" for name in stages)]


def arm_keys(stages: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the dotted names that an arm or a sweep may set: options of stages over arms."""
    over_arms = {
        name: {key: value for key, value in held.items() if key not in OWN}
        for name, held in stages.items()
        if held.get("over", "arm") == "arm"
    }
    return [key for key in stage_keys(over_arms) if key.count(".") > 1]


def option_keys(options: Mapping[str, Any]) -> list[str]:
    """Return the names of options, and those inside an option that is a mapping."""
    inner = [
        f"{key}.{name}"
        for key, value in options.items()
        if isinstance(value, Mapping)
        for name in option_keys(value)
    ]
    return [*options, *inner]


def parted(key: str) -> tuple[str, str, tuple[str, ...]]:
    """Return (stage, option, names inside the option) of ``stages.STAGE.OPTION.NAME``."""
    _, stage, option, *inner = (*key.split("."), "", "")
    return stage, option, tuple(name for name in inner if name)


def reaches(options: Mapping[str, Any], option: str, inner: Sequence[str]) -> bool:
    """Whether the file writes the option out; inside a mapping any name may be set, as the names
    there are those of the stage's own kind.
    """
    return option in options and (not inner or isinstance(options[option], Mapping))


def flat_options(options: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (dotted name, value) of all that is no mapping, and of mappings without a name."""
    for key, value in options.items():
        if isinstance(value, Mapping) and value:
            yield from flat_options(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value


ARM_KEYS = "arms."
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
        return f"{ARM_KEYS}{self.pattern}.{self.given.key}"


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
                problems.add(text, f"write {ARM_KEYS}{arm}.{one.given.key}=VALUE")
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
