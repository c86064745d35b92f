"""From a command's words and an arm's layers to its sweep points, as plain values.

The order of the layers is: groups < recipe < scale < command line < arm < command line for that
arm. A key of the middle layers is set where the arm has it, so ``sampler.gamma`` leaves an arm
alone whose sampler drafts nothing.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

from llmx.config.choices import choice_hint
from llmx.config.edge import Assignment, Origins, compose_groups, parse_override, resolve
from llmx.config.places import Mount
from llmx.config.problems import Problems
from llmx.config.recipe import brought_sections, groups
from llmx.config.schema import EVERYWHERE, check_arm, fields, is_open
from llmx.config.stages import (
    ARM_KEYS,
    STAGE_KEYS,
    ArmStages,
    ForArms,
    parted,
    set_option,
    split_word,
)
from llmx.core.errors import ConfigError
from llmx.core.exposure import exposed_by, refusal
from llmx.core.names import fault, shortened, shown

_ORIGIN = "command line"


@dataclass(frozen=True)
class CommandLine:
    """What the user asked for. ``own`` is what ``arms.NAME.KEY=…`` set, by name or pattern."""

    scale: str | None
    arms: tuple[str, ...] | None
    settings: tuple[Assignment, ...]
    own: tuple[ForArms, ...]
    texts: tuple[str, ...]

    def is_shared(self, given: Assignment) -> bool:
        """Whether a setting was typed for several arms: all, or those that a pattern fits."""
        patterns = (one.given for one in self.own if one.is_pattern)
        return given in self.settings or given in patterns

    @classmethod
    def read(
        cls,
        overrides: Sequence[str],
        arms: Sequence[str] | None,
        scale: str | None,
        problems: Problems,
        known: Collection[str] = (),
    ) -> CommandLine:
        """Read all overrides; what cannot be read goes to `problems`.

        Args:
            known: the recipe's arms, by which a name with dots is told from a key.
        """
        found: dict[str, Assignment] = {}
        own: dict[str, ForArms] = {}
        for text in overrides:
            _read_one(text, known, found, own, problems)
        for word, value in (("arms", arms), ("scale", scale)):
            if value is not None:
                values = (value,) if isinstance(value, str) else tuple(value)
                found[word] = Assignment(word, values, _spelled(word, values), _ORIGIN)
        chosen = chosen_arms(found.pop("arms", None), problems)
        texts = [a.text for a in (*found.values(), *(one.given for one in own.values()))]
        size = _scale(found.pop("scale", None), problems)
        texts += [_spelled("arms", chosen)] if chosen else []
        return cls(size, chosen, tuple(found.values()), tuple(own.values()), tuple(texts))


def _read_one(
    text: str,
    known: Collection[str],
    found: dict[str, Assignment],
    own: dict[str, ForArms],
    problems: Problems,
) -> None:
    split = _for_arms(text, known)
    if split is None and text.startswith(ARM_KEYS) and "=" in text:
        word = text.partition("=")[0]
        problems.add(f"{_ORIGIN}: '{word}' names no key", f"write {word}.KEY=VALUE")
        return
    pattern, inner = split or ("", text)
    try:
        given = replace(parse_override(inner, _ORIGIN), typed=True, text=text)
    except ConfigError as error:
        problems.take(error)
        return
    one = ForArms(pattern, given)
    key = one.key if split else given.key
    hidden = next((path for value in given.values for path in exposed_by(key, value)), None)
    if hidden is not None:
        problems.take(refusal(hidden, _ORIGIN))
    elif given.key == "recipe":
        problems.add(f"{_ORIGIN}: '{text}': one recipe a run, and it is chosen already")
    elif key in found or key in own:
        problems.add(f"{_ORIGIN}: {key} is given twice", f"to sweep write {key}=A,B")
    elif split:
        own[key] = one
    else:
        found[key] = given


def _for_arms(text: str, known: Collection[str]) -> tuple[str, str] | None:
    """Return (arm or pattern, ``KEY=VALUE``) of ``arms.NAME.KEY=VALUE``, None for another word."""
    word, equals, value = text.partition("=")
    if not word.startswith(ARM_KEYS) or not equals:
        return None
    split = split_word(word.removeprefix(ARM_KEYS), known)
    return None if split is None else (split[0], f"{split[1]}={value}")


def _spelled(word: str, values: Sequence[str]) -> str:
    return f"{word}={values[0]}" if word == "scale" else f"{word}=[{','.join(values)}]"


def chosen_arms(given: Assignment | None, problems: Problems) -> tuple[str, ...] | None:
    """Return the arms that ``arms=[…]`` names, None without it."""
    if given is None:
        return None
    names = [n for value in given.values for n in (value if isinstance(value, list) else [value])]
    if not names or not all(isinstance(name, str | int) for name in names):
        problems.add(f"{given.origin}: cannot use '{given.text}'", "write arms=[NAME,NAME]")
        return None
    chosen = tuple(str(name) for name in names)
    if len({*chosen}) < len(chosen):
        text = f"{given.origin}: '{given.text}' names an arm twice"
        problems.add(text, "name each arm once; to repeat one with other draws, seed=0,1")
    return chosen


def _scale(given: Assignment | None, problems: Problems) -> str | None:
    if given is None:
        return None
    if given.sweep or not isinstance(given.values[0], str) or not given.values[0]:
        problems.add(f"{_ORIGIN}: cannot use '{given.text}'", "one scale a run: scale=smoke")
        return None
    return given.values[0]


@dataclass(frozen=True)
class Layers:
    """Assignments that concern an arm, lowest first. ``own`` belong to that arm alone."""

    inline: tuple[Assignment, ...]
    shared: tuple[Assignment, ...]
    own: tuple[Assignment, ...]


@dataclass
class Point:
    """One arm, or one point of a sweep over it, before it is checked."""

    name: str
    arm: str
    values: dict[str, Any]
    origins: Origins
    swept: dict[str, Any]


@dataclass
class Usage:
    """Which arms each assignment reached, and which it left alone."""

    reached: dict[Assignment, dict[str, None]] = field(default_factory=dict)
    missed: dict[Assignment, dict[str, None]] = field(default_factory=dict)

    def note(self, given: Assignment, arm: str, applies: bool) -> None:
        """Remember whether `given` was set in `arm`."""
        (self.reached if applies else self.missed).setdefault(given, {})[arm] = None


class Expander:
    """Expands arms of one mounted recipe."""

    def __init__(
        self, mount: Mount, scale: str, stages: ArmStages, usage: Usage, problems: Problems
    ) -> None:
        self.mount = mount
        self.scale = scale
        self.stages = stages
        self.usage = usage
        self.problems = problems
        self.groups = groups()
        self.brought = brought_sections()

    def points(self, arm: str, layers: Layers) -> Iterator[Point]:
        """Yield the points of one arm; the arm alone if nothing is swept."""
        above = (*layers.shared, *layers.own)
        picks = [given for given in above if given.key in self.groups and self._known(given)]
        for chosen in product(*(given.values for given in picks)):
            picked = list(zip(picks, chosen, strict=True))
            yield from self._with_choices(arm, layers, picked)

    def _known(self, given: Assignment) -> bool:
        """Check the choices of a group; a wrong one is left out, so that later keys are checked."""
        known = self.mount.choices(given.key)
        wrong = [choice for choice in given.values if choice not in known]
        for choice in wrong:
            hint = choice_hint(given.key, str(choice), known)
            self.problems.add(f"{given.origin}: there is no {given.key}={choice}", hint)
        for choice in (str(value) for value in given.values if value in known):
            if hint := fault(choice):
                self.problems.add(
                    f"{given.origin}: '{shown(choice)}' cannot be a {given.key}", hint
                )
        return not wrong

    def _with_choices(
        self,
        arm: str,
        layers: Layers,
        picked: Sequence[tuple[Assignment, Any]],
    ) -> Iterator[Point]:
        values, origins = self._base({given.key: choice for given, choice in picked})
        opened = self._opened(layers) - set(values)
        values |= {section: {} for section in opened}
        self._inline(values, origins, layers.inline, arm, opened)
        above = [given for given in (*layers.shared, *layers.own) if given.key not in self.groups]
        fitting = [given for given in above if self._fits(given, values, arm)]
        swept = {given.key: choice for given, choice in picked if given.sweep}
        for chosen in product(*(given.values for given in fitting)):
            pairs = list(zip(fitting, chosen, strict=True))
            point = Point(arm, arm, _copy(values), origins.copy(), dict(swept))
            for given, value in pairs:
                _set(point.values, given.key, value)
                point.origins.note(given)
                point.swept |= {given.key: value} if given.sweep else {}
            yield self._resolved(point)

    def _opened(self, layers: Layers) -> set[str]:
        """Return the sections that are written without a choice: in the recipe, or by an arm alone
        where a plugin or a paper brings them, as all that stands there may be left out.
        """
        written = {given.key.split(".")[0] for given in layers.inline}
        own = {given.key.split(".")[0] for given in layers.own if "." in given.key}
        return written | (set(self.brought) & {*own, *self.mount.recipe.inline})

    def _resolved(self, point: Point) -> Point:
        try:
            point.values = resolve(point.values)
        except ConfigError as error:
            keys = (key for key, text in _flat(point.values) if "${" in text)
            key = next(keys, "")
            place = point.origins.places.get(point.origins.setter(key) or "", "")
            self.problems.add(f"{place}: {key}: {error.message}", error.hint)
        if changed := self.stages.changes(point.values.pop("stages", {})):
            point.values["stages"] = changed
        return point

    def _base(self, choices: dict[str, str]) -> tuple[dict[str, Any], Origins]:
        if self.scale in self.mount.choices("scale"):
            choices["scale"] = self.scale
        values = compose_groups(self.mount, choices)
        values["scale"] = {**(values.get("scale") or {}), "name": self.scale}
        values["seed"] = self.mount.recipe.seed
        chosen = {**self.mount.chosen(), **choices}
        groups = {group: f"{group}={choice}" for group, choice in chosen.items()}
        shared = self.stages.origins
        return values, Origins({**groups, **shared.places}, shared.typed)

    def _inline(
        self,
        values: dict[str, Any],
        origins: Origins,
        inline: Sequence[Assignment],
        arm: str,
        opened: set[str],
    ) -> None:
        """Set the recipe's own values; it may write a whole section without a choice.

        Of names that are not llmx's (`data.options`) it sets those that it writes: the others of
        the choice stay, as they do in Hydra.
        """
        for given in inline:
            section, _, field = given.key.partition(".")
            whole = section in opened
            if whole:
                self.usage.note(given, arm, True)
            if whole or self._fits(given, values, arm):
                held, value = values[section].get(field), given.values[0]
                beside = is_open(section, field) and isinstance(held, dict)
                if beside and isinstance(value, dict):
                    _set(values, given.key, {**held, **value})
                    for name in value:
                        origins.note(replace(given, key=f"{given.key}.{name}"))
                else:
                    _set(values, given.key, value)
                    origins.note(given)

    def _fits(self, given: Assignment, values: dict[str, Any], arm: str) -> bool:
        fits = self._has(given.key, values)
        self.usage.note(given, arm, fits)
        return fits

    def _has(self, key: str, values: dict[str, Any]) -> bool:
        if key.startswith(STAGE_KEYS):
            return self.stages.fits(key)
        section, _, name = key.partition(".")
        if not name:
            return key == "seed"
        held = values.get(section)
        if not isinstance(held, dict):
            return False
        field, _, inner = name.partition(".")
        if inner:
            unset: Any = {} if section in self.brought else None
            return is_open(section, field) and isinstance(held.get(field, unset), dict)
        if section in self.brought:
            return name in fields(section)  # of one class, whatever choice wrote it out
        if name in held or key in EVERYWHERE:
            return True
        # A field that no choice writes out is open to all of them.
        return name in fields(section) and not self.mount.holders(section, name)


def _copy(values: dict[str, Any]) -> dict[str, Any]:
    return {name: _copy(held) if isinstance(held, dict) else held for name, held in values.items()}


def _flat(values: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for section, held in values.items():
        for name, value in held.items() if isinstance(held, dict) else ():
            yield f"{section}.{name}", str(value)


def _set(values: dict[str, Any], key: str, value: Any) -> None:
    if key.startswith(STAGE_KEYS):
        set_option(values, key, value)
        return
    *sections, name = key.split(".", 2)
    for section in sections:
        values = values.setdefault(section, {})
    values[name] = value


def without_idle(
    points: Sequence[Point], stages: ArmStages
) -> tuple[list[Point], dict[str, list[str]]]:
    """Return the points, those as one that differ in a stage which has nothing to do for the arm.

    Also swept key → the arms that it means nothing to. What a stage does not do cannot be varied:
    two such points would be one arm that is shown twice.
    """
    found: dict[tuple[str, str], Point] = {}
    idle: dict[str, dict[str, None]] = {}
    for point in points:
        for key in [key for key in point.swept if _is_idle(key, point, stages)]:
            idle.setdefault(key, {})[point.arm] = None
            _unset(point, key)
        found.setdefault((point.arm, repr(point.swept)), point)
    return list(found.values()), {key: list(arms) for key, arms in idle.items()}


def _is_idle(key: str, point: Point, stages: ArmStages) -> bool:
    """Whether a key is of a stage that has nothing to do; not of an arm that is refused anyway."""
    if not key.startswith(STAGE_KEYS):
        return False
    arm = check_arm(point.arm, point.values, point.origins.places, Problems())
    return arm is not None and stages.is_idle(parted(key)[0], point.arm, arm)


def _unset(point: Point, key: str) -> None:
    name, option, inner = parted(key)
    del point.swept[key]
    held = point.values.get("stages", {})
    held.get(name, {}).pop(".".join((option, *inner)), None)
    if name in held and not held[name]:
        del held[name]


def name_points(points: Sequence[Point]) -> None:
    """Name the points of a sweep after what differs: ``sd@gamma=3``."""
    keys = {key for point in points for key in point.swept}
    short = {key: key.rsplit(".", 1)[-1] for key in keys}
    names = list(short.values())
    for key, word in short.items():
        short[key] = key if names.count(word) > 1 else word
    for point in points:
        parts = [f"@{short[key]}={_word(value)}" for key, value in point.swept.items()]
        point.name = shortened(point.arm + "".join(parts))


def _word(value: Any) -> str:
    text = "null" if value is None else str(value)
    word = re.sub(r"[^\w.+-]+", "_", text.lower() if isinstance(value, bool) else text, flags=re.A)
    return re.sub(r"\.$", "_", word)
