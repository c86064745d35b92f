"""Words of Countdown traces."""

from __future__ import annotations

from collections.abc import Mapping

from llmx.data.traces.moves import ChainMove, Missed
from llmx.data.traces.wording import Form, Phrases, Template

_OPERATOR = r"[-+*/]"


def _move(fields: Mapping[str, str]) -> ChainMove:
    left, right, value = (int(fields[name]) for name in ("left", "right", "value"))
    return ChainMove(left, fields["operator"], right, value)


def _missed(fields: Mapping[str, str]) -> Missed:
    return Missed(int(fields["value"]), int(fields["target"]))


def _phrases(move: str, missed: str, **rest: str) -> Phrases[ChainMove, Missed]:
    return Phrases(
        moves=[Form(Template(move, operator=_OPERATOR), vars, _move)],
        reasons=[Form(Template(missed), vars, _missed)],
        **rest,
    )


PHRASES: dict[str, Phrases[ChainMove, Missed]] = {
    "plain": _phrases(
        "{left} {operator} {right} = {value}.",
        "That makes {value}, not {target}, so this path fails.",
        step="Step {step}: ",
        again="Step {step} again: ",
        back="Go back to step {to}.",
        done="That is the target.",
    ),
    "terse": _phrases(
        "{left} {operator} {right} = {value}",
        "{value} is not {target}",
        step="{step}: ",
        again="{step} again: ",
        back="back to {to}",
        done="done",
    ),
}
"""Wording → phrases."""
