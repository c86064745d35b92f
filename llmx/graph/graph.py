"""The stages of a recipe, expanded over its arms, with equal work merged.

A node is one piece of work, named by its fingerprint. Two arms (or sweep points, or recipes) whose
stages mean the same share the node, so a baseline that forty points have in common runs once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from llmx.core.errors import ConfigError
from llmx.core.registry import lookup
from llmx.core.section import read_sections, sections_of
from llmx.core.spec import ArmSpec, RunSpec, StageSpec
from llmx.core.stage import Stage, StageInput
from llmx.store.cache import Entry
from llmx.store.fingerprint import fingerprint
from llmx.store.machine import looking_once, machine

CACHE = "cache"
"""Where the outputs of all stages stand, under the folder of the runs."""


def entry_of(cache: Path, node: Node) -> Entry:
    """Return where a node's output stands."""
    return Entry(cache, node.stage.kind, node.fingerprint)


@dataclass(frozen=True)
class Node:
    """One piece of work."""

    fingerprint: str
    stage: Stage
    given: StageInput
    identity: Mapping[str, Any]
    inputs: Mapping[str, str]
    """Input name (``need``, or ``need/arm``) → fingerprint."""
    labels: list[tuple[str, str | None]] = field(default_factory=list)
    """Every (stage name, arm) that this work stands for; the arm is None for ``over: recipe``."""

    @property
    def title(self) -> str:
        """What to show a person: the stage, and the arms that share it."""
        arms = [arm for _, arm in self.labels if arm is not None]
        return f"{self.labels[0][0]} {', '.join(arms)}".strip()


@dataclass(frozen=True)
class Graph:
    """Nodes in an order in which they can run."""

    nodes: tuple[Node, ...]

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)

    def before_timing(self, node: Node) -> bool:
        """Whether a node is no measurement of this machine and uses none: others may share it."""
        return node.fingerprint in self._before_timing

    @cached_property
    def _before_timing(self) -> frozenset[str]:
        found: set[str] = set()
        for node in self.nodes:  # inputs come first
            if not node.stage.timing and found.issuperset(node.inputs.values()):
                found.add(node.fingerprint)
        return frozenset(found)

    def find(self, stage: str, arm: str | None = None) -> Node | None:
        """Return the node that stands for a stage (of an arm), if it has anything to do."""
        wanted = (stage, arm)
        return next((node for node in self.nodes if wanted in node.labels), None)


def stage_order(stages: tuple[StageSpec, ...]) -> list[StageSpec]:
    """Return the stages so that every need comes before what needs it, else as they are written.

    Raises:
        ConfigError: if stages wait for one another in a circle (composition finds it before).
    """
    left, order = list(stages), list[StageSpec]()
    names = {stage.name for stage in stages}
    while left:
        waiting = names - {stage.name for stage in order}
        ready = next((stage for stage in left if not waiting.intersection(stage.needs)), None)
        if ready is None:
            raise ConfigError(f"stages wait in a circle: {', '.join(s.name for s in left)}")
        left.remove(ready)
        order.append(ready)
    return order


def build_graph(spec: RunSpec) -> Graph:
    """Expand a recipe; nothing is run and no model library is imported."""
    builder = _Builder(spec)
    with looking_once():
        for stage in stage_order(spec.stages):
            builder.add(stage)
    return Graph(builder.kept())


class _Builder:
    def __init__(self, spec: RunSpec) -> None:
        self.spec = spec
        self.nodes: dict[str, Node] = {}
        self.place: dict[tuple[str, str | None], str] = {}
        self.by_name = {stage.name: stage for stage in spec.stages}
        self.of_arm = {name: self._as_in(arm) for name, arm in spec.arms.items()}
        self.over = {stage.name: stage.over for stage in spec.stages}

    def _as_in(self, arm: ArmSpec) -> Mapping[str, StageSpec]:
        """Return the stages as an arm has them; most arms change none and share them."""
        if not arm.stages:
            return self.by_name
        return {name: stage.of_arm(arm) for name, stage in self.by_name.items()}

    def add(self, stage: StageSpec) -> None:
        if stage.over == "recipe":
            self._add_node(stage, None, self.spec.arms, self.by_name)
            return
        for name, arm in self.spec.arms.items():
            self._add_node(self.of_arm[name][stage.name], name, {name: arm}, self.of_arm[name])

    def _add_node(
        self,
        spec: StageSpec,
        arm: str | None,
        arms: Mapping[str, ArmSpec],
        stages: Mapping[str, StageSpec],
    ) -> None:
        stage: Stage = lookup("stage", spec.kind)()
        read = sections_of(stage, arms)
        arms = {name: held.with_sections(read) for name, held in arms.items()}
        given = StageInput(spec, arms, self.spec.reference, self.spec.references, stages)
        if not stage.applies(given):
            return
        identity = {**stage.identity(given), **read_sections(arms, spec.over)}
        inputs = dict(self._inputs(spec, arm))
        name = _name_of(stage, identity, inputs)
        node = Node(name, stage, given, identity, inputs)
        self.nodes.setdefault(name, node).labels.append((spec.name, arm))
        self.place[spec.name, arm] = name

    def _inputs(self, spec: StageSpec, arm: str | None) -> Iterator[tuple[str, str]]:
        for need in spec.needs:
            for of_arm in self._arms_of(need, arm):
                found = self.place.get((need, of_arm))
                if found is not None:
                    yield (f"{need}/{of_arm}" if arm is None and of_arm else need), found

    def _arms_of(self, need: str, arm: str | None) -> list[str | None]:
        if self.over[need] == "recipe":
            return [None]
        return [arm] if arm else list(self.spec.arms)

    def kept(self) -> tuple[Node, ...]:
        """Drop work that nothing asks for: results are the stages that no other stage needs."""
        needed = {need for stage in self.spec.stages for need in stage.needs}
        wanted = {name for (stage, _), name in self.place.items() if stage not in needed}
        for node in reversed(self.nodes.values()):
            if node.fingerprint in wanted:
                wanted.update(node.inputs.values())
        return tuple(node for node in self.nodes.values() if node.fingerprint in wanted)


def _name_of(stage: Stage, identity: Mapping[str, Any], inputs: Mapping[str, str]) -> str:
    return fingerprint(
        {
            "kind": stage.kind,
            "version": stage.version,
            "identity": identity,
            "inputs": inputs,
            # a measurement of this machine means nothing on another one
            "machine": machine() if stage.timing else None,
        }
    )
