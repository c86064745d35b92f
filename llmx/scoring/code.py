"""Programs: the answer is code that has to pass its tests. Only a sandbox may run it."""

from __future__ import annotations

from typing import ClassVar

from llmx.core.errors import ConfigError, LlmxError
from llmx.core.record import Record, Sample, Score

_REFUSAL = ConfigError(
    "code that a model wrote is scored in a sandbox only, and llmx has none yet",
    "use a recipe that is scored without running code, e.g. recipe=fsd_csqa",
)


class CodeScorer:
    """Refuses: what a model writes is never run outside a sandbox."""

    kind: ClassVar[str] = "code"
    version: ClassVar[int] = 0
    refusal: ClassVar[LlmxError] = _REFUSAL

    def score(self, record: Record, sample: Sample) -> Score:
        """Raise.

        Raises:
            ConfigError: always.
        """
        raise _REFUSAL
