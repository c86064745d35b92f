"""The stages of a recipe, expanded over its arms, with equal work merged.

A node is one piece of work, named by its fingerprint. Two arms (or sweep points, or recipes) whose
stages mean the same share the node, so a baseline that forty points have in common runs once. What
a stage reads of its inputs is checked here too: nothing is trained before it is refused.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from llmx.core import hosts
from llmx.core.errors import ConfigError
from llmx.core.registry import lookup
from llmx.core.section import EVERY
from llmx.core.spec import ArmSpec, Destination, RunSpec, StageSpec
from llmx.core.stage import Portioned, Stage, StageInput
from llmx.stages.decode import problems_of, split_of
from llmx.store.cache import Entry
from llmx.store.fingerprint import fingerprint
from llmx.store.machine import looking_once, measured_machine


def refusal(spec: RunSpec) -> ConfigError | None:
    """Return why nothing may be sent to one of the hosts; None if all are allowed."""
    for to in spec.destinations:
        refused = hosts.refusal(to)
        if refused is not None:
            return ConfigError(f"{to.place}: {refused.message}", refused.hint)
    return None


def sending(spec: RunSpec) -> tuple[str, ...]:
    """Return a line for each place that a run sends to: what, where, and with which key."""
    return tuple(dict.fromkeys(_lines(spec)))


def _lines(spec: RunSpec) -> Iterator[str]:
    for to in spec.destinations:
        if to.key_env is None:
            yield f"sends figures of training runs by {to.url} ({to.place}){_unless(to)}"
        else:
            yield f"sends prompts of the {to.what} to {to.url} ({to.place}){_unless(to)}"


def _unless(to: Destination) -> str:
    if hosts.refusal(to) is not None:
        return f": not before `llmx trust {hosts.entry_of(to.url)}`"
    if to.key_env is None:
        return ""
    if not hosts.may_have_key(to):
        entry = hosts.entry_of(to.url)
        return f", without the key in ${to.key_env}: not before `llmx trust {entry}`"
    there = "" if os.environ.get(to.key_env) else ", which is not set"
    return f", with the key in ${to.key_env}{there}"


def unread(spec: RunSpec, graph: Graph) -> tuple[str, ...]:
    """Return a line for each section of a plugin that arms set and no stage of theirs reads."""
    read = {
        (arm, section)
        for node in graph
        for _, of in node.labels
        for arm in ([of] if of is not None else spec.arms)
        for section in sections_of(node.stage, {})  # who shows all reads none
    }
    unseen: dict[str, list[str]] = {}
    for arm, held in spec.arms.items():
        for section in held.more:
            if (arm, section) not in read:
                unseen.setdefault(section, []).append(arm)
    return tuple(
        f"no stage reads `{section}` of {_listed(arms, spec.arms)}: what is set there changes"
        " nothing"
        for section, arms in unseen.items()
    )


def _listed(arms: list[str], all_arms: Collection[str]) -> str:
    if len(arms) == len(all_arms):
        return "any arm"
    return f"arm {arms[0]}" if len(arms) == 1 else f"arms {', '.join(arms)}"


_SAMPLES = ("decode", "ensemble_decode", "pool")
_ANSWERS = (*_SAMPLES, "agent")
_ROWS = ("corpus", "traces", "answers", "sampled", "prompts", "aggregation_corpus")
_TRAINED_ON = ("sft", "dpo", "grpo", "rloo")


@dataclass(frozen=True)
class Reads:
    """What a kind of stage needs among its inputs.

    Attributes:
        kinds: of stages, one of which must be there.
        one: whether there may be no second.
        alike: whether it must have answered the split that the stage reads.
    """

    kinds: tuple[str, ...]
    one: bool = False
    alike: bool = False


_READS: Mapping[str, tuple[Reads, ...]] = {
    "score": (Reads(_ANSWERS, one=True, alike=True),),
    "classes": (Reads(_ANSWERS, one=True, alike=True),),
    "audit": (Reads(_ANSWERS, alike=True),),
    "judge": (Reads(_ANSWERS),),
    "sampled": (Reads(_SAMPLES),),
    "divergence_log": (Reads(_SAMPLES, alike=True),),
    "explore": (Reads(("divergence_log",)),),
    "win_rates": (Reads(("judge",)),),
    "aggregation_corpus": (Reads(("corpus",)), Reads(_SAMPLES)),
    "tokenizer": (Reads(_ROWS),),
    "train": (Reads(_ROWS),),
    **dict.fromkeys(_TRAINED_ON, (Reads(_ROWS),)),
}


def check_wiring(graph: Graph) -> None:
    """Refuse a stage that lacks what it reads, reads of another split, or answers nothing.

    Raises:
        ConfigError: naming the first such stage, and what to write.
    """
    nodes = {node.fingerprint: node for node in graph}
    for node in graph:
        inputs = {name: nodes[of] for name, of in node.inputs.items()}
        for reads in _reads_of(node):
            found = {name: of for name, of in inputs.items() if of.stage.kind in reads.kinds}
            _check_there(node, reads, found, all(map(_ours, inputs.values())))
            if reads.alike and found:
                _check_split(node, *next(iter(found.items())))
        _check_problems(node)


def _reads_of(node: Node) -> tuple[Reads, ...]:
    reads = _READS.get(node.stage.kind, ()) if _ours(node) else ()
    taken = any(node.given.stage.options.get(name) for name in ("base", "tokenizer"))
    own = node.stage.kind == "train" and not taken
    return (*reads, Reads(("tokenizer",))) if own else reads


def _ours(node: Node) -> bool:
    return type(node.stage).__module__.startswith("llmx.")


def _check_there(node: Node, reads: Reads, found: Mapping[str, Node], known: bool) -> None:
    """Refuse none, and more than one where one is read; `known` = no input is of a plugin."""
    if (found or not known) and not (reads.one and len(found) > 1):
        return
    stage, kinds = node.given.stage, _either(reads.kinds)
    number, arm = "exactly one stage" if reads.one else "a stage", _arm_of(node)
    there = f"needs {', '.join(found)}" if found else "has none"
    raise ConfigError(
        f"stage '{stage.name}' reads what {number} of kind {kinds} writes, and{arm} {there}",
        f"stages.{stage.name}.needs=[NAME]",
    )


def _either(words: Sequence[str]) -> str:
    """Return words with an `or` before the last."""
    return " or ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def _check_split(node: Node, name: str, of: Node) -> None:
    mine, other = split_of(node.given), split_of(of.given)
    if mine != other:
        stage, answers = node.given.stage.name, name.partition("/")[0]
        raise ConfigError(
            f"stage '{stage}' reads split '{mine}', and stage '{answers}' answers '{other}'",
            f"stages.{stage}.split={other}, or stages.{answers}.split={mine}",
        )


def _check_problems(node: Node) -> None:
    if node.stage.kind in _ANSWERS and problems_of(node.given) == 0:
        split = split_of(node.given)
        raise ConfigError(
            f"stage '{node.given.stage.name}' answers split '{split}', which has no problems",
            f"set data.{split}=NUMBER, or leave the stage out: stages.{node.given.stage.name}=null",
        )


def _arm_of(node: Node) -> str:
    """Return the arm for a message, where a stage could be there in one and not in another."""
    arm = node.labels[0][1]
    return "" if arm is None else f" arm '{arm}'"


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
    portions: list[tuple[str, str | None, str]] = field(default_factory=list)
    """Every (stage name, arm, name) of which it is a portion; it can be a stage itself too."""

    @property
    def portion(self) -> str:
        """Name among the portions of a stage; empty for what a recipe names as a stage."""
        return "" if self.labels else self.portions[0][2]

    @property
    def title(self) -> str:
        """What to show a person: the stage, and the arms that share it."""
        labels = self.labels or [(stage, arm) for stage, arm, _ in self.portions]
        arms = [arm for _, arm in labels if arm is not None]
        return " ".join(filter(None, (labels[0][0], ", ".join(arms), self.portion)))


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


def sections_of(stage: object, arms: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the sections that a stage says it reads; none where it says nothing.

    Args:
        arms: of which a stage that reads :data:`EVERY` section reads all that they hold.
    """
    if getattr(stage, "sections", ()) == EVERY:
        return tuple(dict.fromkeys(name for arm in arms.values() for name in arm.more))
    return tuple(one.section for one in getattr(stage, "sections", ()))


