"""What an engine counts over all of its answers: acceptance by position, and divergences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

_SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)


class Account:
    """Adds up the counts of requests.

    Attributes:
        loaded: what each of vLLM's workers says that it runs with.
    """

    def __init__(self) -> None:
        self.loaded: list[dict[str, Any]] = []
        self.answers = self.cached = 0
        self._looked, self._kept = Counter[int](), Counter[int]()
        self._divergences: list[float] = []

    def add(self, told: Mapping[str, Any], cached: int) -> None:
        """Add one request.

        Args:
            told: the tally of the plugin.
            cached: prompt tokens that the prefix cache held.
        """
        self.answers += 1
        self.cached += cached
        for drafted, accepted, _ in told["rounds"]:
            # After the first rejection nothing of a block is looked at.
            self._looked.update(range(min(accepted + 1, drafted)))
            self._kept.update(range(min(accepted, drafted)))
        self._divergences += [value for _, value in told["divergences"]]

    def summary(self) -> dict[str, Any]:
        """Return the sums as plain values."""
        return {
            "workers": self.loaded,
            "answers": self.answers,
            "cached_prompt_tokens": self.cached,
            "acceptance_by_position": [
                {"position": at, "looked_at": self._looked[at], "accepted": self._kept[at]}
                for at in sorted(self._looked)
            ],
            "divergence_quantiles": quantiles(self._divergences),
        }


def quantiles(values: Sequence[float]) -> dict[str, float]:
    """Return some quantiles of the values (the nearest one above), none of no values."""
    ranked = sorted(values)
    return {f"{share:g}": ranked[int(share * len(ranked))] for share in _SHARES if ranked}
