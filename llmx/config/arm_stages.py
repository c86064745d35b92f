"""What an arm, or a point of a sweep, may change of the stages that are made for each arm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from llmx.config.edge import Assignment
from llmx.config.origins import Origins
from llmx.config.schema import suggest
from llmx.config.stages import OWN, arm_keys, parted, reaches
from llmx.core.options import option_names
from llmx.core.spec import StageSpec

PREFIX = "stages."


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
            hint = f"its options are {PREFIX}{name}.KEY" if stage.over == "arm" else ""
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
