"""Templates of strangers, rendered within limits of time and room.

A template is a program: it can loop without an end, or ask for a text of a terabyte in one step
that nothing in the same process can interrupt. So all but the plainest are rendered by a process
of their own (:mod:`llmx.core.templates.reader`), which knows no key and dies at its limits; this
is the side that asks it. It is started at the first such template and serves the whole process.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import jinja2
from jinja2 import TemplateError, TemplateSyntaxError

from llmx.core.templates.dialect import LONGEST, SECONDS, compiled, environment, is_plain

_ROOT = Path(__file__).parents[3]
_KEPT = ("PATH", "LANG", "LC_ALL", "TZ", "SYSTEMROOT")  # no key goes there
_KNOWN: dict[str, type[Exception]] = {
    **{kind.__name__: kind for kind in (ValueError, TypeError, KeyError, AttributeError)},
    **{kind.__name__: kind for kind in (ZeroDivisionError, IndexError, OverflowError)},
    **{
        name: getattr(jinja2.exceptions, name)
        for name in ("TemplateRuntimeError", "UndefinedError", "SecurityError")
    },
}


class TemplateLimit(TemplateError):
    """A template that takes more time or room than it may."""


def render_guarded(template: str, variables: Mapping[str, Any], strict: bool = False) -> str:
    """Return what a template makes of variables, which JSON can hold.

    Args:
        strict: as a question: a name that is not among the variables is an error, and no clock.

    Raises:
        TemplateLimit: if it passes a limit.
        Exception: what the template raises, by its own kind where that is known.
    """
    if is_plain(template):
        return compiled(template, strict).render(variables)
    return READER.render(template, variables, strict)


class Reader:
    """The process that renders; one at a time, so that its limits are those of one text."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self.seconds = seconds
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._owner = 0

    def render(self, template: str, variables: Mapping[str, Any], strict: bool = False) -> str:
        """Render there, and wait."""
        held = {"template": template, "variables": dict(variables), "strict": strict}
        asked = json.dumps(held)
        with self._lock:
            process = self._running()
            answer = self._answer(process, asked)
            if not answer:
                raise self._ended(process)
        found = json.loads(answer)
        if "text" in found:
            return str(found["text"])
        raise _error(found)

    def _running(self) -> subprocess.Popen[str]:
        alive = self._process is not None and self._process.poll() is None
        if self._process is None or not alive or self._owner != os.getpid():
            self._process, self._owner = _start(self.seconds), os.getpid()
        return self._process

    def _answer(self, process: subprocess.Popen[str], asked: str) -> str:
        try:
            _pipe(process.stdin).write(asked + "\n")
            _pipe(process.stdin).flush()
            return _pipe(process.stdout).readline(8 * LONGEST)
        except OSError:  # it has ended
            return ""

    def _ended(self, process: subprocess.Popen[str]) -> TemplateLimit:
        self._process = None
        process.kill()
        code = process.wait()
        if code == -signal.SIGPROF:
            return TemplateLimit(f"it takes more than {self.seconds:g} seconds")
        return TemplateLimit("it takes more memory than a template may")

    def close(self) -> None:
        """End the process."""
        if self._process is not None and self._owner == os.getpid():
            self._process.kill()
            self._process.wait()
            self._process = None


def _error(found: Mapping[str, Any]) -> Exception:
    if found["limit"]:
        return TemplateLimit(found["message"])
    if found["kind"] == "TemplateSyntaxError":
        return TemplateSyntaxError(found["message"], found["line"] or 1)
    return _KNOWN.get(found["kind"], TemplateError)(found["message"])


def _pipe(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None
    return pipe


def _start(seconds: float) -> subprocess.Popen[str]:
    # -P: the current folder may be a stranger's, and hold a json.py.
    command = [sys.executable, "-P", "-m", "llmx.core.templates.reader", str(seconds)]
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    path = os.pathsep.join([str(_ROOT), os.environ.get("PYTHONPATH", "")]).strip(os.pathsep)
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
        env={**kept, "PYTHONPATH": path},
        start_new_session=True,  # Ctrl-C reaches this process, which then ends that one
    )


READER = Reader()
atexit.register(READER.close)


class GuardedTemplate:
    """A template as transformers holds it."""

    def __init__(self, template: str) -> None:
        self.template = template
        self.environment = environment()

    def render(self, **variables: Any) -> str:
        """Return the text, rendered within the limits."""
        return render_guarded(self.template, variables)


def guard_transformers() -> None:
    """Let transformers render chat templates here, whoever asks it to.

    Raises:
        RuntimeError: if this version of it renders them in another way, without limits.
    """
    from transformers.utils import chat_template_utils

    if not hasattr(chat_template_utils, "_compile_jinja_template"):
        raise RuntimeError(
            "this version of transformers renders chat templates in a way of its own"
        )
    chat_template_utils._compile_jinja_template = GuardedTemplate
