"""``python other_user.py``: what another user of the machine can do with a store, and cannot.

Prints a line of JSON: what was tried → [status, what it said]. Only root can become another user.
"""

import json
import os
from pathlib import Path

from crash import WORDS, forked, prepare

NOBODY = 65534


def main() -> None:
    """Make stores under several masks, and go to them as another user."""
    prepare()
    shown: dict[str, tuple[int, str]] = {}

    def other(name: str, runs: str, *words: str) -> None:
        status, said, _ = forked(None, Path(runs), words, NOBODY)
        shown[name] = (status, said)

    for mask in (0o022, 0o077, 0):
        os.umask(mask)
        status, said, _ = forked(None, Path(f"runs-{mask:o}"))
        assert not status, said
    (name,) = (path.parent.name for path in Path("runs-22").glob("*/spec.json"))
    other("list", "runs-22", "runs")
    other("check", "runs-22", "runs", "check")
    other("report", "runs-22", "report", name)
    other("run", "runs-22", *WORDS)
    other("rm", "runs-22", "runs", "rm", name)
    other("private run", "runs-77", *WORDS)
    other("shared run", "runs-0", *WORDS)
    about = next(Path("runs-0/cache/decode").glob("*/stage.json"))
    about.chmod(0o600)
    other("unreadable", "runs-0", *WORDS)
    other("unreadable check", "runs-0", "runs", "check")
    shown["moved"] = (len(list(Path().rglob("*.damaged"))), "")
    Path("shown.json").write_text(json.dumps(shown))


if __name__ == "__main__":
    main()
