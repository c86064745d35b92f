"""Build the compiled forward: ``python -m llmx.engines.native``. Without a compiler, say so."""

from __future__ import annotations

import sys

from llmx.engines.native.build import trouble


def main() -> None:
    """Build, or print one line that says why not; never fail, for llmx runs without it."""
    why = trouble()
    if why:
        sys.stderr.write(f"llmx runs without its compiled forward: {why}\n")


if __name__ == "__main__":
    main()
