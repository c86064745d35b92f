"""Intervals, paired tests and power, one definition of each.

Names are imported on first use: the plan needs :func:`minimum_detectable_effect` alone, and that
must not cost the import of numpy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from llmx.stats.bootstrap import bootstrap, bootstrap_mean
    from llmx.stats.interval import Interval
    from llmx.stats.mcnemar import mcnemar_exact, mcnemar_midp
    from llmx.stats.paired import Paired, paired_difference
    from llmx.stats.power import mcnemar_power, minimum_detectable_effect
    from llmx.stats.proportion import paired_score_interval, wilson
    from llmx.stats.rates import rate_interval, ratio_interval

_HOME = {
    "Interval": "interval",
    "Paired": "paired",
    "bootstrap": "bootstrap",
    "bootstrap_mean": "bootstrap",
    "mcnemar_exact": "mcnemar",
    "mcnemar_midp": "mcnemar",
    "mcnemar_power": "power",
    "minimum_detectable_effect": "power",
    "paired_difference": "paired",
    "paired_score_interval": "proportion",
    "rate_interval": "rates",
    "ratio_interval": "rates",
    "wilson": "proportion",
}

__all__ = [
    "Interval",
    "Paired",
    "bootstrap",
    "bootstrap_mean",
    "mcnemar_exact",
    "mcnemar_midp",
    "mcnemar_power",
    "minimum_detectable_effect",
    "paired_difference",
    "paired_score_interval",
    "rate_interval",
    "ratio_interval",
    "wilson",
]


def __getattr__(name: str) -> Any:
    """Import a statistic when it is first asked for (PEP 562)."""
    if name not in _HOME:
        raise AttributeError(f"module 'llmx.stats' has no attribute '{name}'")
    return getattr(import_module(f"llmx.stats.{_HOME[name]}"), name)
