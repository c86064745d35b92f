"""What became of each setting: applied everywhere, to some arms (a note), or nowhere (an error)."""

from __future__ import annotations

from collections.abc import Sequence

from llmx.config.command_line import CommandLine
from llmx.config.edge import Assignment
from llmx.config.mount import Mount
from llmx.config.points import Point, Usage
from llmx.config.problems import Problems
from llmx.config.recipe import GROUPS, SECTIONS
from llmx.config.schema import FIELDS, keys, suggest
from llmx.config.stages import stage_keys


def report(
    usage: Usage,
    mount: Mount,
    points: Sequence[Point],
    given: CommandLine,
    problems: Problems,
) -> list[str]:
    """Return a line for each setting of the command line that reached only some arms.

    A setting that reached none is a problem, with the nearest key that would have reached one.
    """
    notes = []
    for setting, missed in usage.missed.items():
        reached = usage.reached.get(setting, {})
        if not reached:
            _unknown(setting, mount, points, given, problems)
        elif setting in given.settings:
            few = f"not to {', '.join(missed)}, which has no such key"
            notes.append(f"{setting.text} applies to {', '.join(reached)}; {few}")
    return notes


def _unknown(
    setting: Assignment,
    mount: Mount,
    points: Sequence[Point],
    given: CommandLine,
    problems: Problems,
) -> None:
    section, _, name = setting.key.partition(".")
    place = f"{setting.origin}: "
    field = name.partition(".")[0]  # of engine.options.NAME
    holders = mount.holders(section, field) if field in FIELDS.get(section, ()) else []
    if section in SECTIONS and points and not any(section in p.values for p in points):
        choices = "|".join(mount.choices(section))
        hint = f"choose one first: {section}={choices}"
        problems.add(f"{place}{setting.key}: {mount.recipe.name} has no {section}", hint)
    elif holders and given.arms is not None and setting not in given.settings:
        return  # a layer of the recipe for arms that arms=[…] left out
    elif holders:
        hint = f"{section}={'|'.join(holders)} would have it"
        problems.add(f"{place}no arm here has {setting.key}", hint)
    else:
        problems.add(f"{place}unknown key '{setting.key}'", _hint(setting, mount, points))


def _hint(setting: Assignment, mount: Mount, points: Sequence[Point]) -> str:
    sections = {name for point in points for name in point.values if name in FIELDS}
    words = ["seed", "arms", *GROUPS, *stage_keys(mount.recipe)]
    return suggest(setting.key, [*keys(sections), *words])
