"""``python ended.py KIND AT TOLD WORDS…``: the command, on a disk that ends it at its n-th call.

With 0 it only counts: the number of calls is written to the file TOLD at the end.
"""

import atexit
import sys
from pathlib import Path

from disk import Disk


def main(kind: str, at: str, told: str, *words: str) -> None:
    from llmx.cli.app import app

    disk = Disk(kind, int(at) or None)
    atexit.register(lambda: Path(told).write_text(str(disk.calls)))
    disk.install()
    app(words)


if __name__ == "__main__":
    main(*sys.argv[1:])
