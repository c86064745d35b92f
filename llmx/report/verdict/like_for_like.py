"""A word that rests on more than what is compared falls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmx.core.spec import SamplerSpec, unlike
from llmx.report.verdict.every_arm import figured
from llmx.report.verdict.model import DECISIVE, Verdict
from llmx.report.verdict.schema import pairs_of


def like_for_like(
    verdict: Verdict, finding: Mapping[str, Any], samplers: Mapping[str, SamplerSpec | None]
) -> Verdict:
    """Return the verdict, or *not comparable* where a pair differs in more than its rule.

    A baseline that samples beside an arm that is nearly greedy loses to greedy decoding, not to
    the rule of that arm. Figures stay, so that everybody can see what was measured.

    Args:
        samplers: of the arms of the run, by family.
    """
    known = figured(verdict)
    pairs = [pair for pair in pairs_of(finding) if known.issuperset(pair)]
    odd = {pair: unlike(*(samplers.get(name) for name in pair)) for pair in pairs}
    said = [f"`{one}` and `{two}` have {', '.join(why)}" for (one, two), why in odd.items() if why]
    if not said:
        return verdict
    reason = f"Not like for like: {'; '.join(said)}. {verdict.reason}"
    decided = verdict.word in DECISIVE or verdict.leans is not None
    fallen = {"word": "not comparable", "leans": None, "p": None} if decided else {}
    return verdict.model_copy(update={"reason": reason, **fallen})
