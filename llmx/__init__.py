"""llmx: run a paper's experiment from one YAML file.

The command line and this module do the same: ``llmx run recipe=fsd_gsm8k scale=smoke`` is
``llmx.run("fsd_gsm8k", "scale=smoke")``. The calls are those of :mod:`llmx.api`, which is imported
when the first of them is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from llmx.api import budget, compare, load_run, plan, reproduce, run

__all__ = ["budget", "compare", "load_run", "plan", "reproduce", "run"]


def __getattr__(name: str) -> Any:
    """Import the library at the first call of it."""
    if name not in __all__:
        raise AttributeError(f"module 'llmx' has no attribute '{name}'")
    from llmx import api

    return getattr(api, name)


def __dir__() -> list[str]:
    """Return what a reader may use."""
    return sorted(__all__)
