"""Lines of a plan on comparisons that are not like for like."""

from __future__ import annotations

from collections.abc import Iterator

from llmx.core.alike import unlike
from llmx.core.arms import families
from llmx.core.spec import RunSpec
from llmx.report.verdict.schema import pairs_of


def alike_notes(spec: RunSpec) -> tuple[str, ...]:
    """Return a line for each pair of arms whose comparison rests on more than their rules."""
    arms = {name: spec.arms[members[0]] for name, members in families(spec.arms).items()}
    known = ((one, other) for one, other in _pairs(spec) if one in arms and other in arms)
    found = {(o, t): unlike(arms[o].sampler, arms[t].sampler) for o, t in known}
    return tuple(
        f"{one} beside {other} is not like for like: {', '.join(why)}"
        for (one, other), why in found.items()
        if why
    )


def _pairs(spec: RunSpec) -> Iterator[tuple[str, str]]:
    """Yield every arm with its reference, and the pairs that findings compare."""
    yield from spec.references.items()
    for stage in spec.stages:
        findings = stage.options.get("findings") if stage.kind == "verdicts" else None
        for finding in findings or ():
            yield from pairs_of(finding)
