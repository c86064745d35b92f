"""Characters that steer a terminal, shown as marks: `\\u001b` for an escape.

Texts of recipes, models, datasets and answers are a stranger's. Printed as they are, they could
change the title of the window, delete what stands there, or turn the order of the letters. So
whatever is shown goes through here: the terminal in :mod:`llmx.cli.console`, pages in
:mod:`llmx.store.page`. Data files keep what was received.
"""

from __future__ import annotations

import re

# Controls but for tab and line feed, separators of lines that are none, the marks that turn the
# order of letters (those that a right-to-left text needs are not among them), halves of characters.
_STEERING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
_SPACES = re.compile("[\t\n]")


def marked(text: str) -> str:
    """Return a text in which nothing steers a terminal; tabs and line feeds stay.

    A JSON document says the same afterwards: the marks are its own.
    """
    return _STEERING.sub(_mark, text)


def on_one_line(text: str) -> str:
    """Return a text without any line feed or tab, for a message that is one line."""
    return marked(_SPACES.sub(_mark, text))


def _mark(found: re.Match[str]) -> str:
    return f"\\u{ord(found.group()):04x}"
