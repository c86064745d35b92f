"""Where a run sends to, in words, and the refusal of what the user has not allowed."""

from __future__ import annotations

import os
from collections.abc import Iterator

from llmx.core import hosts
from llmx.core.errors import ConfigError
from llmx.core.spec import Destination, RunSpec


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
