"""What became of each setting: applied everywhere, to some arms (a note), or nowhere (an error)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from llmx.config.arm_stages import PREFIX, ArmStages
from llmx.config.command_line import CommandLine
from llmx.config.edge import Assignment
from llmx.config.mount import Mount
from llmx.config.points import Point, Usage
from llmx.config.problems import Problems
from llmx.config.recipe import groups, sections
from llmx.config.schema import fields, keys, suggest
from llmx.config.stage_keys import stage_keys


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
    if setting.key.startswith(PREFIX):
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
