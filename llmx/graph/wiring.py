"""What a stage reads of its inputs, checked in the plan: nothing is trained before it is refused.

Only kinds that llmx ships are checked. What another package's stage writes is not known, so a stage
that needs one is left alone.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from llmx.core import hosts
from llmx.core.errors import ConfigError
from llmx.core.section import sections_of, shows_all
from llmx.core.spec import Destination, RunSpec
from llmx.graph.graph import Graph, Node
from llmx.stages.decode import problems_of, split_of


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
            yield f"sends figures of trainings by {to.url} ({to.place}){_unless(to)}"
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
        if not shows_all(node.stage)
        for _, of in node.labels
        for arm in ([of] if of is not None else spec.arms)
        for section in sections_of(node.stage, {})
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


_SAMPLES = ("decode", "ensemble_decode")
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
    "score": (Reads(_SAMPLES, one=True, alike=True),),
    "audit": (Reads(_SAMPLES, alike=True),),
    "judge": (Reads(_SAMPLES),),
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
    own = node.stage.kind == "train" and not node.given.stage.options.get("base")
    return (*reads, Reads(("tokenizer",))) if own else reads


def _ours(node: Node) -> bool:
    return type(node.stage).__module__.startswith("llmx.")


def _check_there(node: Node, reads: Reads, found: Mapping[str, Node], known: bool) -> None:
    """Refuse none, and more than one where one is read; `known` = no input is of a plugin."""
    if (found or not known) and not (reads.one and len(found) > 1):
        return
    stage, kinds = node.given.stage, " or ".join(reads.kinds)
    number, arm = "exactly one stage" if reads.one else "a stage", _arm_of(node)
    there = f"needs {', '.join(found)}" if found else "has none"
    raise ConfigError(
        f"stage '{stage.name}' reads what {number} of kind {kinds} writes, and{arm} {there}",
        f"stages.{stage.name}.needs=[NAME]",
    )


def _check_split(node: Node, name: str, of: Node) -> None:
    mine, other = split_of(node.given), split_of(of.given)
    if mine != other:
        stage, answers = node.given.stage.name, name.partition("/")[0]
        raise ConfigError(
            f"stage '{stage}' reads split '{mine}', and stage '{answers}' answers '{other}'",
            f"stages.{stage}.split={other}, or stages.{answers}.split={mine}",
        )


def _check_problems(node: Node) -> None:
    if node.stage.kind in _SAMPLES and problems_of(node.given) == 0:
        split = split_of(node.given)
        raise ConfigError(
            f"stage '{node.given.stage.name}' answers split '{split}', which has no problems",
            f"set data.{split}=NUMBER, or leave the stage out: stages.{node.given.stage.name}=null",
        )


def _arm_of(node: Node) -> str:
    """Return the arm for a message, where a stage could be there in one and not in another."""
    arm = node.labels[0][1]
    return "" if arm is None else f" arm '{arm}'"
