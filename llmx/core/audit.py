"""What an audit says of one arm, as data."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from llmx.core.record import Frozen


class Check(Frozen):
    """One thing that an audit looked at."""

    check: str
    level: Literal["fail", "warn"]
    passed: bool | None = Field(description="None = could not be checked")
    found: int = 0
    of: int = 0
    detail: str = ""


class AuditedPrompt(Frozen):
    """One prompt as it was really sent, beside what the model's chat template gives."""

    id: str
    token_ids: tuple[int, ...]
    tokens: tuple[str, ...] = Field(description="each token id, decoded alone")
    prompt: str
    template: str | None = Field(description="the template, rendered; None without a tokenizer")


class Audit(Frozen):
    """The content of an ``audit.json``."""

    passed: bool = Field(description="no check of level fail has failed")
    checks: tuple[Check, ...] = ()
    shown: tuple[AuditedPrompt, ...] = ()

    def failures(self) -> tuple[Check, ...]:
        """Return the checks that forbid a verdict."""
        return tuple(c for c in self.checks if c.level == "fail" and c.passed is False)
