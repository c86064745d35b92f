"""One recipe under one command line: the steps from layers of overrides to a checked RunSpec."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from llmx.config.choices import choice_hint
from llmx.config.edge import Assignment, Origins, parse_override
from llmx.config.outside import Outside, SetBy
from llmx.config.places import Mount
from llmx.config.points import (
    CommandLine,
    Expander,
    Layers,
    Point,
    Usage,
    chosen_arms,
    name_points,
    without_idle,
)
from llmx.config.problems import Problems
from llmx.config.recipe import groups, sections
from llmx.config.schema import check_arm, fields, keys, suggest
from llmx.config.stages import (
    STAGE_KEYS,
    ArmStages,
    own_settings,
    parted,
    resolve_stages,
    stage_keys,
)
from llmx.config.yaml_file import read
from llmx.core.errors import ConfigError, nearest
from llmx.core.names import fault, shown
from llmx.core.options import faults, model_of
from llmx.core.registry import kinds
from llmx.core.spec import ArmSpec, DataSpec, RunSpec, SettingSource, StageSpec


@dataclass(frozen=True)
class Settings:
    """What can be set, and what the user did."""

    mount: Mount
    given: CommandLine
    stages: ArmStages


def report(
    usage: Usage, settings: Settings, points: Sequence[Point], problems: Problems
) -> list[str]:
    """Return a line for each setting of the command line that reached only some arms.

    A setting that reached none is a problem, with the nearest key that would have reached one.
    """
    notes = []
    for setting, missed in usage.missed.items():
        reached = usage.reached.get(setting, {})
        if not reached:
            _unknown(setting, settings, points, problems)
        elif settings.given.is_shared(setting):
            few = f"not to {', '.join(missed)}, which has no such key"
            notes.append(f"{setting.text} applies to {', '.join(reached)}; {few}")
    return notes


def _unknown(
    setting: Assignment, settings: Settings, points: Sequence[Point], problems: Problems
) -> None:
    mount, given = settings.mount, settings.given
    section, _, name = setting.key.partition(".")
    place = f"{setting.origin}: "
    field = name.partition(".")[0]  # of engine.options.NAME
    holders = mount.holders(section, field) if field in fields(section) else []
    if setting.key.startswith(STAGE_KEYS):
        if setting.typed or not settings.stages.left_out(setting.key):
            text, hint = settings.stages.refusal(setting)
            problems.add(f"{place}{text}", hint)
    elif section in sections() and points and not any(section in p.values for p in points):
        choices = "|".join(mount.choices(section))
        hint = f"choose one first: {section}={choices}" if choices else _write(section)
        problems.add(f"{place}{setting.key}: {mount.recipe.name} has no {section}", hint)
    elif holders and given.arms is not None and not setting.typed:
        return  # a layer of the recipe for arms that arms=[…] left out
    elif holders:
        hint = f"{section}={'|'.join(holders)} would have it"
        problems.add(f"{place}no arm here has {setting.key}", hint)
    else:
        problems.add(f"{place}unknown key '{setting.key}'", _hint(setting, mount, points))


def _hint(setting: Assignment, mount: Mount, points: Sequence[Point]) -> str:
    there = {name for point in points for name in point.values if fields(name)}
    words = ["seed", "arms", *groups(), *stage_keys(mount.recipe.stages)]
    return suggest(setting.key, [*keys(there), *words])


def _write(section: str) -> str:
    return f"write `{section}: {{}}` in the recipe, or {section}.KEY=… in an arm"


def check_options(
    stages: Iterable[StageSpec], origins: Origins, mount: Mount, problems: Problems
) -> None:
    """Note every option that cannot be, with the place that it comes from.

    Args:
        stages: as all arms share them, or as one arm has them.
        origins: who set what of them beyond the recipe's own section.
    """
    for stage in stages:
        said = SetBy(f"stages.{stage.name}", origins, mount)
        model = model_of(stage.kind)
        if model is None:
            _check_scorer(stage, said, problems)
            continue
        known = {"arms": mount.recipe.arms, "needs": stage.needs}
        for one in faults(stage, model, known):
            problems.add(f"{said.place(one.key)}: {one.message}", one.hint)


def check_data_options(data: DataSpec, origins: Origins, mount: Mount, problems: Problems) -> None:
    """Note every option of an arm's data that cannot be, where its kind says which it has."""
    model, said = model_of(data.kind, "data"), SetBy("data.options", origins, mount)
    for one in faults(data, model) if model is not None else ():
        problems.add(f"{said.place(one.key)}: {one.message}", one.hint)


