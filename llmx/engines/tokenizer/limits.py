"""What a chat template may take."""

SECONDS = 2.0
"""Of processor time for one text; the longest real ones take some milliseconds."""
LONGEST = 1 << 24
"""Characters of one text; a prompt of a million tokens has a quarter of that."""
MEMORY = 1 << 29
"""Bytes of address space of the process that renders."""
