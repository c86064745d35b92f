"""What to type where a package is missing: a line for the interpreter that is running, to paste."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

_CHECKOUT = Path(__file__).parents[2]


def pip_install(*packages: str) -> str:
    """Return the command that installs packages where llmx runs, not where `pip` happens to."""
    return shlex.join([sys.executable, "-m", "pip", "install", *packages])


def with_extra(name: str) -> str:
    """Return the command that adds what one extra of llmx needs; of a checkout, the checkout's."""
    if (_CHECKOUT / "pyproject.toml").is_file():
        return pip_install("-e", f"{_CHECKOUT}[{name}]")
    return pip_install(f"llmx-lab[{name}]")
