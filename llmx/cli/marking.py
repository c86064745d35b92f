"""A console on which no text steers the terminal, whoever laid it out."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from llmx.core.names import marked


class MarkingConsole(Console):
    """Shows marks for characters that steer a terminal; rich's own colours and moves stay."""

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Yield the segments of a renderable, with marks in its texts."""
        for segment in super().render(renderable, options):
            if segment.control:
                yield segment
            else:
                yield Segment(marked(segment.text), segment.style)
