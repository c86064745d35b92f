"""Intervals, paired tests and power, one definition of each.

Names are imported on first use: the plan needs :func:`minimum_detectable_effect` alone, and that
must not cost the import of numpy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from llmx.stats.bootstrap import bootstrap, bootstrap_mean
    from llmx.stats.crossed import TwoLevel, paired_two_level, two_level
    from llmx.stats.fieller import ratio_two_level
    from llmx.stats.interval import Interval
    from llmx.stats.inversion import p_beyond
    from llmx.stats.mcnemar import mcnemar_exact, mcnemar_midp
    from llmx.stats.multiple import holm
    from llmx.stats.paired import Paired, paired_difference
    from llmx.stats.permutation import permutation_test
    from llmx.stats.power import mcnemar_power, minimum_detectable_effect
    from llmx.stats.proportion import paired_score_interval, wilson
    from llmx.stats.rates import rate_interval, ratio_interval, ratio_interval_at
    from llmx.stats.ratio import ratio_at, ratio_of_means
    from llmx.stats.tost import Equivalence, equivalence

_HOME = {
    "Equivalence": "tost",
    "Interval": "interval",
    "Paired": "paired",
    "TwoLevel": "crossed",
    "bootstrap": "bootstrap",
    "bootstrap_mean": "bootstrap",
    "equivalence": "tost",
    "holm": "multiple",
    "mcnemar_exact": "mcnemar",
    "mcnemar_midp": "mcnemar",
    "mcnemar_power": "power",
    "minimum_detectable_effect": "power",
    "p_beyond": "inversion",
    "paired_difference": "paired",
    "paired_score_interval": "proportion",
    "paired_two_level": "crossed",
    "permutation_test": "permutation",
    "rate_interval": "rates",
    "ratio_at": "ratio",
    "ratio_interval": "rates",
    "ratio_interval_at": "rates",
    "ratio_of_means": "ratio",
    "ratio_two_level": "fieller",
    "two_level": "crossed",
    "wilson": "proportion",
}

__all__ = [
    "Equivalence",
    "Interval",
    "Paired",
    "TwoLevel",
    "bootstrap",
    "bootstrap_mean",
    "equivalence",
    "holm",
    "mcnemar_exact",
    "mcnemar_midp",
    "mcnemar_power",
    "minimum_detectable_effect",
    "p_beyond",
    "paired_difference",
    "paired_score_interval",
    "paired_two_level",
    "permutation_test",
    "rate_interval",
    "ratio_at",
    "ratio_interval",
    "ratio_interval_at",
    "ratio_of_means",
    "ratio_two_level",
    "two_level",
    "wilson",
]


def __getattr__(name: str) -> Any:
    """Import a statistic when it is first asked for (PEP 562)."""
    if name not in _HOME:
        raise AttributeError(f"module 'llmx.stats' has no attribute '{name}'")
    return getattr(import_module(f"llmx.stats.{_HOME[name]}"), name)