def read_sections(arms: Mapping[str, Any], over: str) -> dict[str, Any]:
    """Return what the sections of a stage's arms add to its identity; nothing without any.

    Args:
        arms: as the stage sees them, with the sections that it reads alone.
        over: ``arm`` or ``recipe``: whether the names of arms belong to what the stage is.
    """
    held = {name: arm.more for name, arm in arms.items() if arm.more}
    if not held:
        return {}
    return {"sections": held if over == "recipe" else next(iter(held.values()))}


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
        inputs = dict(self._inputs(spec, arm))
        if isinstance(stage, Portioned):
            inputs = {
                name: self._keep(lookup("stage", one.stage.kind)(), one, inputs, arm, name)
                for name, one in stage.portions(given).items()
            }
        self.place[spec.name, arm] = self._keep(stage, given, inputs, arm)

    def _keep(
        self,
        stage: Stage,
        given: StageInput,
        inputs: Mapping[str, str],
        arm: str | None,
        portion: str = "",
    ) -> str:
        """Add a node, or one more meaning of one that is there; return its fingerprint."""
        identity = {**stage.identity(given), **read_sections(given.arms, given.stage.over)}
        name = _name_of(stage, identity, inputs)
        node = self.nodes.setdefault(name, Node(name, stage, given, identity, inputs))
        if portion:
            node.portions.append((given.stage.name, arm, portion))
        else:
            node.labels.append((given.stage.name, arm))
        return name

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
            "machine": measured_machine() if stage.timing else None,
        }
    )
