"""What the server counts, for Prometheus."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)


class Metrics:
    """One registry a server, so that two in a process do not mix."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        own = self.registry
        self.ttft = Histogram(
            "llmx_ttft_seconds", "Request to first token shown", buckets=_SECONDS, registry=own
        )
        self.gap = Histogram(
            "llmx_piece_gap_seconds", "Between two pieces shown", buckets=_SECONDS, registry=own
        )
        self.total = Histogram(
            "llmx_answer_seconds", "Request to end of answer", buckets=_SECONDS, registry=own
        )
        self.tokens = Counter("llmx_tokens", "Tokens of the answers shown", registry=own)
        self.requests = Counter("llmx_requests", "Requests by outcome", ["outcome"], registry=own)
        self.open = Gauge("llmx_open_requests", "Answers under way", registry=own)
        self.connections = Gauge("llmx_connections", "Open connections", registry=own)
        self.half_open = Gauge(
            "llmx_half_open_connections", "Those without a whole request", registry=own
        )
        self.ended = Counter(
            "llmx_connections_ended", "Those that the server ended", ["reason"], registry=own
        )

    def page(self) -> bytes:
        """Return the text that Prometheus reads."""
        return generate_latest(self.registry)

    async def timed(
        self, pieces: AsyncIterator[str], tokens: Callable[[], int]
    ) -> AsyncIterator[str]:
        """Pass the pieces on, observe their times and count their tokens.

        Args:
            tokens: of the answer so far; a piece may hold several, and some show no text.
        """
        began = last = time.perf_counter()
        first, counted = True, 0
        async for piece in pieces:
            now = time.perf_counter()
            (self.ttft if first else self.gap).observe(now - last)
            first, last = False, now
            counted = self._count(tokens(), counted)
            yield piece
        self._count(tokens(), counted)
        self.total.observe(time.perf_counter() - began)

    def _count(self, now: int, before: int) -> int:
        self.tokens.inc(now - before)
        return now