def _check_scorer(stage: StageSpec, said: SetBy, problems: Problems) -> None:
    """Check the one option that a kind without a model is likely to hand on."""
    scorer = stage.options.get("scorer")
    if scorer is not None and str(scorer) not in kinds("scorer"):
        text = f"{said.place('scorer')}: stage {stage.name}: unknown scorer {scorer!r}"
        problems.add(text, nearest(str(scorer), kinds("scorer")))


Values = tuple[Hashable, ...]


class Partners:
    """The points of one reference, found by the values that were swept of it.

    A sweep of two thousand points has as many references: looking through them all for each
    would take as long as the rest of the plan.

    Args:
        across: swept keys whose first value is the reference of the others.
    """

    def __init__(self, candidates: Sequence[Point], across: Collection[str] = ()) -> None:
        self.first = candidates[0] if candidates else None
        self.known: dict[tuple[str, ...], dict[Values, tuple[int, Point]]] = {}
        for place, point in enumerate(candidates):
            keys = tuple(sorted({*point.swept}.difference(across)))
            alike = self.known.setdefault(keys, {})
            alike.setdefault(_values(point, keys), (place, point))

    def of(self, point: Point) -> Point:
        """Return the first reference with the same value in `point` of all that is swept of it.

        The first of all where it is not swept alike; the point itself where there is none.
        """
        looked = ((keys, _values(point, keys)) for keys in self.known)
        found = [self.known[keys][held] for keys, held in looked if held in self.known[keys]]
        if found:
            return min(found, key=lambda one: one[0])[1]
        return self.first or point


def _values(point: Point, keys: Sequence[str]) -> Values:
    return tuple(_hashable(point.swept.get(key)) for key in keys)


def _hashable(value: Any) -> Hashable:
    """Return what is equal where the values are: a list or a mapping may be swept too."""
    if isinstance(value, dict):
        return frozenset((key, _hashable(held)) for key, held in value.items())
    return tuple(map(_hashable, value)) if isinstance(value, (list, tuple)) else value


_RESERVED = ("scale", "arms", "recipe")


