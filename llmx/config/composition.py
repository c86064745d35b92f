"""One recipe under one command line: the steps from layers of overrides to a checked RunSpec."""

from __future__ import annotations

from collections.abc import Sequence

from llmx.config import unused
from llmx.config.arm_stages import PREFIX, ArmStages
from llmx.config.arm_words import own_settings
from llmx.config.command_line import CommandLine, chosen_arms
from llmx.config.edge import Assignment, parse_override
from llmx.config.mount import Mount
from llmx.config.origins import Origins
from llmx.config.outside import Outside
from llmx.config.partners import Partners
from llmx.config.points import Expander, Layers, Point, Usage, name_points
from llmx.config.problems import Problems
from llmx.config.recipe import groups
from llmx.config.schema import check_arm
from llmx.config.stage_options import check_options
from llmx.config.stages import resolve_stages
from llmx.config.yaml_file import read
from llmx.core.errors import ConfigError, nearest
from llmx.core.names import fault, shown
from llmx.core.registry import kinds
from llmx.core.spec import ArmSpec, Evidence, RunSpec, StageSpec

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
        for_stages = [a for a in shared if a.key.startswith(PREFIX) and not _by_points(a)]
        specs = resolve_stages(self.recipe, for_stages, self.problems)
        stages = ArmStages(self.recipe.stages, specs, Origins.of(for_stages))
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
                hint = nearest(choice, known, f"choices of {group}")
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
        settings = unused.Settings(self.mount, self.given, stages)
        self.notes += unused.report(usage, settings, points, self.problems)
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
            check_options(changed, point.origins, self.mount, self.problems)
            arm = check_arm(point.name, point.values, point.origins.places, self.problems)
            if point.name in checked:
                self.problems.add(f"the sweep gives {point.name} twice", "name each value once")
            if arm is not None:
                checked[point.name] = arm
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
            evidence={k: Evidence.model_validate(e) for k, e in recipe.evidence.items()},
            deviations=(*recipe.deviations.get("all", ()), *recipe.deviations.get(scale, ())),
            overrides=self.given.texts,
            notes=tuple(self.notes),
            scale=scale,
            references=references,
            points={point.name: point.swept for point in points},
            destinations=self.outside.destinations,
        )

    def _references(self, points: Sequence[Point]) -> tuple[str | None, dict[str, str]]:
        """Return the reference of most arms, and of each arm its own; itself where it has none."""
        common, own = self.recipe.words.get("reference"), self.recipe.references
        wanted = {point.arm: own.get(point.arm, common) for point in points}
        names = set(wanted.values())
        partners = {name: Partners([p for p in points if p.arm == name]) for name in names}
        found = {point.name: partners[wanted[point.arm]].of(point).name for point in points}
        there = {point.arm for point in points}
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
