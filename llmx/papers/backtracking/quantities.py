"""What claims on backtracks measure."""

from __future__ import annotations

from llmx.claims.quantity import Quantity
from llmx.report.figures import names

OPTIMUM = Quantity(
    "{figure} is the most accurate", unit="backtracks", figure=names.BEST, of_all=True
)