class Composition:
    """Gathers problems on the way, so that one wrong key does not hide the next."""

    def __init__(
        self,
        mount: Mount,
        given: CommandLine,
        problems: Problems,
        trust_remote_code: bool = False,
    ) -> None:
        self.mount = mount
        self.recipe = mount.recipe
        self.given = given
        self.problems = problems
        self.notes: list[str] = []
        self.typed_for: dict[str, tuple[Assignment, ...]] = {}
        self.outside = Outside(mount, problems, trust_remote_code)

    def spec(self) -> RunSpec | None:
        """Return the whole, or None when there are problems."""
        scale = self._scale()
        self._defaults()
        listed = self._list(f"scale {scale}", self.recipe.scales.get(scale, ()), "scales", scale)
        scaled = [a for a in listed if a.key != "arms"]
        arms = self._arms([a for a in listed if a.key == "arms"])
        # Dropped rather than outvoted: what a scale sweeps would stay a sweep of one value.
        given = {setting.key for setting in self.given.settings}
        above = (*(a for a in scaled if a.key not in given), *self.given.settings)
        own = {n: self._list(f"arm {n}", self.recipe.arms[n], "arms", n) for n in arms}
        shared = self._without_conflicts(above, own)
        for_stages = [a for a in shared if a.key.startswith(STAGE_KEYS) and not _by_points(a)]
        specs = resolve_stages(self.recipe, for_stages, self.problems)
        typed = Origins.of(for_stages)
        specs = self.outside.with_senders(specs, typed)
        stages = ArmStages(self.recipe.stages, specs, typed)
        self.outside.check_stages(specs, stages.origins)
        check_options(specs, stages.origins, self.mount, self.problems)
        points = self._points(scale, own, [a for a in shared if a not in for_stages], stages)
        checked = self._check(points, stages)
        self._engines(points)
        if self.problems.found:
            return None
        return self._whole(scale, specs, points, checked)

    def _scale(self) -> str:
        name = self.given.scale or self.recipe.words.get("scale", "laptop")
        known = {*self.mount.choices("scale"), *self.recipe.scales}
        if name not in known:
            place = "" if self.given.scale else f"{self.recipe.document.where('scale')}: "
            self.problems.add(f"{place}there is no scale '{name}'", nearest(name, known, "scales"))
        elif hint := fault(name):
            self.problems.add(f"'{shown(name)}' cannot be a scale", hint)
        for key in self.recipe.deviations:
            if key not in {*known, "all"}:
                where = self.recipe.document.where("deviations", key)
                self.problems.add(f"{where}: no scale '{key}'", nearest(key, {*known, "all"}))
        return name

    def _arms(self, scaled: Sequence[Assignment]) -> list[str]:
        """Return the arms of this run: those asked for, else those of the scale, else all."""
        known, asked, place = self.recipe.arms, self.given.arms, ""
        if asked is None and scaled:
            asked, place = chosen_arms(scaled[-1], self.problems), f"{scaled[-1].origin}: "
        for name in asked or ():
            if name not in known:
                self.problems.add(f"{place}there is no arm '{name}'", nearest(name, known, "arms"))
        names = dict.fromkeys(known if asked is None else asked)
        arms = [name for name in names if name in known]
        self.typed_for = own_settings(self.given.own, known, arms, self.problems)
        return arms

    def _defaults(self) -> None:
        for group, choice in self.recipe.defaults.items():
            known = self.mount.choices(group)
            where = self.recipe.document.where("defaults")
            if choice not in known:
                hint = choice_hint(group, choice, known)
                self.problems.add(f"{where}: there is no {group}={choice}", hint)
            elif hint := fault(choice):
                self.problems.add(f"{where}: '{shown(choice)}' cannot be a {group}", hint)

    def _list(self, origin: str, texts: Sequence[str], *keys: str) -> tuple[Assignment, ...]:
        """Read the overrides that a scale or an arm of the recipe lists."""
        place = f"{origin} ({self.recipe.document.where(*keys)})"
        found = []
        for text in texts:
            try:
                given = parse_override(text, place)
            except ConfigError as error:
                self.problems.take(error)
                continue
            if given.key in _RESERVED and (keys[0], given.key) != ("scales", "arms"):
                self.problems.add(f"{place}: {given.key} cannot be set here")
            else:
                found.append(given)
        return tuple(found)

    def _inline(self) -> tuple[Assignment, ...]:
        document = self.recipe.document
        return tuple(
            Assignment(f"{section}.{key}", (value,), key, document.where(section, key))
            for section, values in self.recipe.inline.items()
            for key, value in values.items()
        )

    def _points(
        self,
        scale: str,
        own: dict[str, tuple[Assignment, ...]],
        shared: Sequence[Assignment],
        stages: ArmStages,
    ) -> list[Point]:
        if not all(choice in self.mount.choices(g) for g, choice in self.recipe.defaults.items()):
            return []
        usage, inline, points = Usage(), self._inline(), list[Point]()
        expander = Expander(self.mount, scale, stages, usage, self.problems)
        for name, listed in own.items():
            layers = Layers(inline, tuple(shared), (*listed, *self.typed_for.get(name, ())))
            points += expander.points(name, layers)
        settings = Settings(self.mount, self.given, stages)
        self.notes += report(usage, settings, points, self.problems)
        points, idle = without_idle(points, stages)
        for key, arms in idle.items():
            why = f"stage {parted(key)[0]} has nothing to do there"
            self.notes.append(f"{key} is not swept for {', '.join(arms)}: {why}")
        name_points(points)
        return points

    def _without_conflicts(
        self, above: Sequence[Assignment], own: dict[str, tuple[Assignment, ...]]
    ) -> tuple[Assignment, ...]:
        """Drop settings of the command line that an arm sets itself, each with its problem."""
        kept = []
        for given in above:
            setters = [name for name, held in own.items() if any(_covers(a, given) for a in held)]
            if setters and given in self.given.settings:
                value = given.text.partition("=")[2]
                hint = f"write arms.{setters[0]}.{given.key}={value}"
                text = f"'{given.text}': {given.key} is set by arm {', '.join(setters)}"
                self.problems.add(text, hint)
            else:
                kept.append(given)
        return tuple(kept)

    def _check(self, points: Sequence[Point], stages: ArmStages) -> dict[str, ArmSpec]:
        checked: dict[str, ArmSpec] = {}
        for point in points:
            if self.outside.is_exposed(point):
                continue  # any other problem would quote what it finds
            self.outside.check(point)
            changed = stages.of_arm(point.values.get("stages", {}))
            self.outside.check_stages(changed, point.origins)
            self.outside.check_senders(changed, stages.by_name)
            check_options(changed, point.origins, self.mount, self.problems)
            arm = check_arm(point.name, point.values, point.origins.places, self.problems)
            if point.name in checked:
                self.problems.add(f"the sweep gives {point.name} twice", "name each value once")
            if arm is not None:
                checked[point.name] = arm
                if arm.data is not None:
                    check_data_options(arm.data, point.origins, self.mount, self.problems)
        self._distinct(checked)
        return checked

    def _distinct(self, arms: dict[str, ArmSpec]) -> None:
        seen: dict[str, str] = {}
        for name, arm in arms.items():
            first = seen.setdefault(arm.model_dump_json(), name)
            if first != name:
                hint = "remove one, or make them differ"
                self.problems.add(f"arms {first} and {name} resolve to the same settings", hint)

    def _whole(
        self,
        scale: str,
        stages: tuple[StageSpec, ...],
        points: Sequence[Point],
        arms: dict[str, ArmSpec],
    ) -> RunSpec:
        recipe, words = self.recipe, self.recipe.words
        reference, references = self._references(points)
        return RunSpec(
            name=recipe.name,
            group=recipe.group,
            source=str(recipe.document.path),
            paper=words.get("paper"),
            description=words.get("description", ""),
            stages=stages,
            arms=arms,
            arm_overrides={point.name: self._texts(point) for point in points},
            reference=reference,
            claims=words.get("claims"),
            evidence={k: SettingSource.model_validate(e) for k, e in recipe.evidence.items()},
            deviations=(*recipe.deviations.get("all", ()), *recipe.deviations.get(scale, ())),
            overrides=self.given.texts,
            notes=tuple(self.notes),
            scale=scale,
            references=references,
            points={point.name: point.swept for point in points},
            destinations=self.outside.destinations,
            launch=recipe.launch,
        )

    def _references(self, points: Sequence[Point]) -> tuple[str | None, dict[str, str]]:
        """Return the reference of most arms, and of each arm its own; itself where it has none."""
        common, own = self.recipe.words.get("reference"), self.recipe.references
        wanted = {point.arm: own.get(point.arm, common) for point in points}
        names = set(wanted.values())
        there = {point.arm for point in points}
        # Models side by side: with no other arm to be held against, each is held against the first.
        across = {"model.target"} if there == {common} else set()
        partners = {name: Partners([p for p in points if p.arm == name], across) for name in names}
        found = {point.name: partners[wanted[point.arm]].of(point).name for point in points}
        for name in dict.fromkeys([common, *own.values()]):
            wanting = [arm for arm in there if own.get(arm, common) == name]
            if name and name not in there and wanting:
                self.notes.append(f"the reference arm {name} is left out: no paired differences")
        first = next((point.name for point in points if point.arm == common), None)
        alone = first is None and all(name == of for name, of in found.items())
        return first, {} if alone else found

    def _engines(self, points: Sequence[Point]) -> None:
        """Refuse unknown engines; one that a group names but nobody brings can still be planned."""
        brought = kinds("engine")
        files = [path for name, path in self.mount.groups.items() if name.startswith("engine/")]
        named = {str(read(path).data.get("kind")) for path in files}
        asked = {
            p.values["engine"].get("kind"): p.origins.places.get("engine.kind", "") for p in points
        }
        for kind, place in asked.items():
            if kind in named - set(brought):
                note = f"the engine '{kind}' is not installed: this can be planned, not run"
                self.notes.append(note)
            elif kind not in brought:
                hint = nearest(str(kind), {*brought, *named}, "engines")
                self.problems.add(f"{place}: unknown engine kind '{kind}'", hint)

    def _texts(self, point: Point) -> tuple[str, ...]:
        """Return all overrides of one point, in the order in which they were applied."""
        own = self.typed_for.get(point.arm, ())
        fixed = (f"{a.key}={a.text.partition('=')[2]}" for a in own if not a.sweep)
        swept = (f"{key}={value}" for key, value in point.swept.items())
        return (*self.recipe.arms[point.arm], *fixed, *swept)


def _by_points(given: Assignment) -> bool:
    """Whether a sweep goes over an option of a stage; a stage as such is there or left out."""
    return given.sweep and given.key.count(".") > 1


def _covers(one: Assignment, other: Assignment) -> bool:
    """Whether what an arm sets decides a key: the same, or a whole mapping that it stands in."""
    inside = other.key.startswith(f"{one.key}.")
    return one.key == other.key or (inside and one.key not in groups())
