"""From an arm of a recipe to what the server asks."""

from __future__ import annotations

from llmx.core.errors import ConfigError
from llmx.core.exposure import refuse_exposed
from llmx.core.spec import RunSpec
from llmx.engines.stream.open import open_cast
from llmx.graph.graph import refusal
from llmx.serve.answerer import EnsembleAnswerer
from llmx.stages.ensemble import ensemble_of


def open_answerer(spec: RunSpec, arm: str | None = None) -> EnsembleAnswerer:
    """Return the answerer of an arm, by default the first that streams in a staircase.

    Raises:
        ConfigError: for an arm that is not there or cannot answer, or a host that is not allowed.
    """
    refuse_exposed(spec)
    refused = refusal(spec)
    if refused is not None:
        raise refused
    chosen = arm or _default(spec)
    if chosen not in spec.arms:
        raise ConfigError(f"{spec.name} has no arm '{chosen}'", f"arms: {', '.join(spec.arms)}")
    found = spec.arms[chosen]
    if found.sampler is None:
        raise ConfigError(f"arm '{chosen}' has no sampler", "add sampler=greedy")
    ensemble = ensemble_of(found)
    cast = open_cast(ensemble, found.engine)
    return EnsembleAnswerer(spec.name, ensemble, cast, found.sampler, found.seed)


def _default(spec: RunSpec) -> str:
    stairs = [n for n, a in spec.arms.items() if a.ensemble and a.ensemble.streaming == "staircase"]
    return stairs[0] if stairs else spec.reference or next(iter(spec.arms))
