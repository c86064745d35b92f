"""What a server has loaded is not looked through again: a full collection would hold its loop."""

import subprocess
import sys

CODE = (
    "import gc; from llmx.serve.memory import keep_what_is_loaded; before = gc.get_freeze_count();"
    " keep_what_is_loaded(); print(before, gc.get_freeze_count() > 1000)"
)


def test_what_is_loaded_is_left_out_of_later_collections() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True)
    assert done.stdout.split() == ["0", "True"], done.stderr
