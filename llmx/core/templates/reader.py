"""The process that renders templates: a request a line, an answer a line, as JSON.

It has no key in its environment, and ends at its limits: the kernel's, since one operation of
Python can take hours and all memory with nothing to interrupt it.
"""

from __future__ import annotations

import json
import resource
import signal
import sys
from contextlib import suppress
from typing import Any

from llmx.core.templates.dialect import LONGEST, MEMORY, compiled

_SAID = 300  # characters of an error


def main(seconds: float) -> None:
    """Answer until nobody asks any more; a text may take so many seconds of processor time."""
    _limit()
    for line in sys.stdin:
        answer = json.dumps(_answer(json.loads(line), seconds))
        sys.stdout.write(answer + "\n")
        sys.stdout.flush()


def _limit() -> None:
    with suppress(ValueError, OSError):  # a system that has lower ones, or none
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _answer(asked: dict[str, Any], seconds: float) -> dict[str, Any]:
    # The default of this signal ends the process, in the middle of whatever it does. It counts
    # processor time: a machine that was stopped for a while has not spent any.
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        text = compiled(asked["template"], asked["strict"]).render(asked["variables"])
        if len(text) > LONGEST:
            return _failed("", f"it makes more than {LONGEST:,} characters", limit=True)
        return {"text": text}
    except MemoryError:
        return _failed("", "it takes more memory than a template may", limit=True)
    except RecursionError:
        return _failed("", "it is nested too deep", limit=True)
    except Exception as error:  # templates raise what they like
        line = getattr(error, "lineno", None)
        return {**_failed(type(error).__name__, str(error)[:_SAID]), "line": line}
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _failed(kind: str, message: str, limit: bool = False) -> dict[str, Any]:
    return {"kind": kind, "message": message, "limit": limit}


if __name__ == "__main__":
    main(float(sys.argv[1]))
