"""What claims on MMEB measure: hit@1 over the tasks of a category, of a domain, or over all."""

from __future__ import annotations

from llmx.claims.quantity import Quantity


def _of(group: str, tasks: int) -> Quantity:
    said = "{figure} % of first targets right, " + group
    return Quantity(said, unit="percent", figure=f"hit@1, {group} ({tasks})", alone=True)


RETRIEVAL = _of("retrieval", 12)
CLASSIFICATION = _of("classification", 10)
VQA = _of("VQA", 10)
GROUNDING = _of("grounding", 4)
IN_DOMAIN = _of("in domain", 20)
OUT_OF_DOMAIN = _of("out of domain", 16)
AVERAGE = _of("average", 36)
VQA_INSIDE = _of("in domain", 6)
VQA_OUTSIDE = _of("out of domain", 4)
VQA_AVERAGE = _of("average", 10)
RETRIEVAL_INSIDE = _of("in domain", 8)
RETRIEVAL_OUTSIDE = _of("out of domain", 4)
RETRIEVAL_AVERAGE = _of("average", 12)
