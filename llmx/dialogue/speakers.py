"""Who speaks and who listens to whom: a mixture of agents and a debate are one kind of graph.

Mixture of agents (Wang et al., arXiv 2406.04692): every member of a layer hears all of the layer
before; one aggregator hears the last. Debate: in every round each debater hears what all, itself
included, said in the round before; the answer is one debater's last. So a debate is a mixture whose
listeners know which of the drafts is their own.
"""

from __future__ import annotations

from dataclasses import dataclass

from llmx.core.ensemble import EnsembleSpec
from llmx.core.events import ANSWER


@dataclass(frozen=True)
class Speaker:
    """One answer that is written.

    Attributes:
        name: ``LAYER.PLACE`` from 1, or ``answer`` for what the reader sees.
        voice: the model, by its name in the ensemble.
        sources: speakers that it hears, in order.
        own: the one among them that spoke with the same place a round before; debates only.
    """

    name: str
    voice: str
    layer: int
    sources: tuple[str, ...] = ()
    own: str | None = None

    def id_in(self, answer: str) -> str:
        """Return the id of its requests in one answer."""
        return f"{answer}/{self.name}"


def speakers(spec: EnsembleSpec) -> tuple[Speaker, ...]:
    """Return all speakers, sources before listeners, the answer last."""
    found: list[Speaker] = []
    before: tuple[str, ...] = ()
    for layer in range(1, spec.layers):
        names = tuple(f"{layer}.{place}" for place in range(1, len(spec.proposers) + 1))
        for place, (name, voice) in enumerate(zip(names, spec.proposers, strict=True)):
            found.append(Speaker(name, voice, layer, before, _own(spec, before, place)))
        before = names
    place = spec.proposers.index(spec.aggregator) if spec.kind == "mad" else 0
    own = _own(spec, before, place)
    return (*found, Speaker(ANSWER, spec.aggregator, spec.layers, before, own))


def _own(spec: EnsembleSpec, before: tuple[str, ...], place: int) -> str | None:
    return before[place] if spec.kind == "mad" and before else None
